// SPDX-License-Identifier: Apache-2.0

package core

import (
	"math"
	"testing"
	"time"

	"github.com/neuroran/neuroran/sfaas/internal/base"
)

// TestNumbers lets processes of a node begin one after the other, each as soon as the one
// before has shown a number of its own: the numbers of each are higher, those of further
// lives in it too, whenever they begin.
func TestNumbers(t *testing.T) {
	for _, later := range []time.Duration{0, 100 * time.Millisecond, incarnationTick, time.Hour} {
		now, shown := incarnationEpoch+time.Hour+123*time.Millisecond, uint32(0)
		for process := range 50 {
			x := Lives{}
			n, wait := x.Next(1, 0, now)
			if n <= shown {
				t.Fatalf("process %d has number %d, and one before it has shown %d", process, n, shown)
			}
			if wait <= 0 || wait > incarnationTick {
				t.Fatalf("the first number of a process is shown after %v", wait)
			}
			if other, _ := x.Next(2, 0, now); other != n {
				t.Fatalf("the first life of another node has number %d, want %d", other, n)
			}
			shown, now = n, now+wait
			if later >= incarnationTick {
				now += later
				if n, wait = x.Next(1, 0, now); n <= shown || wait > 0 {
					t.Fatalf("the second life in process %d has number %d after %d, shown after %v", process, n, shown, wait)
				}
				shown = n
			}
		}
	}
}

// TestNumbersOfRecords gives numbers to lives after those of which there are records, whatever
// the clock says.
func TestNumbersOfRecords(t *testing.T) {
	now := incarnationEpoch + 1000*incarnationTick
	for _, c := range []struct {
		clock       time.Duration
		after, want uint32
	}{
		{now, 7, 1000}, {now, 999, 1000}, {now, 1000, 1001}, {now, 2000, 2001}, {now, math.MaxUint32 - 1, math.MaxUint32},
		{0, 7, 8}, {-time.Hour, 7, 8}, {math.MaxInt64, 7, mostTicks}, {math.MaxInt64, mostTicks, mostTicks + 1},
	} {
		x := Lives{}
		if n, wait := x.Next(base.NodeID(1), c.after, c.clock); n != c.want || wait != 0 {
			t.Errorf("life %d comes after %d by the clock %v, shown after %v; want %d at once", n, c.after, c.clock, wait, c.want)
		}
	}
	x := Lives{} // a clock that was never set
	if n, wait := x.Next(1, 0, 0); n != 1 || wait > incarnationTick {
		t.Errorf("life %d, shown after %v", n, wait)
	}
}
