// SPDX-License-Identifier: Apache-2.0

package sfaas

import (
	"context"
	"fmt"
	"io"
)

// Restore reads a snapshot into a runtime that has not processed anything yet;
// another one is refused with ErrNotEmpty. Messages that waited wait again, and
// delayed ones leave after what was left of their delay. The runtime owns all
// key groups, under the epoch after that of the snapshot.
//
// The number of workers may differ from the one that wrote it, functions and
// edges may have been added, and functions may have cells of a newer version.
// Functions whose state would be lost, and messages whose type has changed, are
// an error. Everything is read, bounded and checked before anything is changed;
// errors about the bytes wrap ErrSnapshot.
//
// State goes back to the cut. A counter that must never repeat, such as the
// COUNT of a cipher in a Sealed cell, needs an engine that keeps every commit,
// or a new key after a restore.
func (r *Runtime) Restore(ctx context.Context, src io.Reader) error {
	self := []*Runtime{r}
	if !pause(self) {
		return fmt.Errorf("sfaas: restore: %w", ErrBusy)
	}
	defer unpause(self)
	resume, err := settle(ctx, self)
	if err != nil {
		return fmt.Errorf("sfaas: restore: %w", err)
	}
	defer resume()
	return restore(r.cores.List, src, r.set.clock(), func(core int, eff []Effect) {
		w := r.workers[core] // it stands still and sees this when it goes on
		w.effects = append(w.effects[:0], eff...)
		w.carryOut()
	})
}

// Restore is [Runtime.Restore] for a shell of one's own, before the first step
// of any core. It calls do with what each core wants to be done; a core that is
// [Core.Ready] afterwards goes on with an EventRun.
func (c *Cores) Restore(src io.Reader, now Time, do func(core int, eff []Effect)) error {
	return restore(c.List, src, now, do)
}

func restore(cores []*Core, src io.Reader, now Time, do func(core int, eff []Effect)) error {
	data, err := io.ReadAll(io.LimitReader(src, snapshotLimit))
	if err != nil {
		return fmt.Errorf("sfaas: restore: %w", err)
	}
	parts := make([]*snapshot, len(cores))
	for i, k := range cores {
		if err := k.fresh(); err != nil {
			return fmt.Errorf("sfaas: restore: %w", err)
		}
		if i > 0 && len(parts[0].spread) == 0 {
			parts[i] = parts[0]
		} else if parts[i], err = parseSnapshot(k.app, k.set, data, now); err != nil {
			return err // only the first time: cores get memory of their own for inputs that all of them keep
		}
	}
	for i, k := range cores {
		do(i, k.restore(parts[i], now, nil))
	}
	return nil
}

// snapshot is a snapshot that has been read and checked.
type snapshot struct {
	tokens  uint64
	batches uint64
	routes  []restoredRoute
	insts   []restoredInstance
	sources []restoredSource
	numbers []restoredNumber // by outlet
	sent    []restoredNumber // by node
	waiting []restoredInputs
	control []restoredInputs
	halves  []restoredInputs
	spread  []restoredInputs
	delayed []restoredTimer
	calls   []restoredTimer
}

type restoredRoute struct {
	node  *node
	group uint8
	epoch uint32
}

type restoredNumber struct {
	at     int
	number uint64
}

type restoredInstance struct {
	node *node
	key  Key
	inst *instance
}

type restoredSource struct {
	outlet *outlet
	key    Key
	seq    sequence
}

// restoredInputs are messages that wait at one instance.
type restoredInputs struct {
	half // key and inputs only, unless a partner is missing
	node *node
}

// restoredTimer is a delayed message, or a call if msg is nil.
type restoredTimer struct {
	node  *node
	key   Key
	token Token
	at    Time
	slot  Slot
	conn  *conn // of the message, or the port of the reply
	to    Key
	msg   *Message
}

// fresh returns nil if a snapshot can be restored into the core.
func (k *Core) fresh() error {
	if len(k.order) > 0 || k.Ready() || len(k.timers.items) > 0 {
		return ErrNotEmpty
	}
	if k.standsBy() {
		return ErrNotOwner
	}
	return nil
}
