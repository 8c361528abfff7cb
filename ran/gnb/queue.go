// SPDX-License-Identifier: Apache-2.0

package gnb

import (
	"math"
	"time"
)

// queue is what a UE has to send: a stream of bytes that packets follow each other in.
// Blocks take ranges of the stream; a packet has arrived when every block with a part of
// it has, and is lost with any of them.
type queue struct {
	full    bool      // a full buffer: there is always more, and no packets
	packets []pending // those that have not been settled; the oldest is at head
	head    int
	made    int64 // bytes of the stream so far
	sent    int64 // of them, taken by blocks
}

// pending is a packet on its way.
type pending struct {
	at         time.Duration
	start, end int64 // its place in the stream
	missing    int64 // bytes that are neither received nor lost
	lost       bool
}

// waiting returns how many bytes no block has taken.
func (q *queue) waiting() int {
	if q.full {
		return math.MaxInt32
	}
	return int(q.made - q.sent)
}

// Bounds of a queue: a UE that is offered more than it can send loses packets when they come.
const (
	maxQueueBytes   = 1 << 28
	maxQueuePackets = 1 << 17
)

// push adds a packet, and reports false where there is no room for it. It allocates only where
// more packets wait than ever before.
func (q *queue) push(p Packet) bool {
	if q.waiting()+p.Bytes > maxQueueBytes || len(q.packets)-q.head >= maxQueuePackets {
		return false
	}
	if q.head > 0 && len(q.packets) == cap(q.packets) {
		q.packets = append(q.packets[:0], q.packets[q.head:]...)
		q.head = 0
	}
	end := q.made + int64(p.Bytes)
	q.packets = append(q.packets, pending{at: p.At, start: q.made, end: end, missing: int64(p.Bytes)})
	q.made = end
	return true
}

// take gives a block up to so many bytes, and returns the range.
func (q *queue) take(bytes int) (start, end int64) {
	start = q.sent
	q.sent += int64(bytes)
	if q.full {
		q.made = q.sent
	}
	q.sent = min(q.sent, q.made)
	return start, q.sent
}

// settle notes that the bytes of a range have arrived, or are lost, and tells the packets
// of which nothing is missing any more, the oldest first.
func (q *queue) settle(start, end int64, lost bool, tell func(p *pending)) {
	if q.full || start == end {
		return
	}
	rest := q.packets[q.head:]
	low, high := 0, len(rest) // the first packet that ends after start
	for low < high {
		if mid := (low + high) / 2; rest[mid].end <= start {
			low = mid + 1
		} else {
			high = mid
		}
	}
	for i := low; i < len(rest) && rest[i].start < end; i++ {
		p := &rest[i]
		p.missing -= min(end, p.end) - max(start, p.start)
		p.lost = p.lost || lost
		if p.missing == 0 {
			tell(p)
		}
	}
	for q.head < len(q.packets) && q.packets[q.head].missing == 0 {
		q.head++
	}
	if q.head == len(q.packets) {
		q.packets, q.head = q.packets[:0], 0
	}
}
