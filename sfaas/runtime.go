// SPDX-License-Identifier: Apache-2.0

package sfaas

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// Runtime is the production shell: it runs an [App] on a number of workers, a
// goroutine each, in this process. The worker of a message is chosen by its
// key alone.
//
// All methods may be called concurrently.
type Runtime struct {
	app     *App
	set     *settings
	workers []*worker
	homes   [Groups]*worker // by key group
	cores   *Cores
	paused  atomic.Bool // while a snapshot is taken
	cut     int         // size of the last snapshot; who has paused the runtime owns it

	mu     sync.Mutex
	calls  map[uint64]chan callResult
	nextID uint64
	links  map[NodeID]*Runtime
	closed atomic.Bool
	stop   chan struct{}
	wg     sync.WaitGroup
}

type callResult struct {
	msg *Message
	err error
}

var lastNode atomic.Uint32

// NewRuntime opens the resources of all functions and starts the workers. The
// caller closes the runtime.
func NewRuntime(app *App, opts ...Option) (*Runtime, error) {
	set := newSettings(append([]Option{WithNode(NodeID(lastNode.Add(1)))}, opts...))
	r := &Runtime{
		app: app, set: set, calls: map[uint64]chan callResult{},
		links: map[NodeID]*Runtime{}, stop: make(chan struct{}),
	}
	set.batchDone = r.batchDone
	var err error
	if r.cores, err = newCores(app, set); err != nil {
		return nil, err
	}
	for _, k := range r.cores.List {
		r.workers = append(r.workers, newWorker(r, k))
	}
	if err := r.cores.res.first(r.cores.List); err != nil {
		return nil, err
	}
	for g := range r.homes {
		r.homes[g] = r.workers[g%len(r.workers)]
	}
	for _, w := range r.workers {
		w.start(nil)
	}
	r.wg.Add(1)
	go r.watch()
	return r, nil
}

// App returns what the runtime runs.
func (r *Runtime) App() *App { return r.app }

// Node returns the runtime's number among linked ones.
func (r *Runtime) Node() NodeID { return r.set.node }

// Now reads the runtime's clock.
func (r *Runtime) Now() Time { return r.set.clock() }

// workerOf returns the worker of a key group.
func (r *Runtime) workerOf(group uint8) *worker { return r.homes[group] }

// Draft implements [Host].
func (r *Runtime) Draft(from SourceRef, key Key) (*Message, error) {
	if r.closed.Load() {
		return nil, ErrClosed
	}
	group := key.KeyGroup()
	if int(r.workerOf(group).inbox.load.Load()) >= r.set.sourceLimit || r.paused.Load() {
		return nil, ErrBusy
	}
	return r.cores.Intake.draft(from, key, group)
}

// Discard implements [Host].
func (r *Runtime) Discard(m *Message) { m.Release() }

// Inject implements [Host].
func (r *Runtime) Inject(m *Message) error {
	if err := r.cores.Intake.measure(m); err != nil {
		return err
	}
	if !r.workerOf(m.group).inbox.push(m) {
		m.Release()
		return ErrClosed
	}
	return nil
}

// Invoke implements [Host].
func (r *Runtime) Invoke(ctx context.Context, m *Message) (*Message, error) {
	ch := make(chan callResult, 1)
	r.mu.Lock()
	r.nextID++
	id := r.nextID
	r.calls[id] = ch
	r.mu.Unlock()
	defer func() {
		r.mu.Lock()
		delete(r.calls, id)
		r.mu.Unlock()
	}()
	ev := r.cores.Intake.CallEvent(m, id, r.set.node, r.set.clock())
	if !r.workerOf(m.group).post(ev) {
		return nil, ErrClosed
	}
	select {
	case res := <-ch:
		return res.msg, res.err
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-r.stop:
		return nil, ErrClosed
	}
}

// reply hands the result of a call to the host code that waits.
func (r *Runtime) reply(id uint64, m *Message, err error) {
	r.mu.Lock()
	ch := r.calls[id]
	delete(r.calls, id)
	r.mu.Unlock()
	if ch != nil {
		ch <- callResult{m, err}
	} else if m != nil {
		m.release(nil)
	}
}

// Drain waits until every message pushed so far, and everything that follows
// from it, has been processed and committed. Data that waits for a grant or a
// partner, and delayed messages, do not count.
func (r *Runtime) Drain(ctx context.Context) error {
	for wait := 20 * time.Microsecond; ; wait = min(2*wait, time.Millisecond) {
		if r.quiet() {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-r.stop:
			return ErrClosed
		case <-time.After(wait):
		}
	}
}

// quiet reports whether no worker, here or on a linked runtime, has work. What
// was done is read before what was asked for: equal sums mean that there was
// a moment without work.
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

// Stats returns the counters of all functions, in the order in which they were
// applied, sinks included. Workers publish theirs once a slot and when asked;
// one whose handler blocks is counted as of its last slot.
func (r *Runtime) Stats() []FunctionStats {
	r.ask(func(w *worker) { w.step(Event{Kind: EventPublish}) })
	return r.cores.board.read()
}

// ResetStats sets all counters to zero, as a program wants that has warmed up.
func (r *Runtime) ResetStats() {
	r.ask(func(w *worker) {
		w.core.endTiming()
		clear(w.core.stats)
		w.core.publish()
	})
}

// ask lets every worker run f between two steps and waits for them, but not
// for long: a handler may block.
func (r *Runtime) ask(f func(w *worker)) {
	var waits []chan struct{}
	for _, w := range r.workers {
		if ch, ok := w.call(func() { f(w) }); ok {
			waits = append(waits, ch)
		}
	}
	deadline := time.After(100 * time.Millisecond)
	for _, ch := range waits {
		select {
		case <-ch:
		case <-deadline:
			return
		}
	}
}

// Close stops the workers, waits for them, and closes the resources. Messages
// that have not been processed are lost. A handler that blocks is not waited
// for. Close is idempotent.
func (r *Runtime) Close() error {
	if r.closed.Swap(true) {
		return nil
	}
	for _, w := range r.workers {
		w.inbox.close()
	}
	close(r.stop)
	r.wg.Wait()
	return r.cores.Close()
}
