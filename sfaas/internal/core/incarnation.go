// SPDX-License-Identifier: Apache-2.0

package core

import (
	"math"
	"sync"
	"time"

	"github.com/neuroran/neuroran/sfaas/internal/base"
)

// The incarnation of a runtime tells its life from the earlier ones of its node. Of two
// lives with one number the second would be taken for a repeat of the first: its records by
// the engine, which would acknowledge them and write nothing, and its messages by whoever
// has heard the first. A life whose number nobody has seen can be repeated without harm.
//
// Numbers count quarters of a second since 2024. By three rules none is shown twice:
//
//  1. A life has a number above that of the last one of which its engine has records.
//  2. Without records nothing but time tells two processes apart. The numbers of a process
//     begin with the quarter after the one in which it took its first, and it shows none
//     before that has come. So what the process before it has shown is lower: that had ended
//     when this one began.
//  3. Within a process each life of a node has a number above the one before.
//
// What is left, where there are no records, is a clock that is set back or was never set, a
// process with more than four lives of one node a second, which is ahead of the clock, and
// two processes that live at once under one number. Whoever has heard the other life refuses
// such a one, by the number or by the mark in its hello.

// Lives gives numbers to the lives that begin in one process.
type Lives struct {
	first uint32 // rule 2
	last  map[base.NodeID]uint32
}

const (
	incarnationEpoch = 1_704_067_200 * time.Second // 2024-01-01 since 1970
	incarnationTick  = 250 * time.Millisecond

	// mostTicks is what the clock gives at most, in 2058: who has had a clock that was wrong
	// has numbers left.
	mostTicks = math.MaxUint32 - 1<<20
)

// Next returns a number for a life of a node that begins at a moment since 1970, and for how
// long it is not to be shown. After is the last life in the records of its engine, 0 for none.
func (x *Lives) Next(node base.NodeID, after uint32, now time.Duration) (n uint32, wait time.Duration) {
	ticks := uint32(min(max((now-incarnationEpoch)/incarnationTick, 0), mostTicks))
	if x.last == nil {
		x.first, x.last = ticks+1, map[base.NodeID]uint32{}
	}
	n = max(ticks, x.last[node]+1, after+1)
	if after == 0 && ticks < x.first {
		n = max(n, x.first)
		wait = incarnationTick - now%incarnationTick
	}
	if n > after+1 || after == 0 { // else it says nothing of the clock
		x.last[node] = n
	}
	return n, wait
}

// processLives are those of this process.
var processLives struct {
	sync.Mutex
	Lives
}

// NextIncarnation returns a number for a life of a node that begins now, and the moment at
// which it may be shown; see [Lives.Next].
func NextIncarnation(node base.NodeID, after uint32) (n uint32, shown time.Time) {
	x := &processLives
	x.Lock()
	defer x.Unlock()
	now := time.Now()
	n, wait := x.Next(node, after, time.Duration(now.UnixNano()))
	return n, now.Add(wait)
}
