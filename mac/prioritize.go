// SPDX-License-Identifier: Apache-2.0

package mac

import (
	"math"
	"time"
)

// LogicalChannel is one logical channel of a UE, as logical channel prioritization sees it.
type LogicalChannel struct {
	Priority   int           // lower comes first
	PBR        float64       // prioritized bit rate, bytes per second; infinite for all that there is
	BucketSize time.Duration // bucketSizeDuration: the bucket holds at most PBR times this
	Waiting    int           // bytes that wait
	Bucket     float64       // Bj, bytes by which the prioritized rate is behind; negative after more was sent
}

// Prioritize shares the room of a block out among the logical channels of a UE: first every
// channel gets what its prioritized bit rate is behind, in the order of priorities; what is
// left goes by priority alone.
//
//   - dst: [len(channels)], bytes of each channel that go into the block
//   - channels: Waiting and Bucket are brought up to date
//   - room: bytes
//   - elapsed: time since the last block
//
// It returns how many bytes were given out. It does not allocate; dst and channels must have
// one length.
//
// TS 38.321 §5.4.3.1.
func Prioritize(dst []int, channels []LogicalChannel, room int, elapsed time.Duration) int {
	for j := range channels {
		c := &channels[j]
		dst[j] = 0
		if !math.IsInf(c.PBR, 1) {
			c.Bucket = min(c.Bucket+c.PBR*elapsed.Seconds(), c.PBR*c.BucketSize.Seconds())
		}
	}
	start := room
	for _, prioritized := range [...]bool{true, false} {
		for last := math.MinInt; room > 0; {
			next := nextPriority(channels, last)
			if next == math.MaxInt {
				break
			}
			room -= serve(dst, channels, next, room, prioritized)
			last = next
		}
	}
	return start - room
}

// nextPriority returns the lowest priority above last of a channel with data.
func nextPriority(channels []LogicalChannel, last int) int {
	next := math.MaxInt
	for j := range channels {
		if p := channels[j].Priority; channels[j].Waiting > 0 && p > last && p < next {
			next = p
		}
	}
	return next
}

// serve gives room to the channels of one priority, in their order, and returns how much.
func serve(dst []int, channels []LogicalChannel, priority, room int, prioritized bool) int {
	used := 0
	for j := range channels {
		c := &channels[j]
		if c.Priority != priority {
			continue
		}
		n := min(c.Waiting, room-used)
		if prioritized && !math.IsInf(c.PBR, 1) {
			n = min(n, int(max(math.Ceil(c.Bucket), 0)))
		}
		dst[j] += n
		c.Waiting -= n
		if !math.IsInf(c.PBR, 1) {
			c.Bucket -= float64(n)
		}
		used += n
	}
	return used
}
