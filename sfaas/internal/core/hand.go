// SPDX-License-Identifier: Apache-2.0

package core

import (
	"errors"

	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/plan"
)

// A kept unit whose records are kept is handed over from one engine to another one,
// which no single record can do. Let e be the epoch of the old owner a; the target b
// will own the unit under e+1. Steps 1 to 3 of [Move] become these:
//
//  1. a stops the unit. What sources have pushed there and what waits in lines becomes
//     an input of the unit, so that the records have all that the image has, and how far
//     these sources have come becomes a record of a itself: they stay.
//  2. a commits the intent, "b, under e+1", and serves the unit no more, neither now
//     nor in a later life, until b has said no.
//  3. a exports the image and sends it to b.
//  4. b writes rows of the image, in as many records as it takes, of which the first
//     says that the unit is coming, and a last one that deletes that: half an import is
//     none. When the last one is durable b owns the unit, serves it, tells everybody,
//     and answers yes. If its engine takes no rows, b answers no.
//  5. After yes a commits the tombstone: nothing of the unit but where it went. After no
//     it commits that it goes on, under e+2, and serves the unit again.
//
// A connection that breaks, and a life of a that ends, leave a with an intent and
// without an answer. It waits, and asks b each time that the two are linked again:
//
//  6. b has imported the unit under e+1 if it knows an owner under e+1 or later: such
//     owners come from that import alone. It answers yes, also when it has moved the
//     unit on. So the newest route of a unit is all the history that b needs.
//  7. Else b commits the promise never to import the unit under e+1, and then answers
//     no. An image of e+1 that comes after that, on another way or to a later life of
//     b, is refused. The promise is needed until b hears of a newer route.
//
// What holds at any time:
//
//   - Of each epoch there is one owner at most: e+1 is b's, e+2 is a's.
//   - If a serves the unit under e+2, b will never import e+1 (7). If b serves it under
//     e+1, a does not serve it (2) and will hear yes (6).
//   - Either a's rows or b's are whole and name the owner, or a's are whole and b's are;
//     then a waits. So no crash loses the unit, and a crash of either costs waiting alone.
//   - A message for the unit has a keeper: its sender, until the unit has committed it,
//     or the unit itself, as an input.
//
// The unit is not served from step 2 until b has answered: as long as b is down.

// Hand is the row of a unit that is not simply owned here.
type Hand struct {
	State HandState
	Node  base.NodeID // the other runtime
	Epoch uint32      // under which the unit is, or will be, owned by whoever gets it
	Move  uint64      // name of the move, of HandLeaving
}

// HandState says what a [Hand] is.
type HandState uint8

const (
	HandLeaving HandState = 1 + iota // intent: Node may own it, or may get to
	HandComing                       // an import from Node that is not complete
	HandGone                         // tombstone: Node owns it, or has moved it on
)

// Cores that the records of a hand-over are said to come from: their numbers follow
// from the epoch alone, so that a later life can go on with them. A runtime has fewer
// than [base.Groups] cores.
const (
	coreOfImport = base.Groups + 1 // what makes a runtime the owner under the epoch: 1, 2, …
	coreOfLeave  = base.Groups + 2 // 1: the intent, 2: the tombstone
)

// sealing is how far a core is with step 1.
type sealing struct {
	stage     sealStage
	positions []Write
}

type sealStage uint8

const (
	sealBegins    sealStage = iota
	sealInputs              // inputs are on their way to the engine
	sealPositions           // so is how far sources have come
	sealed
)

// seal is step 1, at each core, once the unit is quiet. It reports whether it has ended:
// after a false the unit may not be quiet any more, and is to be looked at again.
func (k *Core) seal(u *unit) bool {
	m := u.busy()
	if m.seal.stage == sealBegins {
		for i := range m.waits.len() {
			k.sealItem(m.waits.at(i))
		}
		m.seal = sealing{sealInputs, k.positionsFor(u)} // now: what is pushed from here on is no input
		if k.flush(u); !k.quiet(u) {
			return false
		}
	}
	if m.seal.stage == sealInputs {
		if len(m.seal.positions) == 0 {
			m.seal.stage = sealed
			return true
		}
		w := k.changes(k.local)
		w.writes = append(w.writes, m.seal.positions...)
		m.seal = sealing{stage: sealPositions}
		b := k.bareBatch(k.local, nil, nil)
		b.then = func() { m.seal.stage = max(m.seal.stage, sealed) }
		k.commit(b, item{})
	}
	return m.seal.stage == sealed
}

// sealItem makes inputs of what sources have pushed of an item.
func (k *Core) sealItem(w *waitItem) {
	if w.rest == nil {
		k.sealInput(w.edge, w.msg, w.ks, w.stamp)
		return
	}
	for i, m := range w.rest.msgs {
		if m != nil {
			k.sealInput(w.rest.edges[i], m, w.ks, w.rest.stamps[i])
		}
	}
}

func (k *Core) sealInput(e *plan.Edge, m *Message, ks *keyState, s *Stamp) {
	if s != nil && s.kind == stampPushed {
		k.recordAside(e, m, ks, s)
	}
}

// positionsFor returns the rows that say how far sources of this core have come with a
// unit.
func (k *Core) positionsFor(u *unit) (w []Write) {
	for _, ks := range k.keysOf(u) {
		for id, q := range ks.seqs {
			if q.id == 0 {
				continue
			}
			for _, e := range k.app.Outlets[id].Edges {
				if k.promises(e) && e.Node.Part == u.Part {
					w = k.rec.Position(w, e, ks.key, SourceState{ID: q.id, Slot: q.slot, Seq: q.seq})
				}
			}
		}
	}
	return w
}

// keysOf returns the keys of a unit. A unit only counts its own: of all units together
// they are looked up once, and again when that count, or some key, is not what it was.
func (k *Core) keysOf(u *unit) []*keyState {
	if list := k.keysBy[u]; list != nil && len(list) == u.uses {
		return list
	}
	k.keysBy = make(map[*unit][]*keyState, len(k.units))
	for _, ks := range k.order {
		if ks.unit != nil {
			k.keysBy[ks.unit] = append(k.keysBy[ks.unit], ks)
		}
		for _, x := range ks.others {
			if x != nil {
				k.keysBy[x] = append(k.keysBy[x], ks)
			}
		}
	}
	return k.keysBy[u]
}

// latePushes takes out of what waits for a unit what sources have pushed since it was
// sealed: it is no input of the unit, and waits here until the outcome is known.
func (k *Core) latePushes(u *unit) (late []waitItem) {
	if !k.recordsOf(u.Part) {
		return nil
	}
	waits := &u.busy().waits
	for range waits.len() {
		w := waits.pop()
		if s := w.stamp; w.rest == nil && s != nil && s.kind == stampPushed && s.row.N == 0 && !s.done {
			late = append(late, w)
		} else {
			waits.push(w)
		}
	}
	return late
}

// exportShare is a core's part of step 3. One that has lost the unit meanwhile has none: the lead
// hears of that owner too.
func (k *Core) exportShare(u *unit, m *Move) {
	if u.phase != unitStopping || !m.same(u.more.stops) {
		k.toLead(u, &Signal{Kind: signalShare, Move: m, Image: &Image{UnitID: u.UnitID, Epoch: u.epoch}})
		return
	}
	late := k.latePushes(u)
	u.phase = unitLeft
	img := k.export(u)
	for _, w := range late {
		u.more.waits.push(w)
	}
	k.toLead(u, &Signal{Kind: signalShare, Move: m, Image: img})
}

// intend is step 2, at the lead.
func (k *Core) intend(u *unit, m *Move) {
	export := &Signal{Kind: signalExport, Move: m}
	if k.set.Bugs.noIntent {
		k.tell(u, export)
		return
	}
	h := Hand{State: HandLeaving, Node: m.To, Epoch: m.Epoch, Move: m.ID}
	k.commitHand(u, m.Epoch-1, coreOfLeave, 1, k.rec.Hand(nil, h), func(err error) bool {
		switch {
		case u.more.move != m:
		case err == nil:
			k.tell(u, export)
		case errors.Is(err, base.ErrStaleEpoch):
			k.lose(u)
		default:
			return false // it may be durable: there is no way back without an answer
		}
		return true
	})
}

// pendingMove returns the move of a unit that waits for nothing but its target's answer, if
// this core is the lead: it has an intent, or has lost its connection.
func (u *unit) pendingMove() *Move {
	if u.phase != unitLeft || u.more == nil {
		return nil
	}
	m := u.more.move
	if m == nil || m.ended || !(m.Recorded || m.adrift) {
		return nil
	}
	return m
}

// bury is step 5 after yes: the unit is known to be elsewhere already.
func (k *Core) bury(u *unit, m *Move, now base.Route) {
	if k.set.Bugs.earlyGrave && m.buried {
		return
	}
	m.buried = true
	h := Hand{State: HandGone, Node: now.Owner, Epoch: now.Epoch}
	k.commitHand(u, m.Epoch-1, coreOfLeave, 2, k.rec.Hand(k.rec.Clear(nil), h), func(err error) bool {
		return err == nil || errors.Is(err, base.ErrStaleEpoch) // it is here again, and that is recorded
	})
}

// goOnHere is step 5 after no: the lead commits, if there are records, that the unit stays,
// under an epoch that is newer than the target's would have been.
func (k *Core) goOnHere(u *unit, m *Move, epoch uint32, why error) {
	if m.ended = true; !m.Recorded { // a second answer changes nothing
		k.stay(u, m, epoch, why)
		return
	}
	k.commitHand(u, epoch, coreOfImport, 1, k.rec.NoHand(nil), func(err error) bool {
		switch {
		case u.more.move != m:
			return true
		case errors.Is(err, base.ErrStaleEpoch):
			k.set.Logger.Error("sfaas: another runtime of the same number has a unit", "unit", m.Unit.String(), "err", err)
			u.more.move = nil
			k.ended(m, err, err)
		case err != nil:
			return false
		default:
			m.image.recorded = true
			k.stay(u, m, epoch, why)
		}
		return true
	})
}

// stay lets a unit that was to move be served here again.
func (k *Core) stay(u *unit, m *Move, epoch uint32, why error) {
	u.more.move = nil
	m.image.share(k.count)
	k.tell(u, &Signal{Kind: signalTake, Image: m.image, Route: base.Route{Unit: m.Unit, Owner: k.self.Node, Epoch: epoch}})
	k.announce(u)
	k.ended(m, why, nil)
}

// ended lets go of the image of a move, and tells who has asked for it, and who has claimed
// its unit since.
func (k *Core) ended(m *Move, err, claim error) {
	m.image = nil
	k.effect(Effect{Kind: EffectMoved, Signal: &Signal{Kind: signalOutcome, Move: m}, Err: err})
	if m.claim != nil {
		k.effect(Effect{Kind: EffectMoved, Signal: m.claim, Err: claim})
	}
}

// wentAway ends a move whose target, or who has the unit from that, has told everybody
// of its route before it has told us the outcome. Where somebody has claimed the unit while the
// connection was lost, nobody knows whether the image had arrived: its messages are not counted here,
// since who has taken it counts them.
func (k *Core) wentAway(u *unit, m *Move) {
	u.more.move = nil
	if m.Recorded {
		k.bury(u, m, u.route())
	}
	k.ended(m, nil, nil)
}

// holdLeft lets a unit wait of which a recovery has found an intent, unless it is known
// already to be elsewhere.
func (k *Core) holdLeft(u *unit, img *Image) {
	h := img.leaving
	lead := k.lead(u.UnitID) == k.self.Core
	m := &Move{Unit: u.Unit(), From: k.self.Node, To: h.Node, Epoch: h.Epoch, ID: h.Move, Recorded: true, Started: k.now, Stopped: k.now, app: k.app, image: img, sent: true}
	m.Digest, m.Bare = u.Part.Digest, u.Part.Bare
	m.Instances, m.Messages = img.Counts()
	if u.phase == unitAway && u.epoch >= h.Epoch {
		if m.image = nil; lead {
			k.bury(u, m, u.route())
		}
		return
	}
	k.closeLedger(u)
	u.phase, u.owner, u.epoch = unitLeft, k.self.Node, h.Epoch-1
	k.noteMoving(u)
	if lead {
		u.busy().move = m
	}
}

// HandsOver reports whether the signal is a step of a hand-over between two engines.
func (s *Signal) HandsOver() bool { return s.Move != nil && s.Move.Recorded }

// commitHand commits a record of a hand-over: it is of the unit, and of no core. Then is
// told that it is durable, or why an offer failed; it returns true if it is not to be
// offered again.
func (k *Core) commitHand(u *unit, epoch uint32, core int, seq uint64, writes []Write, then func(error) bool) {
	b := k.bareBatch(u, nil, nil)
	b.hand = then
	b.Record = Record{Unit: u.Unit(), Epoch: epoch, Core: core, Seq: seq, Writes: writes}
	u.busy().hands++
	k.offered++
	k.load.commits.Add(1)
	k.offerHand(b)
}

func (k *Core) offerHand(b *Batch) {
	k.offer(b)
	b.state = batchHand
}

// handed takes the answer to a record of a hand-over.
func (k *Core) handed(b *Batch, err error) {
	if b.hand(err) || err == nil {
		b.unit.more.hands--
		k.retire(b)
		k.dropUnit(b.unit)
		return
	}
	b.state = batchRefused
	k.setTimer(timer{at: k.now.Add(k.set.CommitRetry), kind: timerRetry, batch: b})
}
