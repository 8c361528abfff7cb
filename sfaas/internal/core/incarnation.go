// SPDX-License-Identifier: Apache-2.0

package core

import (
	"sync"
	"time"
)

// The incarnation of a runtime tells its life from the earlier ones of its node. Of two
// lives with one number the second would be taken for a repeat of the first: its records by
// the engine, which would acknowledge them and write nothing, and its messages by whoever
// has heard the first.
//
// Where an engine has records of the last life, the number follows from that. Else it is
// the clock's, which counts quarters of a second since 2024, and nothing but time tells two
// processes apart. So a process takes numbers from the quarter on that comes next, and
// shows none before that has begun ([AwaitIncarnation]): a process that starts when this one has
// ended starts in that quarter or later, and its numbers are higher. A life whose number
// nobody has seen can be repeated without harm.
//
// What is left: a process that makes more than four runtimes a second under one node number
// is ahead of the clock, and the next process may have a number that was used. Whoever has
// heard of that refuses it, by the mark in its hello.
var incarnations struct {
	sync.Mutex
	last  uint32
	first time.Time // when the first number of the process is its own alone
}

const (
	incarnationEpoch = 1_704_067_200 * time.Second // 2024-01-01 since 1970
	incarnationTick  = 250 * time.Millisecond
)

// nextIncarnation returns a number that no runtime of the process has got before, and none
// of an earlier process had shown to anybody.
func nextIncarnation(now time.Time) uint32 {
	x := &incarnations
	x.Lock()
	defer x.Unlock()
	ticks := (time.Duration(now.UnixNano())-incarnationEpoch)/incarnationTick + 1
	if x.last == 0 {
		begin := ticks*incarnationTick + incarnationEpoch
		x.first = now.Add(begin - time.Duration(now.UnixNano()))
	}
	x.last = max(uint32(ticks), x.last+1)
	return x.last
}

// AwaitIncarnation returns when the numbers that this process takes of the clock are its own
// alone: at once, but for the first quarter of a second of a process.
func AwaitIncarnation() {
	x := &incarnations
	x.Lock()
	wait := time.Until(x.first)
	x.Unlock()
	time.Sleep(wait)
}
