// SPDX-License-Identifier: Apache-2.0

package nr

// Grouper walks over the PRB groups of a slot, in the order of their first grants: the
// grants that share PRBs, directly or through others, are one [Group]. The zero value is
// ready for [Grouper.Start]; a walk does not allocate. One goroutine at a time may use
// it.
//
// What UEs of a group share is their allocation of TS 38.214 §6.1.2 and their DM-RS of
// TS 38.211 §6.4.1.1.
type Grouper struct {
	carrier *Carrier
	slot    Slot
	grants  []Grant
	at      int
	taken   [MaxGrants]bool
	in      [MaxGrants]bool
	buffer  [MaxGrants]*Grant

	group   Group    // the present group
	members []*Grant // its UEs in the order of the grants
}

// Start begins a walk over at most [MaxGrants] grants, which it keeps until the next
// Start.
func (w *Grouper) Start(c *Carrier, slot Slot, grants []Grant) {
	w.carrier, w.slot, w.grants = c, slot, grants
	w.at, w.taken = 0, [MaxGrants]bool{}
}

// Group returns the present group, that of the last [Grouper.Next]; valid until the next
// one.
func (w *Grouper) Group() *Group { return &w.group }

// Members returns the grants of the present group in the order of its UEs, which is that
// of the schedule; valid until the next [Grouper.Next].
func (w *Grouper) Members() []*Grant { return w.members }

// Next goes to the next group and reports whether there is one. It returns the errors of
// [NewGroup], and then goes on with the group after it.
func (w *Grouper) Next() (bool, error) {
	for w.at < len(w.grants) && w.taken[w.at] {
		w.at++
	}
	if w.at == len(w.grants) {
		return false, nil
	}
	w.collect()
	var err error
	w.group, err = NewGroup(w.carrier, w.slot, w.members...)
	return err == nil, err
}

// collect makes members the grants that share PRBs with the present one,
// directly or through others.
func (w *Grouper) collect() {
	w.in = [MaxGrants]bool{}
	w.in[w.at] = true
	for grown := true; grown; {
		grown = false
		for k := w.at + 1; k < len(w.grants); k++ {
			if !w.in[k] && w.meets(k) {
				w.in[k], grown = true, true
			}
		}
	}
	w.members = w.buffer[:0]
	for k := w.at; k < len(w.grants); k++ {
		if w.in[k] {
			w.taken[k] = true
			w.members = append(w.members, &w.grants[k])
		}
	}
}

// meets reports whether grant k shares PRBs with one that is in the group.
func (w *Grouper) meets(k int) bool {
	for m := w.at; m < len(w.grants); m++ {
		if w.in[m] && w.grants[m].SharesPRBs(&w.grants[k]) {
			return true
		}
	}
	return false
}
