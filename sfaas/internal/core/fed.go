// SPDX-License-Identifier: Apache-2.0

package core

import (
	"slices"

	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/plan"
)

// A move that feeds both owners goes by slots. Let F be the fence and h the
// history.
//
//  1. The owner's lead chooses F so that F-h is beyond every slot that it knows
//     of, and asks the lead of every linked runtime, which asks its cores: has
//     one of you sent slot F-h yet? A core that has not promises to hold slots
//     from F-h on, until it hears more. One that has refuses; then nothing has
//     changed, and the lead tries a later fence a few times.
//  2. The settings of the instances go to the target, the last ones and those that
//     wait for their slot, and control that the unit has made ahead for slots from
//     F-h on; what it makes of that kind later follows. It owns the unit from slot
//     F on, and discards what it makes of slots below F.
//  3. All cores hear that the fence stands. Slots below F-h go to the old owner,
//     slots from F-h to F-1 to both, slots from F on to the new one.
//  4. When a core of the target gets a slot that is a window beyond F, the old
//     owner finishes what it has, drops the unit, and all hear the new route.
//
// Invariants:
//
//  1. A fence stands at all cores of all runtimes or at none, but for the time of one
//     signal. Until a core knows, it holds what the fence would decide.
//  2. Every slot is made by the old owner, the new one, or both, and published by one:
//     the old owner publishes below F, the new one from F on.
//  3. A runtime that connects while a fence stands is told of it before it can send
//     (tellRoute).
//  4. If the target goes, all slots are the old owner's again; if the old owner goes,
//     they are the target's. If a third one goes, its promise is void and nobody waits
//     for it.
//  5. Whoever hears of an owner that the fence does not name, or of none, forgets the
//     fence, whether it stands or not, and its promise.

// fenceAsk is what the lead of a runtime knows about the answers of its cores.
type fenceAsk struct {
	move   *Move
	asker  base.NodeID
	wait   int
	newest base.Slot
	no     bool
}

const (
	fenceMargin = 2 // slots between the newest known one and F-h
	fenceTries  = 8
)

// askFence is step 1, at the owner's lead.
//
// The margin doubles from try to try: sources that are far ahead, in replay for instance,
// have gone beyond a near fence before it stands.
func (k *Core) askFence(u *unit, m *Move) {
	m.newest = max(m.newest, u.newest)
	m.Fence = m.newest + 1 + fenceMargin<<m.tries + m.History
	m.asked, m.refused = slices.Clone(k.peers), false
	for _, node := range k.peers { // m.asked shrinks meanwhile
		s := &Signal{Kind: signalFence, Move: m, From: k.self, Fence: m.Fence}
		if node == k.self.Node {
			k.signalFed(u, s)
			continue
		}
		k.toNode(u, node, s)
	}
}

// signalFed handles the signals of a move that feeds both owners.
func (k *Core) signalFed(u *unit, s *Signal) {
	m := s.Move
	switch s.Kind {
	// Each runtime's lead asks its cores and answers once for all.
	case signalFence:
		noteAsk(u, &fenceAsk{move: m, asker: s.From.Node, wait: k.count})
		k.tell(u, &Signal{Kind: signalFenceCore, Move: m, Fence: s.Fence})
	case signalFenceCore:
		k.promise(u, s)
	case signalFencedCore:
		k.countPromises(u, s)
	case signalFenced:
		k.countFences(u, s)
	case signalHead:
		k.toLead(u, &Signal{Kind: signalShare, Move: m, Image: k.head(u)})
	case signalFeed:
		k.standFence(u, m)
	case signalUnfeed:
		k.unfeed(u)
	case signalReached:
		k.endFed(u, m)
	case signalFinish:
		k.finishOwner(u, s)
	case signalDropped:
		if m := u.busy().move; m != nil && m.same(s.Move) {
			if m.wait--; m.wait == 0 {
				u.more.move = nil
				k.effect(Effect{Kind: EffectMoved, Signal: &Signal{Kind: signalOutcome, Move: m}})
			}
		}
	}
}

// noteAsk notes what a runtime asks. Two may ask at a time, of which one has been replaced, and
// does not know yet.
func noteAsk(u *unit, a *fenceAsk) {
	m := u.busy()
	m.asks = append(slices.DeleteFunc(m.asks, func(o *fenceAsk) bool { return o.move.same(a.move) }), a)
}

// promise holds slots from F-h on, or refuses.
//
// To promise costs nothing yet: slots below F−h go on. Only what would cross is held, for
// as long as the leads talk.
func (k *Core) promise(u *unit, s *Signal) {
	m, start := s.Move, s.Fence-s.Move.History
	answer := &Signal{Kind: signalFencedCore, Move: m, Slot: u.newest}
	f := u.busy().feed
	other := f != nil && !f.move.same(m)
	if u.newest >= start || m.Epoch <= u.epoch || (other && m.Epoch <= f.move.Epoch) { // or somebody has claimed it, which its old owner has not heard of
		answer.Err = base.ErrFence
	} else {
		if other {
			k.unfeed(u) // of who has been replaced
		}
		k.noteMoving(u)
		u.more.feed = &feed{move: m, from: m.From, to: m.To, start: start, fence: s.Fence, pending: true}
	}
	k.toLead(u, answer)
}

// One core that has gone beyond F−h is enough for a no: its slot is with the old owner
// alone, and the new one would lack it.
func (k *Core) countPromises(u *unit, s *Signal) {
	at := slices.IndexFunc(u.busy().asks, func(a *fenceAsk) bool { return a.move.same(s.Move) })
	if at < 0 {
		return
	}
	a := u.more.asks[at]
	a.newest, a.no = max(a.newest, s.Slot), a.no || s.Err != nil
	if a.wait--; a.wait > 0 {
		return
	}
	u.more.asks = slices.Delete(u.more.asks, at, at+1)
	answer := &Signal{Kind: signalFenced, Move: a.move, Slot: a.newest, From: k.self}
	if a.no {
		answer.Err = base.ErrFence
	}
	if a.asker == k.self.Node {
		k.signalFed(u, answer)
		return
	}
	k.toNode(u, a.asker, answer)
}

// countFences goes on to step 2 when every runtime has promised.
func (k *Core) countFences(u *unit, s *Signal) {
	m := u.busy().move
	if m == nil || !m.same(s.Move) {
		return
	}
	at := slices.Index(m.asked, s.From.Node)
	if at < 0 {
		return
	}
	m.asked = slices.Delete(m.asked, at, at+1)
	m.newest, m.refused = max(m.newest, s.Slot), m.refused || s.Err != nil
	if len(m.asked) > 0 {
		return
	}
	// All have promised. Before the fence stands the target must know the settings: they
	// hold for slots that it gets.
	if !m.refused {
		m.wait, m.image = k.count, &Image{UnitID: u.UnitID, Epoch: m.Epoch, Fence: m.Fence}
		k.tell(u, &Signal{Kind: signalHead, Move: m})
		return
	}
	// Those that have promised are told first that they need not hold any more.
	k.everywhere(u, &Signal{Kind: signalUnfeed, Move: m})
	if m.tries++; m.tries < fenceTries {
		k.askFence(u, m)
		return
	}
	u.more.move = nil
	k.effect(Effect{Kind: EffectMoved, Signal: &Signal{Kind: signalOutcome, Move: m}, Err: base.ErrFence})
}

// everywhere sends a signal to the cores of all runtimes.
func (k *Core) everywhere(u *unit, s *Signal) {
	k.effect(Effect{Kind: EffectSignal, To: Endpoint{base.AllNodes, allCores}, Signal: s})
	k.tell(u, s)
}

// head is this core's share of what goes to the target first: the last settings,
// those that still wait for their slot, and grants that the unit has made ahead for
// slots from F-h on.
//
// A setting that still waits for its slot goes along, since the target will see that
// slot. A grant of a slot before F−h stays: the target does not get its data.
func (k *Core) head(u *unit) *Image {
	img := &Image{UnitID: u.UnitID, Epoch: u.epoch}
	f := u.busy().feed
	if f == nil {
		return img // taken back meanwhile
	}
	f.headed = true
	for _, inst := range u.insts {
		if inst.few == nil {
			// Instances of the head have control and nothing else; the target makes their
			// cells.
			continue
		}
		var all []heldControl
		for _, list := range [][]heldControl{inst.few.settings, inst.few.controls} {
			for _, c := range list {
				if c.edge.Kind == plan.PortSetting || c.msg.Slot >= f.start {
					c.msg.take(1)
					all = append(all, heldControl{edge: c.edge, msg: c.msg})
				}
			}
		}
		if len(all) > 0 {
			x := newInstance(inst.node)
			x.ks = inst.ks
			x.rare().controls = all
			img.insts = append(img.insts, x)
		}
	}
	return img
}

// tellRoute lets a runtime that is linked know who owns a unit, and of its fence: of that the
// old owner speaks, and nobody else until it has dropped the unit.
func (k *Core) tellRoute(u *unit, node base.NodeID) {
	to := Endpoint{node, allCores}
	fenced := u.more != nil && u.more.feed != nil
	if u.epoch > 0 && (!fenced || u.more.feed.from == k.self.Node) {
		k.effect(Effect{Kind: EffectSignal, To: to, Signal: &Signal{Kind: signalRoute, Route: u.route()}})
	}
	if fenced && u.more.feed.from == k.self.Node && !u.more.feed.pending {
		k.effect(Effect{Kind: EffectSignal, To: to, Signal: &Signal{Kind: signalFeed, Move: u.more.feed.move}})
	}
}

// fedGone ends what a runtime that is gone had a part in: it does not answer any
// more, and what only its slots were for goes back to the owner that is left.
func (k *Core) fedGone(u *unit, node base.NodeID) {
	m := u.more.move
	ours := m != nil && m.Mode == base.Fed
	switch f := u.more.feed; {
	case ours && m.To == node && m.ended: // all others have heard that it is the target's
	case ours && m.To == node:
		u.more.move = nil
		k.everywhere(u, &Signal{Kind: signalUnfeed, Move: m})
		k.effect(Effect{Kind: EffectMoved, Signal: &Signal{Kind: signalOutcome, Move: m}, Err: base.ErrClosed})
	case ours && slices.Contains(m.asked, node):
		k.countFences(u, &Signal{Kind: signalFenced, Move: m, From: Endpoint{Node: node}})
	case f == nil || f.from != node:
	case k.tookFed(u, f.move): // all slots are ours now
		if k.lead(u.UnitID) == k.self.Core {
			k.everywhere(u, &Signal{Kind: signalRoute, Route: u.route()})
		}
	case f.pending:
		k.unfeed(u)
	}
}

// fedAgain makes good what a move may have lost with a connection that comes again, in the same
// lives of both: the answer of a runtime that was asked, which hears of the fence when it stands;
// the image or the outcome, for which the target is asked; and that slots have come far enough.
// The fence itself is told with the route.
func (k *Core) fedAgain(u *unit, node base.NodeID) {
	m, f := u.more.move, u.more.feed
	switch ours := m != nil && m.Mode == base.Fed; {
	case ours && slices.Contains(m.asked, node):
		k.countFences(u, &Signal{Kind: signalFenced, Move: m, From: Endpoint{Node: node}})
	case ours && m.To == node && m.sent && u.feeding() == nil:
		k.toNode(u, node, &Signal{Kind: signalInquire, Move: m})
	case f != nil && f.from == node && k.tookFed(u, f.move) && u.more.reach == nil:
		k.toNode(u, node, &Signal{Kind: signalReached, Move: f.move})
	}
}

// tookFed reports whether this runtime owns a unit by a move in mode Fed, and nobody has done so
// since.
func (k *Core) tookFed(u *unit, m *Move) bool {
	return m.Mode == base.Fed && m.To == k.self.Node && u.phase == unitHere && u.owner == m.To && u.epoch == m.Epoch
}

// standFence is step 3, at every core.
//
// What was held goes its way now, in the order in which it came. Settings of slots before
// the fence have been given to the old owner already: held was a copy for the new one.
//
// A runtime that was not linked when the fence was asked for hears of it here for the first
// time. It may have sent later slots than F, which nobody has got: what it sends from now on
// goes by the fence all the same, or the move would never end.
func (k *Core) standFence(u *unit, m *Move) {
	f := u.busy().feed
	if (f == nil || !f.move.same(m)) && (u.phase == unitAway && m.Epoch > u.epoch || k.tookFed(u, m)) {
		k.unfeed(u)
		k.noteMoving(u)
		f = &feed{move: m, from: m.From, to: m.To, start: m.Fence - m.History, fence: m.Fence}
		u.more.feed = f
	}
	if f == nil || !f.move.same(m) {
		return
	}
	f.pending = false
	u.fence = f.fence
	held := f.held
	f.held = nil
	for _, x := range held {
		if x.copied || x.msg.Slot < f.start {
			k.feedOne(u, f.to, x.edge, x.msg, x.key) // the old owner has it
		} else {
			k.feedTo(u, x.edge, x.msg, x.key)
		}
	}
}

// unfeed takes a fence back: everything goes to the owner as before.
func (k *Core) unfeed(u *unit) { k.sendHeld(u, u.unfence()) }

// unfence lets the unit forget its fence, and returns it, nil if there is none.
func (u *unit) unfence() *feed {
	if u.more == nil || u.more.feed == nil {
		return nil
	}
	f := u.more.feed
	u.more.feed = nil
	return f
}

// sendHeld sends what was held for a fence that is forgotten to the owner, as if there had
// been none. Copies for the target are dropped.
func (k *Core) sendHeld(u *unit, f *feed) {
	if f == nil {
		return
	}
	for _, x := range f.held {
		if x.copied || x.msg.Slot < f.start {
			x.msg.release(k.lane)
		} else {
			k.transmit(u, x.edge, x.msg, x.key, nil, nil)
		}
	}
}

// endFed is step 4, at the old owner's lead.
//
// It is told by each core of the target that has come so far; the first is enough. One may
// speak late, of a move of long ago: then the target of this one has nothing yet.
func (k *Core) endFed(u *unit, reached *Move) {
	m := u.busy().move
	if m == nil || !m.same(reached) || m.ended {
		return
	}
	m.ended = true
	r := base.Route{Unit: m.Unit, Owner: m.To, Epoch: m.Epoch}
	k.effect(Effect{Kind: EffectSignal, To: Endpoint{base.AllNodes, allCores}, Signal: &Signal{Kind: signalRoute, Route: r}})
	k.tell(u, &Signal{Kind: signalFinish, Move: m, Route: r})
}

// finishOwner lets a core of the old owner end. One that has lost the unit to somebody else has
// nothing to finish.
func (k *Core) finishOwner(u *unit, s *Signal) {
	k.learn(u, s.Route)
	if f := u.feeding(); f == nil || !f.ending {
		k.toLead(u, &Signal{Kind: signalDropped, Move: s.Move})
	}
}

// finishFed lets the old owner's core go on until its lines are empty, and drop
// the unit then.
//
// The old owner's lines may still hold slots below the fence. They are run, and
// published; then the unit is dropped with what still waits for partners and grants that
// will never come.
func (k *Core) finishFed(u *unit) {
	u.more.feed.ending = true
	if m := u.more.move; m != nil {
		m.ended = true // the new owner may have said so before its slots did
	}
	k.ending = append(k.ending, u)
}

// dropFinished drops the units that have been finished here.
func (k *Core) dropFinished() {
	if k.Ready() || k.cur.active {
		return
	}
	for _, u := range k.ending {
		f := u.more.feed
		if f == nil || !f.ending {
			continue // it has had another owner meanwhile
		}
		u.more.feed = nil
		k.clearUnit(u, func(e *plan.Edge, m *Message, key base.Key) {
			k.drop(e, m, key, "no partner or grant before its unit moved")
		})
		k.closeLedger(u)
		u.phase, u.owner, u.epoch = unitAway, f.to, f.move.Epoch
		k.toLead(u, &Signal{Kind: signalDropped, Move: f.move})
		if k.lead(u.UnitID) == k.self.Core {
			k.effect(Effect{Kind: EffectRoute, Signal: &Signal{Kind: signalRoute, Route: u.route()}})
		}
	}
	k.ending = slices.Delete(k.ending, 0, len(k.ending))
}
