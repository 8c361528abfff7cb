// SPDX-License-Identifier: Apache-2.0

package resource

import (
	"iter"
	"slices"

	"github.com/neuroran/neuroran/sfaas"
)

// A LeaseID has the place of its entry below and the life of it above:
//
//	63            32 31             0
//	 life of entry  |  entry
//
// so a lease is found without a search, and an ID that has ended finds another life.
// The leases of a unit are a chain through their entries, the newest first.

// of returns the entries of a unit.
func (t *Table) of(u unit) iter.Seq[uint32] {
	return func(yield func(uint32) bool) {
		i, ok := t.byUnit[u]
		for ok && i != none && yield(i) {
			i = t.entries[i].next
		}
	}
}

// find returns the entry of a lease that stands, or nil.
func (t *Table) find(id LeaseID) *entry {
	i := uint64(id) & uint64(none)
	if i >= uint64(len(t.entries)) {
		return nil
	}
	if e := &t.entries[i]; e.live && e.life == uint32(id>>32) {
		return e
	}
	return nil
}

// enter takes what a lease needs and puts it into an entry.
func (t *Table) enter(u unit, l Lease) Lease {
	t.take(&l.Need, l.On)
	var i uint32
	if n := len(t.vacant); n > 0 {
		i, t.vacant = t.vacant[n-1], t.vacant[:n-1]
	} else {
		i = uint32(len(t.entries))
		t.entries = append(t.entries, entry{})
	}
	e := &t.entries[i]
	e.life++
	l.ID = LeaseID(e.life)<<32 | LeaseID(i)
	e.lease, e.live, e.next = l, true, none
	if first, ok := t.byUnit[u]; ok {
		e.next = first
	}
	t.byUnit[u] = i
	t.soonest = min(t.soonest, l.Until)
	t.version++
	t.standing++
	return l
}

// drop frees what the lease of an entry holds, and the entry.
func (t *Table) drop(i uint32) {
	e := &t.entries[i]
	u := unit{e.lease.Owner.App, e.lease.Owner.Unit}
	before := none
	for j := range t.of(u) {
		if j == i {
			break
		}
		before = j
	}
	switch {
	case before != none:
		t.entries[before].next = e.next
	case e.next != none:
		t.byUnit[u] = e.next
	default:
		delete(t.byUnit, u)
	}
	t.put(&e.lease.Need, e.lease.On)
	e.lease, e.live = Lease{}, false
	t.vacant = append(t.vacant, i)
	t.version++
	t.standing--
}

// expire ends what is due.
func (t *Table) expire(now sfaas.Time) {
	if now < t.soonest {
		return
	}
	t.soonest = sfaas.Never
	for i := range t.entries {
		e := &t.entries[i]
		switch {
		case !e.live:
		case e.lease.Until <= now:
			t.gone = append(t.gone, e.lease)
			t.drop(uint32(i))
		default:
			t.soonest = min(t.soonest, e.lease.Until)
		}
	}
}

// take and put move what a need names from and to what is free.
func (t *Table) take(n *Need, on []int) {
	t.free.take(n)
	for i, a := range n.Accelerators {
		free := &t.free.Accelerators[on[i]]
		free.Share, free.Memory = free.Share-a.Share, free.Memory-a.Memory
	}
}

func (t *Table) put(n *Need, on []int) {
	t.free.give(n)
	for i, a := range n.Accelerators {
		free := &t.free.Accelerators[on[i]]
		free.Share, free.Memory = free.Share+a.Share, free.Memory+a.Memory
	}
}

// fit returns on which accelerators a need fits, or a [*ShortError].
func (t *Table) fit(n *Need) ([]int, error) {
	if err := t.fitLines(n); err != nil {
		return nil, err
	}
	if len(n.Accelerators) == 0 {
		return nil, nil
	}
	if on := t.packer.pack(t.free.Accelerators, n.Accelerators); on != nil {
		return on, nil
	}
	return nil, t.shortAccelerator(n.Accelerators)
}

// devices returns on which accelerators needs are if they have to be somewhere: where they
// fit, or else each on the device of its kind that has most left. It returns a
// [*ShortError] for a kind of which there is none.
func (t *Table) devices(needs []AcceleratorNeed) ([]int, error) {
	if len(needs) == 0 {
		return nil, nil
	}
	if on := t.packer.pack(t.free.Accelerators, needs); on != nil {
		return on, nil
	}
	on := make([]int, 0, len(needs))
	for _, a := range needs {
		best := -1
		for i, free := range t.free.Accelerators {
			if free.Kind == a.Kind && (best < 0 || byLeft(t.free.Accelerators[best], free) < 0) {
				best = i
			}
		}
		if best < 0 {
			return nil, &ShortError{Line: LineAccelerator, Kind: a.Kind, Want: int64(a.Share)}
		}
		on = append(on, best)
	}
	return on, nil
}

// short returns a [*ShortError] for the first line of which less than nothing is free. What
// it wants is what is held.
func (t *Table) short() error {
	free, total := t.free.lines(), t.total.lines()
	for i, f := range free {
		if f.amount < 0 {
			return &ShortError{Line: f.line, Want: total[i].amount - f.amount, Free: total[i].amount, Total: total[i].amount}
		}
	}
	for i, free := range t.free.Accelerators {
		total := t.total.Accelerators[i]
		if free.Share < 0 {
			return &ShortError{Line: LineAccelerator, Kind: free.Kind, Want: int64(total.Share - free.Share), Free: int64(total.Share), Total: int64(total.Share)}
		}
		if free.Memory < 0 {
			return &ShortError{Line: LineAcceleratorMemory, Kind: free.Kind, Want: total.Memory - free.Memory, Free: total.Memory, Total: total.Memory}
		}
	}
	return nil
}

// fitLines returns a [*ShortError] for the first line of the node that does not fit.
func (t *Table) fitLines(n *Need) error {
	want, free, total := n.lines(), t.free.lines(), t.total.lines()
	for i, w := range want {
		if w.amount > free[i].amount {
			return &ShortError{Line: w.line, Want: w.amount, Free: free[i].amount, Total: total[i].amount}
		}
	}
	return nil
}

// shortAccelerator says why accelerators do not fit: the first that does not by itself,
// or, if each does, the last, for which the others leave no place.
func (t *Table) shortAccelerator(needs []AcceleratorNeed) error {
	var short *ShortError
	for _, a := range needs {
		share := &ShortError{Line: LineAccelerator, Kind: a.Kind, Want: int64(a.Share)}
		memory := &ShortError{Line: LineAcceleratorMemory, Kind: a.Kind, Want: a.Memory}
		fits := false
		for i, free := range t.free.Accelerators {
			if free.Kind != a.Kind {
				continue
			}
			fits = fits || a.Share <= free.Share && a.Memory <= free.Memory
			share.Free, share.Total = max(share.Free, int64(free.Share)), max(share.Total, int64(t.total.Accelerators[i].Share))
			memory.Free, memory.Total = max(memory.Free, free.Memory), max(memory.Total, t.total.Accelerators[i].Memory)
		}
		short = share
		if share.Want <= share.Free && memory.Want > 0 {
			short = memory
		}
		if !fits {
			return short
		}
	}
	return short
}

// sameKinds reports whether two needs have accelerators of the same kinds in the same order.
func sameKinds(old, need *Need) bool {
	return slices.EqualFunc(old.Accelerators, need.Accelerators, func(a, b AcceleratorNeed) bool { return a.Kind == b.Kind })
}
