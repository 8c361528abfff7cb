// SPDX-License-Identifier: Apache-2.0

package sfaas

import (
	"fmt"
	"time"
)

// Core is the state machine behind every shell: it owns the instances whose
// keys fall to it, and turns events into effects with [Core.Step]. It has no
// goroutine, no clock and no I/O of its own, and does nothing in the order of a
// map. A runtime has one core per worker; a simulator steps the same code.
//
// A Core is for one goroutine at a time. If a handler calls runtime.Goexit or
// is revoked, the goroutine that steps ends with it, and the next one continues
// with [EventFault].
type Core struct {
	app   *App
	set   *settings
	self  Endpoint
	count int // cores of this runtime

	lane    *lane
	scratch func(old map[*resourceDecl]any) (map[*resourceDecl]any, error) // opens what a lost lane had
	keys    map[Key]*keyState
	recent  [Groups]*keyState // the last one of each group that was asked for
	order   []*keyState       // all, in an order that depends on events alone
	idle    idleKeys
	owned   []*ownership
	halves  []joinBuffer
	timers  timerHeap

	inline  ring[item] // what follows from the running work
	queued  ring[item] // what waits on an edge with a capacity
	ingress ring[item] // what came from outside
	cur     running

	commits  []*Batch
	free     []*Batch
	nextID   uint64
	helper   int
	gauges   []gauge
	ways     []way       // by edge
	transfer []*Transfer // waiting to be handed over
	markers  []*Transfer // waiting to send their marker
	peers    []*peer
	sweeps   bool // a timer looks after commits
	resends  bool // a timer looks after links

	now      Time
	cost     time.Duration
	from     Endpoint // sender of the message that is being delivered
	entering bool     // the message being delivered comes from outside
	back     bool     // it was sent from here, to an owner that has moved it here
	eff      []Effect
	stats    []nodeStats
	board    *board
}

// item is one piece of work that is ready, or nearly so.
type item struct {
	conn  *conn
	msg   *Message
	ks    *keyState
	rest  *joined // further inputs of a join
	task  *Task   // of a parallel function
	tries uint8
	gate  bool // look at what waits for a grant
}

// take moves from to it, field by field: what has just been written that way
// cannot be read in wider pieces without a wait.
func (it *item) take(from *item) {
	it.conn, it.msg, it.ks, it.rest, it.task = from.conn, from.msg, from.ks, from.rest, from.task
	it.tries, it.gate = from.tries, from.gate
}

// running is the invocation under way. It is kept outside the stack so that
// another goroutine can take over.
type running struct {
	item
	active bool
	start  Time // 0: its time has been counted
	due    Time
	slot   Slot
}

// keyState is what a core knows about one key.
type keyState struct {
	key   Key
	group uint8
	here  bool        // its group falls to this core
	insts []*instance // by node
	seqs  []sequence  // by outlet of a source

	touched Time   // when something arrived under the key
	timers  int    // that refer to it
	look    uint64 // of forgetIdle that found it in use
	at      int    // place in the order
}

// sequence numbers the messages of one source and key.
type sequence struct {
	id   uint64
	slot Slot
	seq  uint32
}

// instance is one function at one key.
type instance struct {
	cells    []cellStore
	controls []heldControl // not applied yet, by slot
	applied  []mark        // by port: slot of the last control applied
	waiting  ring[item]    // data that waits for its grant
	seen     watermarks    // by edge and producer
	tasks    *taskHome     // of a parallel function
	calls    []pendingCall
	sent     uint64 // last number given to a message sent by reference, or to a token
}

// mark is a slot, if any.
type mark struct {
	slot Slot
	ok   bool
}

// Cores is one runtime without its shell: the cores of all its workers, and
// what they share.
type Cores struct {
	List   []*Core // cores by index
	Intake *Intake // where host code pushes
	res    *resources
	board  *board
}

// NewCores returns the cores of one runtime with its resources opened, for a
// shell of one's own. The worker count is that of [WithWorkers], the node that
// of [WithNode].
func NewCores(app *App, opts ...Option) (*Cores, error) {
	c, err := newCores(app, newSettings(opts))
	if err != nil {
		return nil, err
	}
	if err := c.res.first(c.List); err != nil {
		return nil, err
	}
	return c, nil
}

// newCores is NewCores before resources are opened.
func newCores(app *App, set *settings) (*Cores, error) {
	gauges := make([]gauge, len(app.conns))
	c := &Cores{Intake: newIntake(app, set, gauges), res: newResources(app), board: newBoard(app)}
	for i := range set.workers {
		k, err := newCore(app, set, Endpoint{set.node, i}, set.workers, c.board, gauges)
		if err != nil {
			return nil, err
		}
		c.List = append(c.List, k)
	}
	return c, nil
}

// Expect opens the resources of a function before a group of it moves here: a
// shell calls it before the EventFence of a [Transfer] at the source, and
// [Cores.Arrived] at both ends when the transfer has ended.
func (c *Cores) Expect(f Function) error {
	n := c.res.app.byName[f.Name()]
	if n == nil {
		return fmt.Errorf("sfaas: no function %s", f.Name())
	}
	return c.res.expect(n, c.List, directly)
}

// Arrived ends what Expect began, and closes the resources of the function if
// no core owns a group of it any more. Expected is false at the source.
func (c *Cores) Arrived(f Function, expected bool) error {
	n := c.res.app.byName[f.Name()]
	switch {
	case n == nil:
		return nil
	case expected:
		return c.res.arrived(n, c.List, directly)
	}
	return c.res.release(n, c.List, directly)
}

// Close closes the resources.
func (c *Cores) Close() error { return c.res.closeAll(c.List) }

// Stats returns the counters of all functions, as [Runtime.Stats] does.
func (c *Cores) Stats() []FunctionStats {
	for _, k := range c.List {
		k.publish()
	}
	return c.board.read()
}

func newCore(app *App, set *settings, self Endpoint, count int, b *board, gauges []gauge) (*Core, error) {
	if self.Core < 0 || self.Core >= count || count > Groups {
		return nil, fmt.Errorf("sfaas: core %d of %d", self.Core, count)
	}
	k := &Core{app: app, set: set, self: self, count: count, from: self, keys: map[Key]*keyState{}, board: b, gauges: gauges}
	k.lane = newLane(app, set, uint64(self.Node)<<48|uint64(self.Core)<<40)
	k.ways = waysFrom(app, set)
	k.halves = make([]joinBuffer, len(app.nodes))
	k.idle.sources, k.idle.sent = make([]uint64, len(app.outlets)), make([]uint64, len(app.nodes))
	k.stats = make([]nodeStats, len(app.nodes))
	for range app.nodes {
		o := &ownership{}
		for g := range o.routes {
			o.routes[g] = route{owner: self.Node, epoch: 1}
			if set.standby != 0 {
				o.routes[g].owner = set.standby
			}
		}
		k.owned = append(k.owned, o)
	}
	for _, n := range app.nodes {
		k.recount(n)
	}
	return k, nil
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
func (k *Core) Step(ev Event, eff []Effect) []Effect { return k.step(&ev, eff) }

func (k *Core) step(ev *Event, eff []Effect) []Effect {
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
		k.committed(ev.Batch, ev.Err)
	case EventFault:
		k.takeOver(ev.Err)
	case EventTask:
		k.inline.push(item{conn: ev.Task.conn, msg: ev.Task.msg, ks: ev.Task.ks, task: ev.Task})
	case EventTaskDone:
		ev.Task.done = true
		k.finishTasks(ev.Task.home)
	case EventFence, EventAdopt, EventAdopted, EventMarker:
		k.stepTransfer(ev)
	case EventAck:
		k.acknowledged(ev)
	case EventPublish:
		k.endTiming()
		k.publish()
	}
	return k.endStep()
}

// Run is Step of an [EventRun] at the given moment.
func (k *Core) Run(now Time, eff []Effect) []Effect {
	k.now, k.eff, k.cost = now, eff, 0
	k.runNext()
	return k.endStep()
}

// endStep does what the step has made possible and returns its effects.
func (k *Core) endStep() []Effect {
	if len(k.transfer) > 0 {
		k.tryFences()
	}
	if len(k.markers) > 0 {
		k.sendMarkers()
	}
	if k.idle.fresh >= idleBatch {
		k.forgetIdle()
	}
	eff := k.eff
	k.eff = nil
	return eff
}

func (k *Core) effect(e Effect) { k.eff = append(k.eff, e) }

// state returns what is kept about a key, new if need be.
func (k *Core) state(key Key, group uint8) *keyState {
	if ks := k.recent[group]; ks != nil && ks.key == key {
		ks.touched = k.now
		return ks
	}
	ks := k.keys[key]
	if ks == nil {
		ks = &keyState{key: key, group: group, here: k.coreOf(group) == k.self.Core, insts: make([]*instance, len(k.app.nodes)), at: len(k.order)}
		k.keys[key] = ks
		k.order = append(k.order, ks)
		k.idle.fresh++
	}
	ks.touched = k.now
	k.recent[group] = ks
	return ks
}

// instance returns the instance of a node at a key, new if need be.
func (k *Core) instance(n *node, ks *keyState) *instance {
	inst := ks.insts[n.index]
	if inst == nil {
		inst = newInstance(n)
		inst.sent = k.idle.sent[n.index]
		ks.insts[n.index] = inst
	}
	return inst
}

func newInstance(n *node) *instance {
	inst := &instance{applied: make([]mark, len(n.ports))}
	for _, d := range n.fn.cells {
		inst.cells = append(inst.cells, d.make())
	}
	return inst
}

// coreOf returns the core that owns a key group.
func (k *Core) coreOf(group uint8) int { return int(group) % k.count }

// notice counts nothing: its callers do. It reports one deviation.
func (k *Core) notice(kind NoticeKind, n *node, h *Header, key Key, reason string, err error) {
	if !k.set.notices && kind != NoticeFault {
		return
	}
	k.effect(Effect{Kind: EffectNotice, Notice: &Notice{
		Kind: kind, At: Address{n.fn.name, key}, Header: *h, Reason: reason, Err: err,
	}})
}

// drop gives up on a message, counted and reported.
func (k *Core) drop(e *conn, m *Message, key Key, reason string) {
	k.stats[e.node.index].Dropped++
	k.notice(NoticeDropped, e.node, &m.Header, key, reason, nil)
	k.failCall(m, ErrTimeout)
	m.release(k.lane)
}
