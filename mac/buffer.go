// SPDX-License-Identifier: Apache-2.0

package mac

import (
	"math"
	"math/bits"

	"github.com/neuroran/neuroran/phy/nr"
)

// Buffer is what a cell believes a logical channel group of a UE to hold: the last report
// less what has been granted since. It is a comparable value.
type Buffer struct {
	Bytes    int32      // bytes that wait
	Arrivals [4]Arrival // of them, the oldest first: when they were first reported
	Used     uint8      // entries of Arrivals in use
}

// Arrival is data that a report has shown for the first time.
type Arrival struct {
	Bytes int32   // bytes of it that still wait
	At    nr.Slot // slot of the report
}

// set notes that the group holds so many bytes, by a report of slot at.
func (b *Buffer) set(bytes int32, at nr.Slot) {
	switch {
	case bytes < b.Bytes:
		b.take(b.Bytes - bytes)
	case bytes > b.Bytes:
		b.push(bytes-b.Bytes, at)
	}
}

// push adds bytes at the end. Where there is no room for another arrival, they count as
// old as the youngest.
func (b *Buffer) push(bytes int32, at nr.Slot) {
	b.Bytes += bytes
	if int(b.Used) < len(b.Arrivals) {
		b.Arrivals[b.Used] = Arrival{bytes, at}
		b.Used++
		return
	}
	b.Arrivals[b.Used-1].Bytes += bytes
}

// take removes up to so many bytes, the oldest first, and returns how many.
func (b *Buffer) take(bytes int32) int32 {
	bytes = min(bytes, b.Bytes)
	b.Bytes -= bytes
	for rest := bytes; rest > 0 && b.Used > 0; {
		head := &b.Arrivals[0]
		n := min(rest, head.Bytes)
		head.Bytes -= n
		rest -= n
		if head.Bytes == 0 {
			copy(b.Arrivals[:], b.Arrivals[1:b.Used])
			b.Used--
			b.Arrivals[b.Used] = Arrival{}
		}
	}
	return bytes
}

// age returns for how many slots the oldest bytes have waited.
func (b *Buffer) age(slot nr.Slot) float64 {
	if b.Used == 0 || slot < b.Arrivals[0].At {
		return 0
	}
	return float64(slot - b.Arrivals[0].At)
}

// priority returns the priority level of group i.
func (u *UE) priority(i int) int {
	q, ok := FiveQI(u.Config.LCGs[i].FiveQI)
	if !ok {
		q, _ = FiveQI(bestEffort)
	}
	return q.Priority
}

// drain takes the payload of a new block out of the buffers, as the UE will: the groups
// of the lowest priority level first.
func (u *UE) drain(bytes int32) {
	var waiting [NumLCGs]int32
	for i := range waiting {
		waiting[i] = u.Buffers[i].Bytes
	}
	left := u.withdraw(waiting, bytes)
	for i := range left {
		if n := waiting[i] - left[i]; n > 0 {
			u.Buffers[i].take(n)
		}
	}
}

// withdraw returns what is left of bytes that wait after a block with so much payload.
func (u *UE) withdraw(waiting [NumLCGs]int32, payload int32) [NumLCGs]int32 {
	if only := theOnly(&waiting); only >= 0 { // as with most UEs
		waiting[only] -= min(waiting[only], max(payload, 0))
		return waiting
	}
	for last := -1; payload > 0; {
		next := math.MaxInt
		for i, n := range waiting {
			if p := u.priority(i); n > 0 && p > last && p < next {
				next = p
			}
		}
		if next == math.MaxInt {
			break
		}
		for i := range waiting {
			if u.priority(i) == next {
				n := min(waiting[i], payload)
				waiting[i], payload = waiting[i]-n, payload-n
			}
		}
		last = next
	}
	return waiting
}

// theOnly returns the only group in which something waits, or -1.
func theOnly(waiting *[NumLCGs]int32) int {
	only := -1
	for i, n := range waiting {
		if n > 0 && only >= 0 {
			return -1
		}
		if n > 0 {
			only = i
		}
	}
	return only
}

// report takes a buffer status report that came in a block first sent in slot at. It says
// what was left when that block was built; blocks that were built later have taken of it.
// What is more than was believed has arrived with the report, so that ages are kept.
func (u *UE) report(r *BSR, at nr.Slot) {
	if r.Format == NoBSR || at < u.BSRAt {
		return
	}
	u.BSRAt, u.Requested = at, u.Requested && at <= u.RequestAt
	var waiting [NumLCGs]int32
	for named := r.LCGs; named != 0; named &= named - 1 {
		i := bits.TrailingZeros8(named)
		bytes, _ := r.Bytes(i)
		waiting[i] = int32(min(bytes, maxBufferBytes))
	}
	later := int32(0) // payload of later blocks
	for open := u.InFlight | u.Due; open != 0; open &= open - 1 {
		if p := &u.Processes[bits.TrailingZeros16(open)]; p.FirstAt > at {
			later = min(later+max(p.Bits/8-blockOverheadBytes, 0), maxBufferBytes)
		}
	}
	waiting = u.withdraw(waiting, later)
	for i := range waiting {
		if b := &u.Buffers[i]; b.Bytes != waiting[i] {
			b.set(waiting[i], at)
		}
	}
}
