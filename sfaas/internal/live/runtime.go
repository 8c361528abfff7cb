// SPDX-License-Identifier: Apache-2.0

package live

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/core"
	"github.com/neuroran/neuroran/sfaas/internal/plan"
	"github.com/neuroran/neuroran/sfaas/internal/state"
)

// Runtime is the production shell: a worker for each core of a runtime, on the
// threads of a group, and what lets host code push, call and wait. All methods may
// be called concurrently.
//
// Closing, step by step, and why in this order:
//
//  1. closed is set: no new draft, no new link.
//  2. What was pushed is read by the cores, so that what is for others is kept and sent.
//  3. It is waited, bounded, for others to acknowledge that.
//  4. The inboxes close. Workers leave their threads as they find that out; the watchdog
//     gives up on those in a handler.
//  5. When all have ended, units on their way here are refused, and peers told.
//  6. Threads end, then resources close: nobody runs who could use them.
type Runtime struct {
	app     *plan.App
	set     *core.Settings
	group   *Group
	workers []*worker
	homes   [base.Groups]*worker // by key group
	cores   *core.Cores
	routes  routeTable
	paused  atomic.Bool     // while a snapshot is taken: sources are refused
	held    atomic.Bool     // while workers come to a stand for that: no handler runs
	mark    uint64          // at random: names the runtime, and its clock if it is not that of the process
	unread  atomic.Bool     // an engine has records that have not been recovered
	shown   time.Time       // before which nobody hears the number of this life
	rec     *state.Recorder // of records, for an engine that keeps them
	cut     int             // size of the last snapshot; who has paused the runtime owns it

	mu     sync.Mutex
	calls  map[uint64]chan callResult
	nextID uint64
	links  map[base.NodeID]peer
	lives  map[base.NodeID]heard // the last life of each that was ever connected
	wire   *state.Wire
	frames *base.FramePool
	closed atomic.Bool
	stop   chan struct{}
	wg     sync.WaitGroup
	ended  chan struct{} // closed when Close has ended everything
	end    error         // of it
}

type callResult struct {
	msg *core.Message
	err error
}

var lastNode atomic.Uint32

// NextNode returns a number that no runtime of the process has got from it yet.
func NextNode() base.NodeID { return base.NodeID(lastNode.Add(1)) }

// New opens the resources of all functions and starts the workers. The
// caller closes the runtime, to which the settings belong from here on.
func New(app *plan.App, set *core.Settings) (*Runtime, error) {
	if err := set.Check(app); err != nil { // before a life begins, which is recorded
		return nil, err
	}
	r := &Runtime{
		app: app, set: set, calls: map[uint64]chan callResult{},
		links: map[base.NodeID]peer{}, lives: map[base.NodeID]heard{}, stop: make(chan struct{}), ended: make(chan struct{}), wire: state.NewWire(app, set), frames: &base.FramePool{},
		routes: routeTable{byUnit: map[base.Unit]base.Route{}, rests: map[string]core.Rest{}, watch: map[int]func(base.Route){}, outlived: map[base.Unit]uint32{}, self: set.Node},
	}
	// Counters are shown once per slot, or where slots are shorter than the clock can
	// bear, every 100 µs.
	if set.Timeline != nil {
		set.PublishEvery = max(set.Timeline.Length(), 100*time.Microsecond)
	}
	set.BatchDone, set.Translate = r.batchDone, state.Translate
	r.mark = rand.Uint64() | 1
	err := r.beginLife()
	if err != nil {
		// The life begins before anything that could be recorded.
		return nil, err
	}
	if r.cores, err = core.NewCores(app, set); err != nil {
		return nil, err
	}
	if err := r.enterGroup(); err != nil {
		return nil, errors.Join(err, r.cores.Close())
	}
	for _, p := range app.Parts {
		if set.DefaultOwner(p.Name) != set.Node {
			r.routes.foreign.Store(true)
		}
	}
	// Workers are made before any is seated: the first message of one may be for another.
	for i, k := range r.cores.List {
		r.workers = append(r.workers, newWorker(r, k, r.threadOf(i)))
	}
	for g := range r.homes {
		// A key group has its worker for the life of the runtime, so that whoever pushes
		// finds it without a lock.
		r.homes[g] = r.workers[g%len(r.workers)]
	}
	for _, w := range r.workers {
		r.wg.Add(1)
		w.on.seat(w)
	}
	r.wg.Add(1)
	go r.watch()
	return r, nil
}

// enterGroup finds the threads for the workers: those that the settings name, or a
// group of the runtime's own.
func (r *Runtime) enterGroup() error {
	if g, ok := r.set.Group.(*Group); ok {
		for _, i := range r.set.GroupThreads {
			if i < 0 || i >= g.Len() {
				return &base.OptionError{Option: "WithThreadGroup", Got: fmt.Sprintf("thread %d", i), Want: fmt.Sprintf("0 to %d", g.Len()-1)}
			}
		}
		r.group = g
		return g.join()
	}
	g, err := NewGroup(r.set.Workers, r.set.Threads, r.set.Logger)
	if err != nil {
		return err
	}
	r.group = g
	return g.join()
}

// threadOf returns the thread of worker i.
//
// More workers than threads share them in turn.
func (r *Runtime) threadOf(i int) *thread {
	if on := r.set.GroupThreads; len(on) > 0 {
		return r.group.threads[on[i%len(on)]]
	}
	return r.group.threads[i%r.group.Len()]
}

// leaveGroup ends the threads if they are the runtime's own.
func (r *Runtime) leaveGroup() error {
	r.group.leave()
	if r.set.Group != nil {
		return nil
	}
	return r.group.Close()
}

// App returns what the runtime runs.
func (r *Runtime) App() *plan.App { return r.app }

// Node returns the runtime's number among linked ones.
func (r *Runtime) Node() base.NodeID { return r.set.Node }

// Now reads the runtime's clock.
func (r *Runtime) Now() base.Time { return r.set.Clock() }

// workerOf returns the worker of a key group.
func (r *Runtime) workerOf(group uint8) *worker { return r.homes[group] }

// Draft returns an empty message of a source under a key. It returns ErrBusy
// while the key's worker has too much to do or a snapshot is taken.
func (r *Runtime) Draft(from core.SourceRef, key base.Key) (*core.Message, error) {
	if r.closed.Load() {
		return nil, base.ErrClosed
	}
	group := key.KeyGroup()
	// What waits in the inbox, in the lines beyond the limit, at other runtimes
	// unacknowledged, and at the engine: all of it is work that this key's worker has
	// accepted and not finished.
	w := r.workerOf(group)
	kept, batches := w.core.Unanswered()
	if int(w.inbox.load.Load()+w.over.Load())+kept+batches >= r.set.SourceLimit || r.paused.Load() {
		return nil, r.refusal()
	}
	if r.routes.foreign.Load() || r.set.Leaving.Load() {
		if err := r.reachable(from, key); err != nil {
			return nil, err
		}
	}
	return r.cores.Intake.DraftIn(from, key, group)
}

// Discard takes back a message that will not be sent.
func (r *Runtime) Discard(m *core.Message) { m.Release() }

// Inject sends a message whose slot is set to the worker of its key.
func (r *Runtime) Inject(m *core.Message) error {
	if err := r.cores.Intake.Measure(m); err != nil {
		return err
	}
	if !r.workerOf(m.Group()).inbox.push(m) {
		m.Release()
		return base.ErrClosed
	}
	return nil
}

// Invoke sends a message as a call and waits for its reply.
func (r *Runtime) Invoke(ctx context.Context, m *core.Message) (*core.Message, error) {
	ch := make(chan callResult, 1)
	r.mu.Lock()
	r.nextID++
	id := r.nextID
	// The channel has room for one answer: a reply that comes after the caller has gone
	// waits for nobody.
	r.calls[id] = ch
	r.mu.Unlock()
	defer func() {
		r.mu.Lock()
		delete(r.calls, id)
		r.mu.Unlock()
	}()
	ev, err := r.cores.Intake.CallEvent(m, id, r.set.Node, r.set.Clock())
	if err != nil {
		return nil, err
	}
	if !r.workerOf(m.Group()).post(ev) {
		return nil, base.ErrClosed
	}
	select {
	// A reply, the caller's patience, or the end of the runtime: whatever comes first.
	// What comes later is released.
	case res := <-ch:
		return res.msg, res.err
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-r.stop:
		return nil, base.ErrClosed
	}
}

// reply hands the result of a call to the host code that waits.
func (r *Runtime) reply(id uint64, m *core.Message, err error) {
	r.mu.Lock()
	ch := r.calls[id]
	delete(r.calls, id)
	r.mu.Unlock()
	if ch != nil {
		ch <- callResult{m, err}
	} else if m != nil {
		m.Release()
	}
}

// Drain waits until every message pushed so far, and everything that follows
// from it, has been processed and committed, here and at runtimes of this process that
// are linked. Data that waits for a grant or a partner, and delayed messages, do not count.
//
// Of runtimes of other processes it waits for what they owe to this one: for what it has
// sent on edges that promise delivery, until they have processed and committed that. What
// follows from it there, and what goes there on AtMostOnce edges, is theirs: they have
// a Drain of their own.
//
// Drain polls: there is no event that says "nothing is left", since the last message may
// be on its way between two cores. The sum of letters posted and of letters done with
// tells, if read in the right order.
func (r *Runtime) Drain(ctx context.Context) error {
	if r.quiet() {
		return nil
	}
	wait := 20 * time.Microsecond
	poll := time.NewTimer(wait)
	defer poll.Stop()
	for ; !r.quiet(); poll.Reset(wait) {
		wait = min(2*wait, time.Millisecond)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-r.stop:
			return base.ErrClosed
		case <-poll.C:
		}
	}
	return nil
}

// quiet reports whether no worker, here or on a linked runtime, has work. What
// was done is read before what was asked for: equal sums mean that there was
// a moment without work.
//
// Proof: done is summed first, posted after it. Both only rise, and done of a worker
// counts letters posted before. If the sums are equal, no letter was posted and not done
// with between the two readings, on any worker: at that moment nothing was under way.
func (r *Runtime) quiet() bool {
	all := r.linked()
	var done, posted uint64
	for _, x := range all {
		for _, w := range x.workers {
			done += w.done.Load()
		}
	}
	for _, x := range all {
		for _, w := range x.workers {
			posted += w.inbox.total()
		}
	}
	return done == posted
}

// Stats asks the workers to publish their counters and returns the sums by
// function. A worker whose handler blocks is counted as of its last slot.
func (r *Runtime) Stats() []core.FunctionStats {
	r.ask(func(w *worker) { w.step(core.Event{Kind: core.EventPublish}) })
	return r.cores.Published()
}

// ResetStats sets all counters to zero, as a program wants that has warmed up.
func (r *Runtime) ResetStats() {
	r.ask(func(w *worker) {
		w.step(core.Event{Kind: core.EventPublish})
	})
	r.cores.ResetStats()
}

// askLimit is for how long host code waits for workers to tell something.
const askLimit = 100 * time.Millisecond

// ask lets every worker run f between two steps and waits for them, but not
// for long: a handler may block.
//
// A worker in a handler that blocks answers late or never; host code then goes on with
// what is known.
func (r *Runtime) ask(f func(w *worker)) {
	ctx, stop := context.WithTimeout(context.Background(), askLimit)
	defer stop()
	_ = r.askUntil(ctx, f)
}

// askUntil is ask for as long as ctx allows.
func (r *Runtime) askUntil(ctx context.Context, f func(w *worker)) error {
	var waits []chan struct{}
	for _, w := range r.workers {
		// All are asked, then all are waited for: the slowest one counts, and not the
		// sum.
		if ch, ok := w.call(func() { f(w) }); ok {
			waits = append(waits, ch)
		}
	}
	for _, ch := range waits {
		select {
		case <-ch:
		case <-ctx.Done():
			return ctx.Err()
		case <-r.stop:
			return base.ErrClosed
		}
	}
	return nil
}

// Close stops the workers, waits for them, and closes the resources. Messages
// that have not been processed are lost. What other runtimes have not
// acknowledged is waited for, for as long as the block limit says; what is
// given up then is a [*base.UnacknowledgedError]. A handler that blocks is not waited
// for, nor is another function of the program that has not returned after closeTime: that is a
// [*base.OptionError], and everything ends with the function. Linked runtimes forget this one.
// Close is idempotent: a later call waits for the first one.
func (r *Runtime) Close() error {
	r.mu.Lock() // whoever has seen it open has said so in wg
	closed := r.closed.Swap(true)
	r.mu.Unlock()
	if !closed {
		go r.close()
	}
	select {
	case <-r.ended:
		if closed {
			return nil
		}
		return r.end
	case <-time.After(closeTime + 3*min(r.set.BlockLimit, time.Hour)):
		return &base.OptionError{Option: "Close", Got: "a function of the program that has not returned", Want: "one that does not wait for the runtime"}
	}
}

// closeTime is for how long Close waits for what is no handler, beyond what others, and
// handlers, may take: an engine may have much to write.
const closeTime = 5 * time.Second

// close is Close, once.
func (r *Runtime) close() {
	defer close(r.ended)
	r.readAll()
	lost := r.awaitAcknowledged()
	for _, w := range r.workers {
		w.inbox.close()
	}
	close(r.stop)
	r.wg.Wait()
	for _, w := range r.workers {
		w.refuseLeft()
	}
	r.settleRoutes()
	for _, x := range r.peers() {
		x.leave()
		r.unlink(x, base.ErrClosed)
	}
	r.end = errors.Join(r.leaveGroup(), r.cores.Close())
	if lost > 0 {
		r.end = errors.Join(r.end, &base.UnacknowledgedError{Node: r.set.Node, Messages: lost})
	}
}

// readAll waits, bounded, until the workers have read what was pushed: what is for
// other runtimes is kept from then on.
func (r *Runtime) readAll() {
	ctx, stop := context.WithTimeout(context.Background(), r.set.BlockLimit)
	defer stop()
	_ = r.askUntil(ctx, func(*worker) {})
}

// awaitAcknowledged waits, bounded, until other runtimes have acknowledged what
// was sent to them, and returns how much they have not.
func (r *Runtime) awaitAcknowledged() int {
	kept := func() int {
		n := 0
		for _, w := range r.workers {
			k, _ := w.core.Unanswered()
			n += k
		}
		return n
	}
	// What is kept for others may need them to commit, which may take a while. It cannot
	// be waited for longer than a handler may block.
	for end := time.Now().Add(r.set.BlockLimit); kept() > 0 && len(r.peers()) > 0 && time.Now().Before(end); {
		time.Sleep(100 * time.Microsecond)
	}
	return kept()
}

// Pushed returns how far a source has come under a key.
func (r *Runtime) Pushed(from core.SourceRef, key base.Key) (core.Position, bool) {
	var p core.Position
	var known bool
	k := r.workerOf(key.KeyGroup())
	done, open := k.call(func() { p, known = k.core.Pushed(from, key) })
	if !open {
		return core.Position{}, false
	}
	select {
	case <-done:
		return p, known
	case <-r.stop:
		return core.Position{}, false
	}
}
