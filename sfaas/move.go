// SPDX-License-Identifier: Apache-2.0

package sfaas

import (
	"context"

	"github.com/neuroran/neuroran/sfaas/internal/live"
)

// Link lets two runtimes of one process exchange messages and key groups. They
// run graphs of equal digest, on equally many workers, under different
// numbers.
func Link(a, b *Runtime) error { return live.Link(a.rt, b.rt) }

// Move brings one key group of one function, the group of key, from one linked
// runtime to another while messages flow: it stops at a slot boundary, hands
// over cells and waiting messages, and forwards what still arrives at the old
// place. Nothing is lost or repeated and the order of each key is kept. Moves
// of one group follow each other; those of different groups may overlap.
//
// The resources of the function are opened at the target before the move
// begins, and closed at the source when it owns no group of the function any
// more. If one cannot be opened, the group stays where it is.
//
// Move returns ErrNotOwner if from does not own the group, and ErrDigest if
// the functions were constructed differently; the group then stays where it
// is.
func Move(ctx context.Context, from, to *Runtime, f Function, key Key) (MoveReport, error) {
	return live.Move(ctx, from.rt, to.rt, f.Name(), f.Digest(), key)
}
