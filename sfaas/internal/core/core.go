// SPDX-License-Identifier: Apache-2.0

package core

import (
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/plan"
)

// Core is the state machine behind every shell: it owns the instances whose
// keys fall to it, and turns events into effects with [Core.Step]. It has no
// goroutine, no clock and no I/O of its own, and does nothing in the order of a
// map. A runtime has one core per worker; a simulator steps the same code.
//
// A Core is for one goroutine at a time. If a handler calls runtime.Goexit or
// is revoked, the goroutine that steps ends with it, and the next one continues
// with [EventFault].
//
// A step, whatever the event:
//
//  1. The event changes what the core holds: a message lines up, a timer fires, a batch
//     lands, a signal moves a unit. At most one handler runs.
//  2. What the handler has asked for is staged, and either applied at once or put into a
//     batch, whose outputs leave when it has landed (commit.go).
//  3. endStep does what has become possible: records of units that changed, units that
//     are quiet now, keys that nobody uses.
//  4. The effects go to the shell, in the order in which they were asked for.
//
// A core never waits. What cannot go on has a place where it is found again: a line
// (inline, queued, ingress), an instance (waiting, controls), a join buffer, a batch that
// the engine has not answered, the outbox of what other units have not acknowledged.
//
// Invariants that all of its files keep: a key belongs to one core for the life of a
// runtime; a message has one hold per place that still needs it; whatever iterates does
// so over a list, never a map, since one sequence of events must have one sequence of
// effects.
type Core struct {
	app   *plan.App
	set   *Settings
	self  Endpoint
	count int  // cores of this runtime
	keeps bool // what happens is recorded
	bare  bool // the engine is the one in memory: it gets no records at all

	lane    *Lane
	scratch func(old map[*plan.ResourceDecl]any) (map[*plan.ResourceDecl]any, error) // opens what a lost lane had
	cur     running
	run     run

	// what lasts as long as a key
	keys   map[base.Key]*keyState
	recent [base.Groups]*keyState // the last one of each group that was asked for
	order  []*keyState            // all, in an order that depends on events alone
	idle   idleKeys
	timers timerHeap

	// what lasts as long as a unit
	units    map[plan.UnitID]*unit
	parts    []partState // by part
	unitLook uint64
	moving   []*unit                // that have stopped, move or are fed twice, and some that did
	stopping []*unit                // that have stopped and are not quiet yet
	ending   []*unit                // that are finished here once the lines are empty
	peers    []base.NodeID          // linked runtimes, this one first
	lives    map[base.NodeID]uint32 // of runtimes that are linked, or were
	moves    uint64                 // that this core has led
	keysBy   map[*unit][]*keyState  // as of the last unit that was handed over, nil if it is not so any more
	told     []base.NodeID          // runtimes that know of the rests what this core does
	mutes    bool                   // some unit has come by a move that fed both owners

	// what lasts as long as a message
	inline  ring[item] // what follows from the running work
	queued  ring[item] // what waits on an edge with a capacity
	ingress ring[item] // what came from outside
	out     outbox     // what other units have not acknowledged
	load    load
	gauges  []gauge
	ways    []way // by edge
	helper  int

	// what lasts as long as a commit
	nextID uint64
	// From which number on instances send that are new in this life. Without records they
	// may be under an epoch that they have had in an earlier life, and others know what
	// they sent then: numbers rise from life to life.
	firstSent uint64
	offered   int // not answered
	tasks     int // of parallel functions, under way
	free      []*Batch
	rec       Recorder // nil: the engine keeps nothing
	local     *unit    // stands for what the runtime itself has changed
	vows      []bool   // by node: it has outputs on edges that promise
	changed   []*unit  // by this step
	rows      uint64   // that have got a name
	flushes   int      // units whose changes wait for a record
	redo      map[redoID]uint64

	now  base.Time
	cost time.Duration
	eff  []Effect

	// what is published once a slot
	stats   []nodeStats // by node
	open    []*ledger   // of units, with something to publish
	shown   []UnitStats // of those that are published: for who watches
	dirty   []*instance // with content that has not been measured
	nobody  Counts      // of units that are not here
	flows   []EdgeFlow  // by edge
	flowed  bool        // some have something to publish
	unshown bool        // a function's account was in use
	timesAt base.Time   // when histograms were published
	board   *board
}

// load is how much a core has taken on, for the sources: they are refused
// beyond a limit.
type load struct {
	_       [64]byte     // sources read it while the core writes what lies beside it
	kept    atomic.Int32 // messages that other units have not acknowledged
	commits atomic.Int32 // batches that the engine has not answered
	_       [64]byte
}

func newCore(app *plan.App, set *Settings, self Endpoint, count int, b *board, gauges []gauge) (*Core, error) {
	if self.Core < 0 || self.Core >= count || count > base.Groups {
		return nil, fmt.Errorf("sfaas: core %d of %d", self.Core, count)
	}
	k := &Core{
		app: app, set: set, self: self, count: count, board: b, gauges: gauges,
		keys: map[base.Key]*keyState{}, units: map[plan.UnitID]*unit{}, out: newOutbox(), peers: []base.NodeID{self.Node}, lives: map[base.NodeID]uint32{},
	}
	k.lane = newLane(app, set, uint64(self.Node)<<48|uint64(self.Core)<<40)
	k.ways = waysFrom(app, set)
	k.idle.sources, k.idle.sent = make([]uint64, len(app.Outlets)), make([]uint64, len(app.Nodes))
	k.stats, k.flows = make([]nodeStats, len(app.Nodes)), make([]EdgeFlow, len(app.Edges))
	k.parts = make([]partState, len(app.Parts))
	if k.bare = set.InMemory(); set.Engine.Keeps() && set.Recorder != nil {
		k.keeps = true
		k.rec, k.local, k.vows = set.Recorder, &unit{epoch: set.Incarnation}, vowsOf(app)
	} else {
		k.firstSent = uint64(set.Incarnation) << 32
	}
	return k, nil
}

// Self returns where the core is.
func (k *Core) Self() Endpoint { return k.self }

// App returns the graph that the core runs.
func (k *Core) App() *plan.App { return k.app }

// Sealer returns what encrypts sealed content.
func (k *Core) Sealer() Sealer { return k.set.Sealer }

// Now returns the moment of the last step.
func (k *Core) Now() base.Time { return k.now }

// Lane returns what runs the core's handlers. It changes when a handler is
// given up on.
func (k *Core) Lane() *Lane { return k.lane }

// Backlog returns how many messages from outside wait for their turn.
func (k *Core) Backlog() int { return k.ingress.len() }

// Follows reports whether something that follows from the last invocation is
// ready to run.
func (k *Core) Follows() bool { return k.inline.len() > 0 }

// Unanswered returns how many messages other units have not acknowledged, and
// how many batches the engine has not answered. It may be called while the core
// runs.
func (k *Core) Unanswered() (kept, batches int) {
	return int(k.load.kept.Load()), int(k.load.commits.Load())
}

// Ready reports whether an [EventRun] has something to do.
func (k *Core) Ready() bool { return k.inline.len()+k.queued.len()+k.ingress.len() > 0 }

// Cost returns the declared cost of the handlers that the last step ran.
func (k *Core) Cost() time.Duration { return k.cost }

// Step handles one event and appends what has to be done outside to eff. It
// runs at most one handler, synchronously, and only for an [EventRun] or
// [EventTask]; a shell steps with EventRun as long as [Core.Ready]. It
// allocates nothing in the steady state. With one sequence of events there is
// one sequence of effects.
func (k *Core) Step(ev *Event, eff []Effect) []Effect {
	if ev.Kind == EventFault { // what the lost step has asked for before its handler
		eff = append(eff, k.eff...)
	}
	k.now, k.eff, k.cost = ev.Now, eff, 0
	switch ev.Kind {
	case EventRun:
		k.runNext()
	case EventPush:
		k.push(ev.Msg)
	case EventMessage:
		k.receive(ev)
	case EventTimer:
		k.fireTimers()
	case EventCommitted:
		k.committed(ev.Batch, ev.Offer, ev.Err)
	case EventFault:
		k.takeOver(ev.Err)
	case EventTask:
		t := ev.Task
		k.inline.push(item{edge: t.edge, msg: t.msg, ks: t.ks, stamp: t.stamp, task: t})
	case EventTaskDone:
		ev.Task.done = true
		k.finishTasks(ev.Task.home)
	case EventAck:
		k.receiveAck(ev.Stamp, ev.Waits)
	case EventSignal:
		k.signal(ev.Signal)
	case EventPeer:
		if ev.Err != nil {
			k.unlinked(ev.From.Node, errors.Is(ev.Err, base.ErrClosed))
		} else {
			k.linked(ev.From.Node, ev.Life)
		}
	case EventPublish:
		k.endStage()
		k.Publish()
	}
	return k.endStep()
}

// Run is Step of an [EventRun] at the given moment.
func (k *Core) Run(now base.Time, eff []Effect) []Effect {
	k.now, k.eff, k.cost = now, eff, 0
	k.runNext()
	return k.endStep()
}

// endStep does what the step has made possible and returns its effects.
func (k *Core) endStep() []Effect {
	if len(k.changed) > 0 {
		k.flushLater()
	}
	if len(k.ending) > 0 {
		k.dropFinished()
	}
	if len(k.stopping) > 0 { // and what has been dropped stops no more
		k.reportQuiet()
	}
	if k.idle.fresh >= idleBatch {
		k.forgetIdle()
	}
	if len(k.open) > openLimit {
		k.show(false)
	}
	eff := k.eff
	k.eff = nil
	return eff
}

func (k *Core) effect(e Effect) { k.eff = append(k.eff, e) }

// coreOf returns the core that owns a key group.
func (k *Core) coreOf(group uint8) int { return int(group) % k.count }

// notice reports one deviation from a good slot to who asked for that. It does
// not change the counters: who calls it counts as well.
//
// A message knows its source and its keys, and not by which of the edges behind its outlet
// it has come: that is the caller's to say, so that whoever is told can tell data from a
// setting of the same function.
func (k *Core) notice(kind NoticeKind, e *plan.Edge, h *base.Header, key base.Key, reason string, err error) {
	if !k.set.Notices && kind != NoticeFault {
		return
	}
	n := &Notice{Kind: kind, At: base.Address{Function: e.Node.Fn.Name, Key: key}, Header: *h, Reason: reason, Err: err}
	n.Header.Edge = e.ID
	k.effect(Effect{Kind: EffectNotice, Notice: n})
}

// drop gives up on a message, counted and reported.
func (k *Core) drop(e *plan.Edge, m *Message, key base.Key, reason string) {
	for _, c := range k.countsAt(e.Node, key) {
		c.Dropped++
	}
	k.notice(NoticeDropped, e, &m.Header, key, reason, nil)
	k.failCall(e, m, base.ErrTimeout)
	m.release(k.lane)
}
