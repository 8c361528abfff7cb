// SPDX-License-Identifier: Apache-2.0

package live

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/neuroran/neuroran/sfaas/internal/base"
)

// linked returns the runtime and all that it is linked with, directly or not,
// by number.
//
// Runtimes of other processes are left out: a snapshot can only stop what is here.
func (r *Runtime) linked() []*Runtime {
	all := []*Runtime{r}
	for i := 0; i < len(all); i++ {
		x := all[i]
		x.mu.Lock()
		for _, p := range x.links {
			// Links go both ways, but a runtime may be linked to one that this one is not
			// linked to: the walk finds all.
			l := p.local()
			if l == nil {
				continue
			}
			if !l.closed.Load() && !slices.Contains(all, l) {
				all = append(all, l)
			}
		}
		x.mu.Unlock()
	}
	slices.SortFunc(all, func(a, b *Runtime) int { return cmp.Compare(a.set.Node, b.set.Node) })
	return all
}

// pause lets the sources of all runtimes return ErrBusy. It reports false, and
// does nothing, if somebody else has paused one.
func pause(all []*Runtime) bool {
	// Two snapshots at once, from two ends of a link, must not both succeed half: the
	// second one gives back what it has paused.
	for i, r := range all {
		if !r.paused.CompareAndSwap(false, true) {
			unpause(all[:i])
			return false
		}
	}
	return true
}

func unpause(all []*Runtime) {
	for _, r := range all {
		r.paused.Store(false)
	}
}

// errLinks is the outcome of a snapshot during which peers have come or gone.
//
// Who was there when the sources were paused must be exactly who stands still in the end.
var errLinks = errors.New("sfaas: linked runtimes have come or gone meanwhile")

// halt brings all workers to a stand with nothing on its way between them.
// Resume lets them go on.
//
//  1. Handlers are held: workers take in what arrives and run nothing, see
//     [core.Core.RunHeld].
//  2. All workers stand still between two letters. If one has got another
//     letter by then, or its core is not still, they go on for a moment, and
//     stand still again: without handlers, letters come to an end.
//
// The waiting time doubles from 5 µs to 1 ms: mostly the first or second look succeeds,
// and a long commit should not be polled.
func (r *Runtime) halt(ctx context.Context, all []*Runtime) (resume func(), err error) {
	for _, x := range all {
		x.held.Store(true)
	}
	for wait := 5 * time.Microsecond; ; wait = min(2*wait, time.Millisecond) {
		// From here until stands is called every worker waits for the channel, and their
		// cores may be read.
		stands, err := park(ctx, all)
		if err != nil {
			release(all)
			return nil, err
		}
		resume := func() { stands(); release(all) }
		switch {
		// A runtime has come or gone meanwhile. The cut would not be of one system.
		case !slices.Equal(r.linked(), all):
			resume()
			return nil, errLinks
		case feeding(all):
			resume()
			return nil, base.ErrBusy
		case still(all):
			return resume, nil
		}
		stands()
		select {
		case <-ctx.Done():
			release(all)
			return nil, ctx.Err()
		case <-time.After(wait):
		}
	}
}

// release ends what halt has begun: handlers run again.
func release(all []*Runtime) {
	for _, r := range all {
		r.held.Store(false)
		for _, w := range r.workers {
			w.call(func() {}) // one that sleeps looks at its lines again
		}
	}
}

// park lets all workers stand still between two letters.
//
// A worker that stands keeps its thread free: it takes no turn until the channel is
// closed, and others on the same thread go on.
func park(ctx context.Context, all []*Runtime) (resume func(), err error) {
	goOn := make(chan struct{})
	// All are asked before any is waited for, so that they come to a stand side by side.
	stands := map[*worker]chan struct{}{}
	resume = func() {
		close(goOn)
		for w := range stands {
			w.on.wake()
		}
	}
	for _, r := range all {
		for _, w := range r.workers {
			at := make(chan struct{})
			if _, open := w.call(func() {
				w.stands = goOn
				close(at)
			}); !open {
				resume()
				return nil, base.ErrClosed
			}
			stands[w] = at
		}
	}
	for w, at := range stands {
		select {
		case <-at:
		case <-ctx.Done():
			resume()
			return nil, ctx.Err()
		case <-w.rt.stop: // it may never look
			resume()
			return nil, base.ErrClosed
		}
	}
	return resume, nil
}

// still reports whether nothing is on its way to workers that stand still.
//
// A letter that was posted and not read is on its way; total is read under the inbox's
// lock, and read belongs to a worker that stands.
func still(all []*Runtime) bool {
	for _, r := range all {
		for _, w := range r.workers {
			// Equal totals of what was posted and read, while nobody runs handlers:
			// nothing can come any more.
			if w.inbox.total() != w.read || !w.core.Still() {
				return false
			}
		}
	}
	return true
}

// feeding reports whether a move is under way that ends with slots to come.
func feeding(all []*Runtime) bool {
	for _, r := range all {
		for _, w := range r.workers {
			if w.core.Feeding() {
				return true
			}
		}
	}
	return false
}
