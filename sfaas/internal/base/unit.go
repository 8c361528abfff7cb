// SPDX-License-Identifier: Apache-2.0

package base

import "fmt"

// Unit names what has one owner and moves as a whole: the instances of one part
// of a graph under one root. A part is what stays connected over edges that are
// not cut; a root is the first level of a key, such as a cell.
//
// The zero key is a root of its own. In a part with buckets the root is a bucket
// of roots, a key of [KindBucket]; in the part of a topic it is the whole key of
// a channel.
type Unit struct {
	Part string // name of the part: that of its first function
	Root Key    // first level of the keys of its instances
}

// String returns a form such as "decode/cell7".
func (u Unit) String() string { return u.Part + "/" + u.Root.String() }

// Route says who owns a unit. Of two routes of a unit the one of the higher
// epoch holds; of equal epochs that of the higher node.
type Route struct {
	Unit  Unit   // what is owned
	Owner NodeID // by which runtime
	Epoch uint32 // 0: by default
}

// After reports whether the route replaces another one of the same unit.
func (r Route) After(o Route) bool { return Newer(r.Epoch, r.Owner, o.Epoch, o.Owner) }

// Newer is [Route.After] for the parts of two routes.
func Newer(epoch uint32, owner NodeID, oldEpoch uint32, oldOwner NodeID) bool {
	return epoch > oldEpoch || (epoch == oldEpoch && owner > oldOwner)
}

// AllNodes stands for all runtimes that are linked, where a [NodeID] says to
// whom something goes.
const AllNodes NodeID = 1<<16 - 1

// MoveMode says what becomes of the Volatile cells of a unit that moves.
// Everything else always goes along.
type MoveMode uint8

const (
	// Kept copies them.
	Kept MoveMode = iota
	// Soft drops them: the unit starts from its last settings, as after a radio
	// impairment.
	Soft
	// Fed rebuilds them: for some slots before the fence both owners get every
	// message, and only the old one publishes. It is for soft units.
	Fed
)

// String returns the lower-case name of the mode.
func (m MoveMode) String() string {
	if m > Fed {
		return fmt.Sprintf("mode %d", uint8(m))
	}
	return [...]string{"kept", "soft", "fed"}[m]
}
