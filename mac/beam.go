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
	left   []float32                    // bits that each UE still wants, of all UEs
	chosen []int16                      // UEs that take part: the best few of every group
	look   []float32                    // what a glance at each UE has shown
	member []int16                      // index in chosen of each UE, or -1
	best   [MaxRBGs][perRBG]int8        // the best of chosen for each group, the very best first
	worth  [MaxRBGs][perRBG]float64     // what the group is worth for each of them, weight times bits
	weight [maxChosen]float64           // of each of chosen, per bit
	rate   [maxChosen]*[MaxRBGs]float32 // of each of chosen, bits of each group
	want   [maxChosen]float32           // of each of chosen, bits
	maxPRB [maxChosen]int16             // of each of chosen
	start  float64                      // weighted bits that a run must be worth before it counts: what a grant costs
	capped bool                         // the power of one of chosen does not last for all PRBs
	broken bool                         // a group is taken, so that a run cannot go on over it
	states [2][wideBeam]beamState       // before and after a group
	steps  [MaxRBGs][wideBeam]beamStep  // how each state after a group came about
	slots  [wideBeam]int8               // exact search: 1 + index of the state of each kind, 0 for none
}

const (
	exactUEs   = 4                                // UEs with which the search is exact
	wideBeam   = exactUEs<<exactUEs + 1<<exactUEs // kinds of states with so many: who is last, who is used; or nobody last
	narrowBeam = 3                                // states with more UEs
	perRBG     = 4                                // UEs that are tried for each group
	maxChosen  = MaxRBGs * perRBG                 // of all groups
)

type beamState struct {
	used  [(maxChosen + 63) / 64]uint64 // UEs that have a run, bit i for chosen[i]
	value float64                       // weighted bits so far
	left  float32                       // bits that the last UE still wants
	last  int16                         // UE of the last group, index in chosen, or -1
	prbs  int16                         // PRBs of its run
	step  beamStep                      // how it came about
}

// beamStep is how a state came about: from which one, and who was given the group.
type beamStep struct{ from, ue int16 }

func newBeam(maxUEs int) *beam {
	return &beam{left: make([]float32, maxUEs), look: make([]float32, maxUEs), chosen: make([]int16, 0, maxChosen), member: make([]int16, maxUEs)}
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
	b.start = v.grantWorth
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
	if b.capped || b.start > 0 {
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
	var t podium
	// Those that look best are seen first, so that hardly any of the others finds a place.
	bar := b.sample(v, weights)
	for _, front := range [...]bool{true, false} {
		for u := range v.UEs {
			if (b.look[u] >= bar) == front {
				t.see(u, &v.UEs[u], float32(weights[u]), len(v.PRBs))
			}
		}
	}
	b.chosen, b.broken, b.capped = b.chosen[:0], false, false
	total := 0
	for _, n := range v.PRBs {
		total += n
	}
	for r := range v.PRBs {
		b.broken = b.broken || !v.Free[r]
		for i := range b.best[r] {
			u := t.at(r, i)
			if b.best[r][i] = -1; !v.Free[r] || u < 0 {
				continue
			}
			can := &v.UEs[u]
			k := b.enter(u, can, weights)
			b.best[r][i], b.worth[r][i] = k, b.weight[k]*float64(min(can.Rate[r], b.want[k]))
			b.capped = b.capped || can.MaxPRB < total
		}
	}
}

// sample looks at three groups of every UE, and returns the mean of what it saw and of the best.
func (b *beam) sample(v *View, weights []float64) float32 {
	sum, most, last := float32(0), float32(0), len(v.PRBs)-1
	for u := range v.UEs {
		rate := v.UEs[u].Rate
		x := float32(weights[u]) * min(rate[0]+rate[last/2]+rate[last], float32(v.UEs[u].Backlog))
		b.member[u], b.look[u] = -1, x
		sum, most = sum+x, max(most, x)
	}
	return (sum/float32(len(v.UEs)) + most) / 2
}

// podium holds the best UEs of each group, the very best first. A place is one number: the
// weighted bits, which are positive, so that they are in the order of their bits, and below
// them the UE, counted down, so that of equals the first comes first. 0 is an empty place.
type podium struct {
	places [MaxRBGs][perRBG]uint64
	least  [MaxRBGs]float32 // weighted bits of the last place
}

// see lets a UE take its place in every group.
func (t *podium) see(u int, can *Candidate, weight float32, groups int) {
	backlog := float32(can.Backlog)
	for r, bits := range can.Rate[:groups] {
		if bits > backlog {
			bits = backlog
		}
		x := weight * bits
		if !(x > t.least[r]) {
			continue
		}
		p := &t.places[r]
		one := uint64(math.Float32bits(x))<<16 | uint64(math.MaxUint16-u)
		p[0], one = max(p[0], one), min(p[0], one) // without a branch, whose outcome nobody could foresee
		p[1], one = max(p[1], one), min(p[1], one)
		p[2], one = max(p[2], one), min(p[2], one)
		p[3] = max(p[3], one)
		t.least[r] = math.Float32frombits(uint32(p[3] >> 16))
	}
}

// at returns the UE of a place in a group, or -1.
func (t *podium) at(r, place int) int16 {
	one := t.places[r][place]
	if one == 0 {
		return -1
	}
	return int16(math.MaxUint16 - one&math.MaxUint16)
}

// enter returns the index of a UE in chosen.
func (b *beam) enter(u int16, can *Candidate, weights []float64) int8 {
	if b.member[u] < 0 {
		i := len(b.chosen)
		b.member[u] = int16(i)
		b.chosen = append(b.chosen, u)
		b.weight[i], b.rate[i], b.want[i], b.maxPRB[i] = weights[u], can.Rate, float32(can.Backlog), int16(min(can.MaxPRB, math.MaxInt16))
	}
	return int8(b.member[u])
}

// advance makes the states after group r from those before it, and returns how many there
// are.
func (b *beam) advance(next *[wideBeam]beamState, now []beamState, r int, v *View, exact bool) int {
	n, prbs, free := 0, int16(v.PRBs[r]), v.Free[r]
	if exact {
		b.slots = [wideBeam]int8{}
	}
	skip := b.start > 0 || b.capped || b.broken || !free || b.best[r][0] < 0
	for i := range now {
		s := &now[i]
		more := free && s.last >= 0 && s.left > 0 && s.prbs+prbs <= b.maxPRB[s.last]
		if more {
			t := *s
			t.step = beamStep{int16(i), s.last}
			b.extend(&t, r, prbs)
			n = b.keep(next, n, &t, exact)
		}
		// Nobody gets the group: never better than to let a run go on or begin earlier, but for
		// a UE whose power ends, or which is worth more beyond a group that is taken, or where a
		// grant costs more than the group is worth.
		if skip || !more && s.last >= 0 {
			n = b.keep(next, n, &beamState{used: s.used, value: s.value, last: -1, step: beamStep{int16(i), -1}}, exact)
		}
		if !free {
			continue
		}
		for k, u := range b.best[r] {
			if u < 0 || !exact && n == narrowBeam && s.value+b.worth[r][k]-b.start <= next[n-1].value {
				break // this one and all that follow are worse than what is kept
			}
			if s.used[u>>6]>>(u&63)&1 != 0 {
				continue
			}
			t := *s
			t.used[u>>6] |= 1 << (u & 63)
			t.last, t.prbs, t.left, t.step = int16(u), 0, b.want[u], beamStep{int16(i), int16(u)}
			t.value -= b.start
			b.extend(&t, r, prbs)
			n = b.keep(next, n, &t, exact)
		}
	}
	if n == 0 { // every UE has had its run
		for i := range now {
			n = b.keep(next, n, &beamState{used: now[i].used, value: now[i].value, last: -1, step: beamStep{int16(i), -1}}, exact)
		}
	}
	for i := range next[:n] {
		b.steps[r][i] = next[i].step
	}
	return n
}

// extend gives group r to the last UE of a state.
func (b *beam) extend(t *beamState, r int, prbs int16) {
	bits := min(b.rate[t.last][r], t.left)
	t.prbs += prbs
	t.left -= bits
	t.value += b.weight[t.last] * float64(bits)
}

// keep puts a state among the n that there are, and returns their number.
func (b *beam) keep(next *[wideBeam]beamState, n int, s *beamState, exact bool) int {
	if exact {
		return b.keepAll(next, n, s)
	}
	return b.keepBest(next, n, s)
}

// keepAll keeps a state where none of its kind is better.
func (b *beam) keepAll(next *[wideBeam]beamState, n int, s *beamState) int {
	kind := exactUEs<<exactUEs + int(s.used[0])
	if s.last >= 0 {
		kind = int(s.last)<<exactUEs + int(s.used[0])
	}
	i := int(b.slots[kind]) - 1
	switch {
	case i < 0:
		next[n] = *s
		n++
		b.slots[kind] = int8(n)
	case s.value > next[i].value:
		next[i] = *s
	}
	return n
}

// keepBest keeps a state among the best so far, at most narrowBeam in descending order, each of
// another kind.
func (b *beam) keepBest(next *[wideBeam]beamState, n int, s *beamState) int {
	if n == narrowBeam && s.value <= next[n-1].value {
		return n
	}
	at := n // where room is made: behind the last, or at the one that it takes the place of
	for i := range n {
		if o := &next[i]; o.last == s.last && o.used == s.used {
			if s.value <= o.value {
				return n
			}
			at = i
			break
		}
	}
	if at == n {
		if n == narrowBeam {
			at--
		} else {
			n++
		}
	}
	for ; at > 0 && next[at-1].value < s.value; at-- {
		next[at] = next[at-1]
	}
	next[at] = *s
	return n
}
