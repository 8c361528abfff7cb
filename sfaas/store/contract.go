// SPDX-License-Identifier: Apache-2.0

package store

import "github.com/neuroran/neuroran/sfaas"

// Record is what one step of a unit has changed: it is committed whole or not at all.
type Record struct {
	Unit   sfaas.Unit // part and root; the zero Unit is the node itself
	Epoch  uint32     // under which the node owns the unit
	Core   int        // core at that epoch
	Seq    uint64     // rises by one with every record of unit, epoch and core
	Writes []Write
}

// Write sets a key, or deletes it.
type Write struct {
	Key, Value []byte
	Delete     bool
}
