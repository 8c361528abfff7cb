// SPDX-License-Identifier: Apache-2.0

package core

import (
	"fmt"

	"github.com/neuroran/neuroran/sfaas/internal/base"
)

// State in bytes, a snapshot or one unit that moves, is
//
//	magic "NRSNAP" | version, one byte | 0
//	records: kind, one byte | length, uint32 | content
//	end: kind 0 | length 8 | xxhash of everything before this record
//
// The first record, the index, names all functions, edges and outlets of the
// graph, and the moment of the cut; later ones refer to the names by number. So state outlives a graph in
// which functions and edges have been added or have changed their places. A
// unit begins with a record of its name; what follows belongs to it, up to the
// next unit. Fixed-size numbers are little-endian, others of variable length.
// Moments are relative to the cut, but for those of the program in cells and
// messages: who reads them moves them from the clock of the cut to its own.
const (
	snapshotMagic   = "NRSNAP"
	snapshotVersion = 3
	snapshotLimit   = 1 << 34 // largest snapshot that is read, in bytes

	recordEnd      = 0
	recordIndex    = 1
	recordCounters = 2 // tokens, batches
	recordUnit     = 3 // name, epoch and fence of a unit

	// of a unit
	recordInstance = 4
	recordWaiting  = 5  // data that waits for its grant
	recordControl  = 6  // control that waits for data of its slot
	recordSetting  = 7  // the last setting of a port
	recordHalf     = 8  // inputs that wait for a partner to join
	recordSpread   = 9  // the same, of an input that goes to every key below its own
	recordDelayed  = 10 // a message that waits for its time
	recordCall     = 11 // a call without a reply
	recordLine     = 12 // a message that waits in a line
	recordKept     = 13 // a message that another unit has not acknowledged
	recordPushed   = 14 // one that a source has pushed for the unit, at another runtime

	recordSource = 15 // numbers of the messages of one source and key
	recordNumber = 16 // the highest number of keys that have been forgotten
)

// AppendSnapshot appends what cores hold at a moment. They are all the cores of
// one runtime, or of several that are linked; each is [Core.Still], nothing is on
// its way between them, and none steps meanwhile.
func AppendSnapshot(dst []byte, now base.Time, cores []*Core) ([]byte, error) {
	for _, k := range cores {
		k.now = now // what is left of delays counts from here
	}
	return appendSnapshot(dst, cores)
}

// Outstanding tells in words what keeps the core from being [Core.Settled], for
// errors; "" if nothing does.
func (k *Core) Outstanding() string {
	switch {
	case k.Ready() || k.cur.active:
		return fmt.Sprintf("core %v: work is ready", k.self)
	case k.offered > 0:
		return fmt.Sprintf("core %v: %d commits are not answered", k.self, k.offered)
	}
	for _, u := range k.sortedUnits() {
		switch {
		case u.phase == unitLeft || u.phase == unitStopping:
			return fmt.Sprintf("core %v: unit %v is moving (phase %d)", k.self, u.Unit(), u.phase)
		case u.inMove():
			return fmt.Sprintf("core %v: the move of unit %v has not ended", k.self, u.Unit())
		case u.more != nil && u.more.out.first != nil && k.out.underWay() > 0:
			x := u.more.out.first
			return fmt.Sprintf("core %v: %s[%v] of node %d (epoch %d, phase %d) has not acknowledged %+v", k.self, x.edge.Name, x.key, u.owner, u.epoch, u.phase, *x.stamp)
		}
	}
	return ""
}

// Settled reports whether everything that reached the core has been processed,
// committed and acknowledged, and no move is under way: what is left waits for
// something else, a move that feeds both owners for slots to come.
func (k *Core) Settled() bool {
	if k.Ready() || k.cur.active || k.offered+len(k.stopping)+k.out.underWay() > 0 {
		return false
	}
	for _, u := range k.inMotion() {
		if u.phase == unitLeft || u.phase == unitStopping || (u.inMove() && u.feeding() == nil) {
			return false
		}
	}
	return true
}
