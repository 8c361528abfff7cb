// SPDX-License-Identifier: Apache-2.0

package core

import (
	"math"
	"slices"
	"time"

	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/plan"
)

// Move is one move of a unit between two runtimes. In the modes Kept and Soft
// it goes through these steps. The lead is one core of a runtime, the same for
// all moves of a unit.
//
//  1. The owner's lead tells its cores to stop the unit, if a slot is given not
//     before a core has seen it, or it is due. What runs ends, offered commits
//     are answered; all else waits.
//  2. When every core is quiet, the lead has them export their shares: no core
//     makes anything for the unit any more, and what they had sent to each
//     other arrived before. The shares are the image.
//  3. The image goes to the target's lead, which takes or refuses it as a
//     whole. If it takes it, its cores own the unit under the next epoch; it
//     tells all runtimes the route, and the old owner the outcome.
//  4. The old owner's cores learn the outcome: the unit is elsewhere, or it is
//     theirs again under an epoch that is newer still. Either way whoever
//     keeps messages for the unit sends them again, since the route is new.
//
// The three modes differ in what goes along:
//
//	Kept   everything: cells, marks, what waits, what is kept for others
//	Soft   the same without the content of Volatile cells; the last settings are said again
//	Fed    no image: settings and grants made ahead, and slots of both owners (fed.go)
//
// Invariants:
//
//  1. In Kept and Soft at most one runtime runs handlers of the unit. Between export and
//     take none does: the image is in a signal, or at a lead.
//  2. An outcome comes to whoever asked, exactly once, whatever fails: refusal, a closed
//     target, a lost link.
//  3. Nothing that was promised is lost: it is in the image, or kept by another unit,
//     and both sides send again when the route is new.
//  4. The epoch rises with every owner and with every return, so that a message, an
//     acknowledgement or a record of an earlier ownership is recognized wherever it
//     turns up.
//
// An outcome may get lost with a connection, or with the target. What the old owner does
// then stands in peers.go. If the engines of both keep records, further steps lie between
// these, see hand.go.
type Move struct {
	Unit    base.Unit
	From    base.NodeID   // owner at the start
	To      base.NodeID   // owner at the end
	Mode    base.MoveMode // what becomes of Volatile cells
	Epoch   uint32        // of the new owner
	Started base.Time     // when it was asked for
	Slot    base.Slot     // of the modes Kept and Soft: not before which, 0 for at once
	Stopped base.Time     // when the unit stopped

	History base.Slot // of mode Fed: slots before the fence for which both are fed
	Fence   base.Slot // of mode Fed: the first slot of the new owner

	Instances int // that moved
	Messages  int // that waited and moved along

	ID     uint64      // names it among the moves of the unit from the same runtime
	Digest base.Digest // of the unit's part where it begins
	Bare   base.Digest // the same without the cells, see [plan.Part]

	Recorded bool // engines of both keep records of the unit, see hand.go

	app     *plan.App
	image   *Image
	wait    int           // cores that have not answered
	asked   []base.NodeID // of mode Fed: runtimes that have not answered
	tries   int           // of mode Fed: fences that were refused
	refused bool
	awaits  bool   // Slot
	sent    bool   // the image has left, whole
	adrift  bool   // the connection has gone since, without an outcome
	life    uint32 // of the target, that the image was sent to
	ended   bool

	orphaned bool    // that life is over, and who asked has been told so
	buried   bool    // the tombstone has been offered
	claim    *Signal // after which it stays without an answer
	newest   base.Slot
	done     func(m *Move, err error)
}

// NewMove returns a move, which begins with its [Move.Event]; done gets the
// outcome.
func NewMove(u base.Unit, from, to base.NodeID, mode base.MoveMode, now base.Time, done func(m *Move, err error)) *Move {
	return &Move{Unit: u, From: from, To: to, Mode: mode, Started: now, done: done}
}

// same reports whether two values are of one move: what comes from another process
// is a value of its own.
func (m *Move) same(o *Move) bool {
	return m == o || (m != nil && o != nil && m.ID == o.ID && m.From == o.From && m.Unit == o.Unit)
}

// Done reports the outcome to who asked for the move, once.
func (m *Move) Done(err error) {
	if f := m.done; f != nil {
		m.done = nil
		f(m, err)
	}
}

// Event returns the event that asks the lead of the owner for the move.
func (m *Move) Event() Event {
	return Event{Kind: EventSignal, Signal: &Signal{Kind: signalMove, Move: m}}
}

// Refused returns the event that tells the owner's lead that the image did not
// get to the target.
// A target that cannot have the image says so at once; the unit goes on where it was.
func (m *Move) Refused(err error) Event {
	return Event{Kind: EventSignal, Signal: &Signal{Kind: signalOutcome, Move: m, Err: err}}
}

// Pause returns for how long messages of the unit waited, up to now.
func (m *Move) Pause(now base.Time) time.Duration {
	if m.Stopped == 0 {
		return 0
	}
	return now.Sub(m.Stopped)
}

// startMove is step 1, at the owner's lead.
//
// Everything that could make the move senseless is asked before the unit stops, since
// stopping costs a pause. What happens later is answered by the target.
func (k *Core) startMove(u *unit, s *Signal) {
	m := s.Move
	var err error
	switch {
	case m.To == k.self.Node:
		err = base.ErrOwned
	case u.phase == unitAway:
		err = &base.MovedError{Unit: m.Unit, Owner: u.owner, Epoch: u.epoch}
	case u.phase != unitHere || u.busy().move != nil:
		err = base.ErrMoving
	case !slices.Contains(k.peers, m.To):
		err = base.ErrUnlinked
	// Two owners of one kept unit, even for a slot, would both make promises in its name.
	case m.Mode == base.Fed && u.Part.Kept:
		err = base.ErrKept
	}
	if err != nil {
		k.effect(Effect{Kind: EffectMoved, Signal: s, Err: err})
		return
	}
	m.Epoch, m.app, m.wait = u.epoch+1, k.app, k.count
	// The identity of a move: which of this runtime's lives asked, and its number in that
	// life.
	k.moves++
	m.ID = uint64(k.set.Incarnation)<<32 | k.moves&math.MaxUint32
	m.Digest, m.Bare, m.Recorded = u.Part.Digest, u.Part.Bare, k.recordsOf(u.Part)
	u.busy().move = m
	k.noteMoving(u)
	if m.Mode == base.Fed {
		k.askFence(u, m)
		return
	}
	if m.Slot > 0 {
		k.awaitSlot(u, m)
		return
	}
	k.beginMove(u, m)
}

// The pause begins here: whatever comes for the unit from now on waits.
func (k *Core) beginMove(u *unit, m *Move) {
	m.Stopped = k.now
	k.tell(u, &Signal{Kind: signalStop, Move: m})
}

// stopFor is a core's part of step 1. Where it has lost the unit meanwhile, to a claim of which
// the lead is about to hear too, nothing stops: nobody would let it go on.
func (k *Core) stopFor(u *unit, m *Move) {
	if u.phase == unitHere || u.phase == unitStopping {
		k.stop(u)
		u.more.stops = m
	}
}

// awaitSlot lets all cores tell when the slot of a move comes. If none has by the
// time at which the slot is due, the move begins without it.
//
// A host that moves cells between slots names a slot: then no slot is half done by one
// and half by the other owner.
func (k *Core) awaitSlot(u *unit, m *Move) {
	m.awaits = true
	if due := k.set.Due(m.Slot, k.now); due != base.Never {
		k.setTimer(timer{at: due, kind: timerMove, unit: u, move: m})
	}
	k.tell(u, &Signal{Kind: signalAwait, Move: m})
}

// slotCame begins a move that has waited for its slot, once.
//
// The timer and a core may both say so.
func (k *Core) slotCame(u *unit, m *Move) {
	if m.awaits && u.more != nil && u.more.move == m {
		m.awaits = false
		k.beginMove(u, m)
	}
}

// await notes for which slot the lead waits, or that it has come.
func (k *Core) await(u *unit, m *Move) {
	if u.busy().await = m; u.newest >= m.Slot {
		k.came(u)
	}
}

// came tells the lead that the slot for which it waits has come.
func (k *Core) came(u *unit) {
	m := u.more.await
	u.more.await = nil
	k.toLead(u, &Signal{Kind: signalCame, Move: m})
}

// sees notes that a slot has come to a unit.
func (k *Core) sees(u *unit, slot base.Slot) {
	u.newest = max(u.newest, slot)
	if u.more != nil && u.more.await != nil && u.newest >= u.more.await.Slot {
		k.came(u)
	}
}

// reportQuiet tells the leads of units that have stopped here and are quiet.
//
// A unit is quiet when nothing of it runs and every commit has been answered. A core with
// records seals the unit first: no record of the old owner may follow that of the
// hand-over.
func (k *Core) reportQuiet() {
	for i := 0; i < len(k.stopping); {
		u := k.stopping[i]
		switch {
		case u.phase != unitStopping:
		case k.quiet(u) && (!k.recordsOf(u.Part) || k.seal(u)):
			k.stopping = slices.Delete(k.stopping, i, i+1)
			k.toLead(u, &Signal{Kind: signalQuiet, Move: u.more.stops})
			continue
		default:
			i++
			continue
		}
		k.stopping = slices.Delete(k.stopping, i, i+1)
	}
}

// countQuiet is step 2, at the owner's lead.
//
// Every core has been heard from, so all that cores had sent to each other for the unit
// has arrived: signals come behind messages. What a core says of an earlier move, which a claim
// has ended, says nothing of this one.
func (k *Core) countQuiet(u *unit, s *Signal) {
	m := u.busy().move
	if m == nil || !m.same(s.Move) || m.wait == 0 {
		return
	}
	if m.wait--; m.wait > 0 {
		return
	}
	m.wait = k.count
	m.image = &Image{UnitID: u.UnitID, Epoch: m.Epoch, Fence: u.fence}
	if m.Recorded {
		k.intend(u, m)
		return
	}
	k.tell(u, &Signal{Kind: signalExport, Move: m})
}

// collect puts the image together and sends it, step 3.
//
// Shares are added in the order in which cores answer. That is safe, since cores have
// different keys; spread inputs, which all have, are merged.
func (k *Core) collect(u *unit, s *Signal) {
	m := u.busy().move
	if m == nil || !m.same(s.Move) {
		k.goesNowhere(u, s.Move, s.Image)
		return
	}
	m.image.add(s.Image)
	if m.wait--; m.wait > 0 {
		return
	}
	m.image.mergeWide()
	m.Instances, m.Messages = m.image.Counts()
	// The link has gone meanwhile: the image stays, and the unit goes on here under a
	// newer epoch.
	if !slices.Contains(k.peers, m.To) {
		k.endMove(u, &Signal{Kind: signalOutcome, Move: m, Err: base.ErrUnlinked})
		return
	}
	if k.set.Bugs.earlyGrave && m.Recorded {
		k.bury(u, m, base.Route{Unit: m.Unit, Owner: m.To, Epoch: m.Epoch})
	}
	m.sent, m.life = true, k.lives[m.To]
	k.toNode(u, m.To, &Signal{Kind: signalImage, Move: m, Image: m.image})
}

// considerImage takes or refuses a unit, at the target's lead.
//
// What may refuse an image, and why here: the target alone knows whether its functions
// are the same, whether it has promised not to take the unit, and whether it is about to
// leave. It is asked once, by its lead, before any of its cores has changed.
func (k *Core) considerImage(u *unit, s *Signal) {
	m, img := s.Move, s.Image
	var err error
	switch {
	case m.Digest != u.Part.Digest && !s.upgrades(u):
		err = &base.DigestError{Of: "part " + u.Part.Name, Got: m.Digest, Want: u.Part.Digest}
	// Some newer owner is known here. The sender will hear of it by that owner's route.
	case u.phase == unitHere || u.phase == unitStopping || !base.Newer(m.Epoch, k.self.Node, u.epoch, u.owner):
		err = base.ErrStaleEpoch
	case m.Epoch <= u.promised:
		err = base.ErrStaleEpoch
	// Who has claimed it has been heard by the old owner, or will be, and then that does not
	// feed this runtime.
	case m.Mode == base.Fed && m.Epoch == u.epoch:
		err = base.ErrStaleEpoch
	case u.more != nil && u.more.taking != nil:
		err = base.ErrMoving
	case k.set.Leaving.Load():
		err = base.ErrClosed
	case m.Recorded != k.recordsOf(u.Part):
		err = base.ErrKept // a crash of one would leave it with half of its promises
	default:
		img, err = k.translate(s)
	}
	switch {
	case err != nil:
	case m.Recorded && !k.set.Bugs.serveEarly:
		k.beginImport(u, m, img)
		return
	default:
		k.takeImage(u, m, img)
	}
	k.outcome(u, m, err)
}

// takeImage makes this runtime the owner of a unit of which the image has come.
//
// Cores take their shares one after the other, as the signal reaches them; a message for
// a key whose core has not heard of it waits there as for any unit that is away, and
// comes again.
func (k *Core) takeImage(u *unit, m *Move, img *Image) {
	img.soft = m.Mode == base.Soft
	img.taken.Store(true)
	img.share(k.count)
	k.tell(u, &Signal{Kind: signalTake, Move: m, Image: img, Route: base.Route{Unit: m.Unit, Owner: k.self.Node, Epoch: m.Epoch}})
	// The route is told before the outcome: whoever asks the old owner afterwards finds
	// it known.
	if m.Mode != base.Fed {
		k.announce(u) // before the old owner hears of it, and perhaps closes
	}
}

// upgrades reports whether the unit of a move may have cells of another version: it
// comes as bytes, with their content, and nothing else of its part differs. Whether
// each cell can be read is seen when it is.
func (s *Signal) upgrades(u *unit) bool {
	return s.Packed != nil && s.Move.Mode == base.Kept && s.Move.Bare == u.Part.Bare
}

// translate returns the image of a move in terms of this core's graph: of the same
// graph it is what it is, and of another one, or of another process, it goes by way
// of its bytes.
func (k *Core) translate(s *Signal) (*Image, error) {
	m, img := s.Move, s.Image
	switch {
	case s.Packed != nil:
		return s.Packed.Open(k, plan.UnitID{Part: k.app.PartOf(m.Unit.Part), Root: m.Unit.Root})
	case m.app == k.app && !m.Recorded: // else it stays with its old owner until that has an answer
		return img, nil
	case k.set.Translate == nil:
		return nil, base.Errorf("%w: graph %s, want %s", base.ErrDigest, m.app.Name, k.app.Name)
	}
	return k.set.Translate(k, img, m.app)
}

// takeUnit makes the unit ours, at each core, and lets it go on.
//
// In mode Fed the unit is owned and mute: it takes slots from F−h on, publishes from F
// on, and tells the old owner when slots have come far enough for it to end.
func (k *Core) takeUnit(u *unit, s *Signal) {
	k.install(u, s)
	if m := s.Move; m != nil && m.Mode == base.Fed {
		u.mute, k.mutes = m.Fence, true
		u.busy().reach = &reach{m.Fence + u.Part.Window() + m.History, m}
		return // what was held for the fence waits until it stands
	}
	fence := u.unfence()
	k.goOn(u)
	k.sendKept(u)
	k.sendHeld(u, fence)
}

// install makes the unit ours.
//
// Epoch and owner are set before content is taken: what take lets run is already stamped
// with the new epoch.
func (k *Core) install(u *unit, s *Signal) {
	k.closeLedger(u)
	u.phase, u.owner, u.epoch, u.records = unitHere, s.Route.Owner, s.Route.Epoch, 0
	k.ledger(u)
	if s.Image != nil {
		u.fence = max(u.fence, s.Image.Fence)
		k.take(u, s.Image)
	}
	if s.Image == nil || !s.Image.recorded {
		k.recordOwner(u)
	}
}

// goOn lets what waited here for a unit take its way, in order: first what this
// core keeps for it, which is older than what has come since.
//
// Order: kept messages are older than what waits, and what waits is older than what comes
// now. Whoever is not the owner any more sends on what it can: pushes of its own sources.
// The rest was sent by others, who keep it or were promised nothing.
func (k *Core) goOn(u *unit) {
	k.resend(u, false)
	if u.more == nil {
		return
	}
	for n := u.more.waits.len(); n > 0; n-- {
		w := u.more.waits.pop()
		w.ks.held--
		if w.counts {
			k.load.kept.Add(-1)
			w.counts = false
		}
		switch {
		case u.phase == unitHere && w.edge.IsWide() && w.stamp != nil:
			k.spreadRecorded(w.edge, w.msg, w.ks.key, w.stamp, fromOutside)
		case u.phase == unitHere && w.edge.IsWide():
			k.spread(w.edge, w.msg, w.ks.key, nil, fromOutside)
		case u.phase == unitHere:
			k.takeWaiting(w)
		case w.edge.From.Source && w.rest == nil && w.msg.Node == k.self.Node: // pushed here
			k.routePush(w.edge, w.msg, w.ks)
		default:
			k.refuse(w.edge, w.msg, w.ks.key)
		}
	}
}

// endMove is step 4, at the owner's lead.
//
// The cases: a fence is set up; a recorded unit goes on here by its records; the fence is
// taken back; the unit has gone; or it returns, under an epoch that is newer than the one
// it was offered under, so that a target which took it after all is refused.
func (k *Core) endMove(u *unit, s *Signal) {
	m := u.busy().move
	if m == nil || !m.same(s.Move) || (m.Recorded && u.pendingMove() != m) {
		return
	}
	if s.Err == nil && m.Mode == base.Fed && u.feeding() != nil {
		return // the answer to a second question
	}
	if s.Err == nil && m.Mode == base.Fed {
		m.image, m.wait = nil, k.count
		k.everywhere(u, &Signal{Kind: signalFeed, Move: m})
		return
	}
	if s.Err != nil && (m.Recorded || u.phase == unitLeft) {
		k.goOnHere(u, m, m.Epoch+1, s.Err)
		return
	}
	u.more.move = nil
	if m.Mode == base.Fed {
		k.everywhere(u, &Signal{Kind: signalUnfeed, Move: m})
	} else if s.Err == nil {
		k.tell(u, &Signal{Kind: signalGone, Route: base.Route{Unit: m.Unit, Owner: m.To, Epoch: m.Epoch}})
		k.effect(Effect{Kind: EffectRoute, Signal: &Signal{Kind: signalRoute, Route: u.route()}})
		if m.Recorded {
			k.bury(u, m, u.route())
		}
	} else { // it was claimed meanwhile
		k.goesNowhere(u, m, m.image)
	}
	m.image = nil
	k.effect(Effect{Kind: EffectMoved, Signal: &Signal{Kind: signalOutcome, Move: m}, Err: s.Err})
}
