// SPDX-License-Identifier: Apache-2.0

package sfaas

import (
	"context"
	"errors"
	"fmt"
	"io"
)

// A snapshot is
//
//	magic "NRSNAP" | version, one byte | 0
//	records: kind, one byte | length, uint32 | content
//	end: kind 0 | length 8 | xxhash of everything before this record
//
// The first record, the index, names all functions, edges and outlets of the
// graph; later ones refer to them by number. So a snapshot outlives a graph in
// which functions and edges have been added or have changed their places.
// Fixed-size numbers are little-endian, others of variable length. Moments are
// relative to the cut.
const (
	snapshotMagic   = "NRSNAP"
	snapshotVersion = 2
	snapshotLimit   = 1 << 34 // largest snapshot that is read, in bytes

	recordEnd      = 0
	recordIndex    = 1
	recordCounters = 2 // tokens, batches
	recordRoute    = 3 // epoch of one (function, key group)
	recordInstance = 4
	recordSource   = 5  // numbers of the messages of one source and key
	recordWaiting  = 6  // data that waits for its grant
	recordControl  = 7  // control that waits for data of its slot
	recordHalf     = 8  // inputs that wait for a partner to join
	recordSpread   = 9  // the same, of an input that goes to every key below its own
	recordDelayed  = 10 // a message that waits for its time
	recordCall     = 11 // a call without a reply
	recordNumber   = 12 // the highest number of keys that have been forgotten
)

// Snapshot writes the whole state of the runtime: cells, watermarks, epochs,
// the numbers of the sources, and every message that waits for a grant, for a
// partner or for its time, calls that handlers have made included. It is a
// consistent cut: sources are refused with [ErrBusy] meanwhile, what has been
// pushed is processed and committed first, and then all workers stand still
// between two invocations while their state is copied; w is written to after
// that. A push that was accepted before the cut is part of it, as
// [Input.Position] tells after a [Runtime.Restore]; so a source can continue
// behind it, and ExactlyOnce edges keep their promise.
//
// Runtimes that are linked are cut together, and a snapshot of any of them has
// the state of all: it is restored to one runtime.
//
// Not part of a snapshot are calls of host code, whose caller goes with the
// process, and resources. A message that waits and has a field without an
// encoding is a [*PayloadError]. Messages that wait at a function with Sealed
// cells are sealed as these are. Snapshot refuses graphs with Sealed cells
// unless [WithSealer] was given: the random key of a process could not open
// them again.
func (r *Runtime) Snapshot(ctx context.Context, w io.Writer) error {
	if r.set.ownSealer && r.app.sealed() {
		return errors.New("sfaas: snapshot: sealed cells need WithSealer")
	}
	all := r.linked()
	if !pause(all) {
		return fmt.Errorf("sfaas: snapshot: %w", ErrBusy)
	}
	defer unpause(all)
	resume, err := settle(ctx, all)
	if err != nil {
		return fmt.Errorf("sfaas: snapshot: %w", err)
	}
	var cores []*Core
	now := r.set.clock()
	for _, x := range all {
		for _, k := range x.cores.List {
			k.now = now
			cores = append(cores, k)
		}
	}
	data, err := appendSnapshot(make([]byte, 0, r.cut+r.cut/8), cores)
	resume()
	r.cut = len(data)
	if err == nil {
		_, err = w.Write(data)
	}
	if err != nil {
		return fmt.Errorf("sfaas: snapshot: %w", err)
	}
	return nil
}

// WriteSnapshot writes what cores hold, for a shell of one's own. They are all
// the cores of one runtime, or of several that are linked; each is
// [Core.Settled], nothing is on its way between them, and none steps meanwhile.
func WriteSnapshot(w io.Writer, cores ...*Core) error {
	data, err := appendSnapshot(nil, cores)
	if err == nil {
		_, err = w.Write(data)
	}
	if err != nil {
		return fmt.Errorf("sfaas: snapshot: %w", err)
	}
	return nil
}

// Settled reports whether everything that reached the core has been processed,
// committed and acknowledged, and no move is under way: what is left waits for
// something else. A snapshot needs it.
func (k *Core) Settled() bool {
	if k.Ready() || k.cur.active || len(k.commits)+len(k.transfer)+len(k.markers) > 0 {
		return false
	}
	for _, p := range k.peers {
		if p.unread.len()+len(p.early) > 0 {
			return false
		}
	}
	for _, o := range k.owned {
		for g := range o.routes {
			if o.routes[g].move != nil {
				return false
			}
		}
	}
	return true
}

// sealed reports whether the app has Sealed cells.
func (a *App) sealed() bool {
	for _, n := range a.nodes {
		if n.fn.sealed() {
			return true
		}
	}
	return false
}

// sealed reports whether the function has Sealed cells.
func (f *function) sealed() bool {
	for _, c := range f.cells {
		if c.class == Sealed {
			return true
		}
	}
	return false
}
