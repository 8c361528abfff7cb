// SPDX-License-Identifier: Apache-2.0

package world

import (
	"fmt"
	"slices"
)

// Plant is a bug that can be planted into the machine, to see how soon the oracles
// find it.
type Plant struct {
	Name string // for Config.Plant
	What string // what the machine does wrongly
}

// plants is the table of bugs.
func plants() []Plant { return nil }

// Plants lists the bugs that [Config.Plant] may name.
func Plants() []Plant { return plants() }

// checkPlant returns an error for a bug that is not in the table.
func checkPlant(name string) error {
	if name == "" || slices.ContainsFunc(plants(), func(p Plant) bool { return p.Name == name }) {
		return nil
	}
	return fmt.Errorf("world: no bug %q can be planted", name)
}
