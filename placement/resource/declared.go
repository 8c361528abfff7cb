// SPDX-License-Identifier: Apache-2.0

package resource

import "slices"

// Declared is a driver of what a person knows and no file says: the speed of a link, the
// power of the node, an accelerator without a driver of its own. A declared link or
// accelerator takes the place of the one of the same name or ID.
type Declared struct {
	Links        []Link        // by name
	Accelerators []Accelerator // by ID
	Power        *PowerModel   // nil: as it was
}

// Name implements [Driver].
func (Declared) Name() string { return "declared" }

// Discover implements [Driver].
func (d Declared) Discover(_ Host, v *Inventory) {
	for _, l := range d.Links {
		v.Links = append(slices.DeleteFunc(v.Links, func(x Link) bool { return x.Name == l.Name }), l)
		v.found("net " + l.Name)
		v.found("net")
	}
	for _, a := range d.Accelerators {
		v.Accelerators = append(slices.DeleteFunc(v.Accelerators, func(x Accelerator) bool { return x.ID == a.ID }), a)
	}
	if d.Power != nil {
		v.Power = *d.Power
		v.found("power model")
	}
}
