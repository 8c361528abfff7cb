// SPDX-License-Identifier: Apache-2.0

package mac

import "github.com/neuroran/neuroran/phy/nr"

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
	for last := -1; bytes > 0; {
		next := 1 << 16
		for i := range u.Buffers {
			if p := u.priority(i); u.Buffers[i].Bytes > 0 && p > last && p < next {
				next = p
			}
		}
		if next == 1<<16 {
			return
		}
		for i := range u.Buffers {
			if u.priority(i) == next {
				bytes -= u.Buffers[i].take(bytes)
			}
		}
		last = next
	}
}

// report takes a buffer status report that came in a block first sent in slot at. It says
// what was left when that block was built; blocks that were built later have taken of it.
func (u *UE) report(r *BSR, at nr.Slot) {
	if r.Format == NoBSR || at < u.BSRAt {
		return
	}
	u.BSRAt, u.Requested = at, u.Requested && at <= u.RequestAt
	for i := range u.Buffers {
		if bytes, ok := r.Bytes(i); ok {
			u.Buffers[i].set(int32(bytes), at)
		}
	}
	for i := range NumProcesses {
		p := &u.Processes[i]
		if (u.InFlight|u.Due)>>i&1 != 0 && p.FirstAt > at {
			u.drain(p.Bits/8 - blockOverheadBytes)
		}
	}
}
