// SPDX-License-Identifier: Apache-2.0

package placement

import "github.com/neuroran/neuroran/sfaas"

// EventKind says what has happened on the failure path of a deployment.
type EventKind uint8

const (
	// Suspected says that a node for which this one stands by is silent.
	Suspected EventKind = iota
	// Cleared says that a suspected node has answered: nothing has changed.
	Cleared
	// Died says that the process of a node has ended, as the kernel knows.
	Died
	// Claimed says that this node has taken a unit over from an owner that is lost.
	Claimed
	// Doubted says that this process has not run for a while, and publishes nothing of units
	// that others stand by for until they have said that they have not claimed them.
	Doubted
	// Settled says that this doubt is over.
	Settled
)

// String returns one word.
func (k EventKind) String() string {
	if k > Settled {
		return "unknown"
	}
	return [...]string{"suspected", "cleared", "died", "claimed", "doubted", "settled"}[k]
}

// Event is one thing that has happened on the failure path.
type Event struct {
	Kind  EventKind
	At    sfaas.Time
	Since sfaas.Time   // of Suspected: the last sign of life; of Died: the first one of death
	Node  sfaas.NodeID // that is suspected, lives, or has died; from which was claimed; 0 for none
	Unit  sfaas.Unit   // that was claimed
	Epoch uint32       // under which
}
