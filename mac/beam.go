// SPDX-License-Identifier: Apache-2.0

package mac

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
	left   []float32             // bits that each UE still wants, of all UEs
	chosen []int16               // UEs that take part: the best few of every group
	member []int16               // index in chosen of each UE, or -1
	best   [MaxRBGs][perRBG]int8 // the best of chosen for each group
	weight [maxChosen]float64    // of each of chosen, per bit
	states [2][wideBeam]beamState
	steps  [MaxRBGs][wideBeam]beamStep
}

const (
	exactUEs   = 4                                // UEs with which the search is exact
	wideBeam   = exactUEs<<exactUEs + 1<<exactUEs // states with so many: who is last, who is used; or nobody last
	narrowBeam = 6                                // states with more UEs
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
	width := narrowBeam
	if len(b.chosen) <= exactUEs {
		width = wideBeam
	}
	now, next := &b.states[0], &b.states[1]
	now[0] = beamState{last: -1}
	n := 1
	for r := range dst {
		n = b.advance(next, now[:n], r, v, width)
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
		if s.ue >= 0 {
			dst[r] = b.chosen[s.ue]
		}
		at = int(s.from)
	}
}

// choose finds the UEs that are worth most in each free group.
func (b *beam) choose(v *View, weights []float64) {
	for u := range v.UEs {
		b.member[u] = -1
	}
	b.chosen = b.chosen[:0]
	for r := range v.PRBs {
		var top [perRBG]int16
		var values [perRBG]float64
		n := 0
		for u := range v.UEs {
			x := weights[u] * float64(min(v.UEs[u].Rate[r], float32(v.UEs[u].Backlog)))
			if !v.Free[r] || !(x > 0) || n == perRBG && x <= values[n-1] {
				continue
			}
			n = min(n+1, perRBG)
			i := n - 1
			for ; i > 0 && values[i-1] < x; i-- {
				top[i], values[i] = top[i-1], values[i-1]
			}
			top[i], values[i] = int16(u), x
		}
		for i := range b.best[r] {
			b.best[r][i] = -1
			if i < n {
				b.best[r][i] = b.enter(top[i])
			}
		}
	}
	for i, u := range b.chosen {
		b.weight[i] = weights[u]
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

// advance makes the states after group r from those before it, at most width, and returns
// how many there are.
func (b *beam) advance(next *[wideBeam]beamState, now []beamState, r int, v *View, width int) int {
	n := 0
	for i := range now {
		s := &now[i]
		// Nobody: always possible, and all that is where the group is taken.
		n = b.keep(next, n, width, r, beamState{used: s.used, value: s.value, last: -1}, beamStep{int16(i), -1})
		if !v.Free[r] {
			continue
		}
		if s.last >= 0 && int(s.prbs)+v.PRBs[r] <= v.UEs[b.chosen[s.last]].MaxPRB && s.left > 0 {
			n = b.keep(next, n, width, r, b.extend(s, s.last, r, v), beamStep{int16(i), s.last})
		}
		for _, u := range b.best[r] {
			if u < 0 {
				break
			}
			if s.used[u>>6]>>(u&63)&1 != 0 {
				continue
			}
			t := *s
			t.used[u>>6] |= 1 << (u & 63)
			t.prbs, t.left = 0, float32(v.UEs[b.chosen[u]].Backlog)
			n = b.keep(next, n, width, r, b.extend(&t, int16(u), r, v), beamStep{int16(i), int16(u)})
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

// keep puts a state among the n best so far, and returns their number.
func (b *beam) keep(next *[wideBeam]beamState, n, width, r int, s beamState, step beamStep) int {
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
	if n < width {
		next[n], b.steps[r][n] = s, step
		return n + 1
	}
	if s.value > next[worst].value {
		next[worst], b.steps[r][worst] = s, step
	}
	return n
}
