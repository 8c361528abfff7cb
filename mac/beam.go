// SPDX-License-Identifier: Apache-2.0

package mac

import "math"

// beam finds neighbouring groups for UEs, each UE at most one run of them, so that the
// weighted rate is large. It walks over the groups from the first to the last. A state is
// a way to give away the groups so far: who has the last one, who has had any, and what it
// is worth. Of states that have the same future (the same last UE, the same UEs used up)
// the better one stays; of what remains, the best few.
//
// The exact problem is NP-hard (S.-B. Lee et al., "Proportional fair frequency-domain
// packet scheduling for 3GPP LTE uplink", INFOCOM 2009). With up to [exactUEs] UEs no state
// is lost to the width of the beam, so that the result is the best one.
type beam struct {
	left   []float32                   // bits that each UE still wants, of all UEs
	chosen []int16                     // UEs that take part: the best few of every group
	member []int16                     // index in chosen of each UE, or -1
	best   [MaxRBGs][perRBG]int8       // the best of chosen for each group, the very best first
	weight [maxChosen]float64          // of each of chosen, per bit
	capped bool                        // the power of one of chosen does not last for all PRBs
	broken bool                        // a group is taken, so that a run cannot go on over it
	states [2][wideBeam]beamState      // before and after a group
	steps  [MaxRBGs][wideBeam]beamStep // how each state after a group came about
	least  float64                     // worth of the worst state that is kept, where there is no room for more
	slots  [wideBeam]int8              // exact search: 1 + index of the state of each kind, 0 for none
}

const (
	exactUEs   = 4                                // UEs with which the search is exact
	wideBeam   = exactUEs<<exactUEs + 1<<exactUEs // kinds of states with so many: who is last, who is used; or nobody last
	narrowBeam = 4                                // states with more UEs
	perRBG     = 4                                // UEs that are tried for each group
	maxChosen  = MaxRBGs * perRBG                 // of all groups
)

type beamState struct {
	used  [(maxChosen + 63) / 64]uint64 // UEs that have a run, bit i for chosen[i]
	value float64                       // weighted bits so far
	last  int16                         // UE of the last group, index in chosen, or -1
	prbs  int16                         // PRBs of its run
	left  float32                       // bits that it still wants
}

// beamStep is how a state came about: from which one, and who was given the group.
type beamStep struct{ from, ue int16 }

func newBeam(maxUEs int) *beam {
	return &beam{left: make([]float32, maxUEs), chosen: make([]int16, 0, maxChosen), member: make([]int16, maxUEs)}
}

// backlog returns the bits that every UE wants.
func (b *beam) backlog(v *View) []float32 {
	for u := range v.UEs {
		b.left[u] = float32(v.UEs[u].Backlog)
	}
	return b.left[:len(v.UEs)]
}

// search writes the allocation of the best state.
func (b *beam) search(dst []int16, v *View, weights []float64) {
	if len(v.UEs) == 0 {
		return
	}
	b.choose(v, weights)
	if b.plain(dst, v) {
		return
	}
	exact := len(b.chosen) <= exactUEs
	now, next := &b.states[0], &b.states[1]
	now[0] = beamState{last: -1}
	n := 1
	for r := range dst {
		n = b.advance(next, now[:n], r, v, exact)
		now, next = next, now
	}
	at := 0
	for i := range now[:n] {
		if now[i].value > now[at].value {
			at = i
		}
	}
	for r := len(dst) - 1; r >= 0; r-- {
		s := b.steps[r][at]
		dst[r] = Nobody
		if s.ue >= 0 {
			dst[r] = b.chosen[s.ue]
		}
		at = int(s.from)
	}
}

// plain gives each group to the UE for which it is worth most, and reports whether that is
// allowed as it stands: then nothing is better, and there is nothing to search for.
func (b *beam) plain(dst []int16, v *View) bool {
	if b.capped {
		return false
	}
	ended, last := [(maxChosen + 63) / 64]uint64{}, int8(-1)
	left := b.backlog(v)
	for r := range dst {
		u := b.best[r][0]
		if u != last && last >= 0 {
			ended[last>>6] |= 1 << (last & 63)
		}
		if last = u; u < 0 {
			continue
		}
		ue := b.chosen[u]
		if ended[u>>6]>>(u&63)&1 != 0 || left[ue] < v.UEs[ue].Rate[r] {
			return false
		}
		left[ue] -= v.UEs[ue].Rate[r]
		dst[r] = ue
	}
	return true
}

// choose finds the UEs that are worth most in each free group.
func (b *beam) choose(v *View, weights []float64) {
	for u := range v.UEs {
		b.member[u] = -1
	}
	b.chosen, b.broken = b.chosen[:0], false
	groups := len(v.PRBs)
	var top [MaxRBGs][perRBG]int16
	var values [MaxRBGs][perRBG]float64 // descending; 0 for none
	var least [MaxRBGs]float64          // the last of values
	for u := range v.UEs {
		w, backlog := weights[u], float32(v.UEs[u].Backlog)
		for r, bits := range v.UEs[u].Rate[:groups] {
			x := w * float64(min(bits, backlog))
			if !(x > least[r]) {
				continue
			}
			i := perRBG - 1
			for ; i > 0 && values[r][i-1] < x; i-- {
				top[r][i], values[r][i] = top[r][i-1], values[r][i-1]
			}
			top[r][i], values[r][i] = int16(u), x
			least[r] = values[r][perRBG-1]
		}
	}
	for r := range groups {
		for i := range b.best[r] {
			b.best[r][i] = -1
			if v.Free[r] && values[r][i] > 0 {
				b.best[r][i] = b.enter(top[r][i])
			}
		}
	}
	total := 0
	b.capped = false
	for r, n := range v.PRBs {
		total += n
		b.broken = b.broken || !v.Free[r]
	}
	for i, u := range b.chosen {
		b.weight[i] = weights[u]
		b.capped = b.capped || v.UEs[u].MaxPRB < total
	}
}

// enter returns the index of a UE in chosen.
func (b *beam) enter(u int16) int8 {
	if b.member[u] < 0 {
		b.member[u] = int16(len(b.chosen))
		b.chosen = append(b.chosen, u)
	}
	return int8(b.member[u])
}

// advance makes the states after group r from those before it, and returns how many there
// are.
func (b *beam) advance(next *[wideBeam]beamState, now []beamState, r int, v *View, exact bool) int {
	n := 0
	b.least = math.Inf(-1)
	keep := b.keepBest
	if exact {
		b.slots, keep = [wideBeam]int8{}, b.keepAll
	}
	for i := range now {
		s := &now[i]
		more := s.last >= 0 && s.left > 0 && int(s.prbs)+v.PRBs[r] <= v.UEs[b.chosen[s.last]].MaxPRB && v.Free[r]
		if more {
			n = keep(next, n, r, b.extend(s, s.last, r, v), beamStep{int16(i), s.last})
		}
		// Nobody gets the group: never better than to let a run go on or begin earlier, but for
		// a UE whose power ends, or which is worth more beyond a group that is taken.
		if !more && s.last >= 0 || b.capped || b.broken || !v.Free[r] || b.best[r][0] < 0 {
			n = keep(next, n, r, beamState{used: s.used, value: s.value, last: -1}, beamStep{int16(i), -1})
		}
		for _, u := range b.best[r] {
			if u < 0 || !v.Free[r] {
				break
			}
			if s.used[u>>6]>>(u&63)&1 != 0 {
				continue
			}
			can := &v.UEs[b.chosen[u]]
			backlog := float32(can.Backlog)
			if s.value+b.weight[u]*float64(min(can.Rate[r], backlog)) <= b.least {
				continue // worse than all that are kept
			}
			t := *s
			t.used[u>>6] |= 1 << (u & 63)
			t.prbs, t.left = 0, backlog
			n = keep(next, n, r, b.extend(&t, int16(u), r, v), beamStep{int16(i), int16(u)})
		}
	}
	if n == 0 { // every UE has had its run
		for i := range now {
			n = keep(next, n, r, beamState{used: now[i].used, value: now[i].value, last: -1}, beamStep{int16(i), -1})
		}
	}
	return n
}

// extend returns state s after UE u was given group r.
func (b *beam) extend(s *beamState, u int16, r int, v *View) beamState {
	t := *s
	bits := min(v.UEs[b.chosen[u]].Rate[r], s.left)
	t.last, t.prbs, t.left = u, s.prbs+int16(v.PRBs[r]), s.left-bits
	t.value += b.weight[u] * float64(bits)
	return t
}

// keepAll puts a state among the n that there are, where none of its kind is better, and
// returns their number.
func (b *beam) keepAll(next *[wideBeam]beamState, n, r int, s beamState, step beamStep) int {
	kind := exactUEs<<exactUEs + int(s.used[0])
	if s.last >= 0 {
		kind = int(s.last)<<exactUEs + int(s.used[0])
	}
	i := int(b.slots[kind]) - 1
	switch {
	case i < 0:
		next[n], b.steps[r][n] = s, step
		n++
		b.slots[kind] = int8(n)
	case s.value > next[i].value:
		next[i], b.steps[r][i] = s, step
	}
	return n
}

// keepBest puts a state among the best n so far, at most narrowBeam, and returns their
// number.
func (b *beam) keepBest(next *[wideBeam]beamState, n, r int, s beamState, step beamStep) int {
	worst := 0
	for i := range n {
		o := &next[i]
		if o.last == s.last && o.used == s.used {
			if s.value > o.value {
				*o, b.steps[r][i] = s, step
			}
			return n
		}
		if o.value < next[worst].value {
			worst = i
		}
	}
	switch {
	case n < narrowBeam:
		next[n], b.steps[r][n] = s, step
		n++
	case s.value > next[worst].value:
		next[worst], b.steps[r][worst] = s, step
	}
	if n == narrowBeam {
		b.least = next[0].value
		for i := range next[1:narrowBeam] {
			b.least = min(b.least, next[1+i].value)
		}
	}
	return n
}
