// SPDX-License-Identifier: Apache-2.0

package live

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/neuroran/neuroran/sfaas/internal/base"
)

// linked returns the runtime and all that it is linked with, directly or not,
// by number.
func (r *Runtime) linked() []*Runtime {
	all := []*Runtime{r}
	for i := 0; i < len(all); i++ {
		x := all[i]
		x.mu.Lock()
		for _, l := range x.links {
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

// settle waits until nothing is under way in runtimes whose sources are
// paused, and lets their workers stand still there. Resume lets them go on.
func settle(ctx context.Context, all []*Runtime) (resume func(), err error) {
	for wait := 20 * time.Microsecond; ; wait = min(2*wait, time.Millisecond) {
		if err := all[0].Drain(ctx); err != nil {
			return nil, err
		}
		resume, err := park(ctx, all)
		if err != nil || settled(all) {
			return resume, err
		}
		resume() // a timer, or a push that was under way, has made work
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(wait):
		}
	}
}

// park lets all workers stand still between two steps.
func park(ctx context.Context, all []*Runtime) (resume func(), err error) {
	release := make(chan struct{})
	resume = func() { close(release) }
	count := 0
	stands := make(chan struct{}, base.Groups*len(all))
	for _, r := range all {
		for _, w := range r.workers {
			if _, open := w.call(func() { stands <- struct{}{}; <-release }); !open {
				resume()
				return nil, base.ErrClosed
			}
			count++
		}
	}
	for range count {
		select {
		case <-stands:
		case <-ctx.Done():
			resume()
			return nil, ctx.Err()
		case <-all[0].stop:
			resume()
			return nil, base.ErrClosed
		}
	}
	return resume, nil
}

// settled reports whether workers that stand still have nothing left to do.
func settled(all []*Runtime) bool {
	for _, r := range all {
		for _, w := range r.workers {
			if w.inbox.total() != w.read || !w.core.Settled() {
				return false
			}
		}
	}
	return true
}
