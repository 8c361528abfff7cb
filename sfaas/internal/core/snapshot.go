// SPDX-License-Identifier: Apache-2.0

package core

import (
	"fmt"
	"io"

	"github.com/neuroran/neuroran/sfaas/internal/base"
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

// AppendSnapshot appends what cores hold at a moment; see [WriteSnapshot].
func AppendSnapshot(dst []byte, now base.Time, cores []*Core) ([]byte, error) {
	for _, k := range cores {
		k.now = now
	}
	return appendSnapshot(dst, cores)
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
