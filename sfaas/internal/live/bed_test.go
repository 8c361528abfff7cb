// SPDX-License-Identifier: Apache-2.0

package live

import (
	"sync/atomic"
	"testing"
	"time"
)

// TestBed wakes a sleeper at every moment of its sleep: no wake is lost, one that
// comes early counts, and time ends a sleep.
func TestBed(t *testing.T) {
	for _, realTime := range []bool{false, true} {
		b := newBed(realTime)
		b.wake()
		b.wake()
		if !b.sleep(forever) {
			t.Error("a wake before the sleep was no wake")
		}
		if begin := time.Now(); b.sleep(2*time.Millisecond) || time.Since(begin) < 2*time.Millisecond {
			t.Error("woken by nobody, or too early")
		}
		const rounds = 20_000
		var asked, done atomic.Int64
		end := make(chan struct{})
		go func() {
			defer close(end)
			for done.Load() < rounds {
				d := forever
				if done.Load()%3 == 0 {
					d = time.Microsecond
				}
				b.sleep(d)
				done.Store(asked.Load())
			}
		}()
		for i := range int64(rounds) {
			asked.Store(i + 1)
			b.wake()
			if i%7 == 0 {
				for done.Load() <= i {
					time.Sleep(time.Microsecond)
				}
			}
		}
		select {
		case <-end:
		case <-time.After(20 * time.Second):
			t.Fatalf("real-time %v: asleep after %d of %d", realTime, done.Load(), rounds)
		}
	}
}
