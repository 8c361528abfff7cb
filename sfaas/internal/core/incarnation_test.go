// SPDX-License-Identifier: Apache-2.0

package core

import (
	"testing"
	"time"
)

// TestIncarnations lets processes of a node begin one after the other, as soon as the one
// before has shown a number of its own: the numbers of each are higher.
func TestIncarnations(t *testing.T) {
	x := &incarnations
	last, first := x.last, x.first
	t.Cleanup(func() { x.last, x.first = last, first })
	var shown uint32
	now := time.Now()
	for process := range 50 {
		x.last, x.first = 0, time.Time{}
		n := nextIncarnation(now)
		if n <= shown {
			t.Fatalf("process %d has number %d, and one before it has shown %d", process, n, shown)
		}
		if next := nextIncarnation(now); next <= n {
			t.Fatalf("two runtimes of a process have %d and %d", n, next)
		}
		shown = n
		if wait := x.first.Sub(now); wait <= 0 || wait > incarnationTick {
			t.Fatalf("the first number of a process is shown after %v", wait)
		}
		now = x.first
	}
}
