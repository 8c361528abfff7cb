// SPDX-License-Identifier: Apache-2.0

package core

import (
	"errors"
	"time"

	"github.com/neuroran/neuroran/sfaas/internal/base"
)

// What the target does of a hand-over, see hand.go.

// importPatience is for how long an engine may refuse rows of an import.
const importPatience = time.Second

// taking is an import that is under way, at the lead of the target.
//
// Invariants: as long as taking is set no core has a share of the unit, and nothing
// serves it; its end, complete or refused, is the answer that the old owner gets.
type taking struct {
	move    *Move
	img     *Image
	halves  []*half
	rows    uint64    // inputs and kept messages that have a row
	seq     uint64    // of its last record
	next    int       // piece of the image
	refused base.Time // since when the engine takes no rows, 0 for not
}

// beginImport is step 4, at the lead.
func (k *Core) beginImport(u *unit, m *Move, img *Image) {
	t := &taking{move: m, img: img, halves: img.halves()}
	u.busy().taking = t
	// The first record clears what an earlier ownership has left and says that rows are
	// coming: a recovery that finds this mark takes no unit of them.
	h := Hand{State: HandComing, Node: m.From, Epoch: m.Epoch}
	k.importRows(u, t, k.rec.Fence(k.rec.Hand(k.rec.Clear(nil), h), img.Fence))
}

// importRows commits the next rows of an image behind some that are there already, one
// record after the other, and then that it is complete. The rows are made for the image
// as it will be taken, before any core has its share.
func (k *Core) importRows(u *unit, t *taking, writes []Write) {
	// Records are bounded, so that a unit of gigabytes does not become one write; between
	// them the engine answers, and other units go on.
	rows := imageRows{k: k, to: &writes, next: t.row}
	size := 0
	for done := 0; size < k.set.ImportBytes && t.piece(&rows); {
		for ; done < len(writes); done++ {
			size += len(writes[done].Key) + len(writes[done].Value)
		}
	}
	t.seq++
	k.commitHand(u, t.move.Epoch, coreOfImport, t.seq, writes, func(err error) bool {
		switch {
		case u.more.taking != t:
		// Durable, and there is more.
		case err == nil && t.next < t.pieces():
			t.refused = 0
			k.importRows(u, t, nil)
		case err == nil:
			k.completeImport(u, t)
		case errors.Is(err, base.ErrStaleEpoch):
			k.refuseImport(u, t, base.ErrStaleEpoch)
		// An engine that refuses is asked again, for a while. Until the last record
		// nothing counts, so that giving up is still possible.
		case t.refused == 0:
			t.refused = k.now
			return false
		case k.now.Sub(t.refused) < importPatience:
			return false
		default: // what of it may be durable is half an import
			k.refuseImport(u, t, err)
		}
		return true
	})
}

// completeImport commits that an import is complete: from then on it counts. If the
// outcome of an offer is not known, nobody may say no, so it is offered until it is.
func (k *Core) completeImport(u *unit, t *taking) {
	t.seq++
	k.commitHand(u, t.move.Epoch, coreOfImport, t.seq, k.rec.NoHand(nil), func(err error) bool {
		switch {
		case u.more.taking != t:
		case err == nil:
			u.more.taking = nil
			// From this record on the unit is here, whatever happens: cores take their
			// shares, and the old owner hears of it.
			t.img.recorded = true
			k.takeImage(u, t.move, t.img)
			k.keptPromise(u)
			k.outcome(u, t.move, nil)
		case errors.Is(err, base.ErrStaleEpoch):
			k.refuseImport(u, t, base.ErrStaleEpoch)
		default:
			return false
		}
		return true
	})
}

// refuseImport ends an import of which not all rows could be written. The image does not
// come again.
func (k *Core) refuseImport(u *unit, t *taking, err error) {
	u.more.taking = nil
	// Half an import may be on the disk. The unit of that epoch will never be taken here,
	// so that no later life mistakes it for one.
	u.promised = max(u.promised, t.move.Epoch)
	k.outcome(u, t.move, err)
}

// inquired is steps 6 and 7: the old owner asks whether the unit has come. While an
// import is under way, its end is the answer.
func (k *Core) inquired(u *unit, m *Move) {
	switch {
	case u.more != nil && u.more.taking != nil && u.more.taking.move.Epoch == m.Epoch:
	// It has come, or was owned under an even newer epoch since: yes.
	case k.tookFed(u, m): // its fence is to stand before anybody hears of the route
		k.outcome(u, m, nil)
	// The route comes first: of a soft unit somebody else may be the owner under that very
	// epoch, or nobody, and the answer alone would name this runtime.
	case u.epoch >= m.Epoch:
		k.effect(Effect{Kind: EffectSignal, To: Endpoint{m.From, allCores}, Signal: &Signal{Kind: signalRoute, Route: u.route()}})
		k.outcome(u, m, nil)
	case k.set.Bugs.noPromise:
		k.outcome(u, m, base.ErrUnlinked)
	// Without records the promise is for this life: nothing that is sent to it comes to
	// another one.
	case !m.Recorded || !k.keeps:
		u.promised = max(u.promised, m.Epoch)
		k.outcome(u, m, base.ErrUnlinked)
	default:
		k.promiseNever(u, m)
	}
}

// promiseNever is step 7.
func (k *Core) promiseNever(u *unit, m *Move) {
	u.promised = max(u.promised, m.Epoch)
	w := k.changes(k.local)
	w.writes = k.rec.Promise(w.writes, m.Unit, u.promised)
	b := k.bareBatch(k.local, nil, nil)
	// The no leaves when it is durable: a no that is forgotten in a crash could be
	// followed by a yes.
	b.then = func() { k.outcome(u, m, base.ErrUnlinked) }
	k.commit(b, item{})
}

// keptPromise forgets a promise that news of a route have made needless.
func (k *Core) keptPromise(u *unit) {
	if u.promised == 0 || u.epoch <= u.promised {
		return
	}
	if u.promised = 0; k.keeps {
		w := k.changes(k.local)
		w.writes = k.rec.NoPromise(w.writes, u.Unit())
	}
}

// outcome tells the old owner what became of a move.
func (k *Core) outcome(u *unit, m *Move, err error) {
	k.toNode(u, m.From, &Signal{Kind: signalOutcome, Move: m, Err: err})
}
