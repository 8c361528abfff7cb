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
	best   [MaxRBGs][perRBG]contender   // for each group, the very best first
	weight [maxChosen]float64           // of each of chosen, per bit
	rate   [maxChosen]*[MaxRBGs]float32 // of each of chosen, bits of each group
	want   [maxChosen]float32           // of each of chosen, bits
	maxPRB [maxChosen]int16             // of each of chosen
	start  float64                      // weighted bits that a run must be worth before it counts: what a grant costs
	capped bool                         // the power of one of chosen does not last for all PRBs
	broken bool                         // a group is taken, so that a run cannot go on over it
	states [2][wideBeam]beamState       // before and after a group
	steps  [MaxRBGs][wideBeam]beamStep  // how each state after a group came about

	// The states after the present group, while they are made:
	next  *[wideBeam]beamState
	kept  int            // of next, in use
	exact bool           // whether the search is exact
	slots [wideBeam]int8 // exact search: 1 + index of the state of each kind, 0 for none
}

// contender is a UE that may be given a group.
type contender struct {
	ue    int16   // index in chosen, or -1
	bits  float32 // that it can send in the group
	worth float64 // weight times bits
}

const (
	exactUEs   = 4                                // UEs with which the search is exact
	wideBeam   = exactUEs<<exactUEs + 1<<exactUEs // kinds of states with so many: who is last, who is used; or nobody last
	narrowBeam = 3                                // states with more UEs
	perRBG     = 4                                // UEs that are tried for each group
	maxChosen  = MaxRBGs * perRBG                 // of all groups
)

type beamState struct {
	used  usedUEs // UEs that have a run
	value float64 // weighted bits so far
	left  float32 // bits that the last UE still wants
	last  int16   // UE of the last group, index in chosen, or -1
	prbs  int16   // PRBs of its run
	from  int16   // from which state it came about
}

// usedUEs is a set of UEs, bit i for chosen[i].
type usedUEs [(maxChosen + 63) / 64]uint64

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
	ended, last := usedUEs{}, int16(-1)
	left := b.backlog(v)
	for r := range dst {
		u := b.best[r][0].ue
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
			c := &b.best[r][i]
			u := t.at(r, i)
			if c.ue = -1; !v.Free[r] || u < 0 {
				continue
			}
			can := &v.UEs[u]
			c.ue = b.enter(u, can, weights)
			c.bits = min(can.Rate[r], b.want[c.ue])
			c.worth = b.weight[c.ue] * float64(c.bits)
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
func (b *beam) enter(u int16, can *Candidate, weights []float64) int16 {
	if b.member[u] < 0 {
		i := len(b.chosen)
		b.member[u] = int16(i)
		b.chosen = append(b.chosen, u)
		b.weight[i], b.rate[i], b.want[i], b.maxPRB[i] = weights[u], can.Rate, float32(can.Backlog), int16(min(can.MaxPRB, math.MaxInt16))
	}
	return b.member[u]
}

// advance makes the states after group r from those before it, and returns how many there
// are.
func (b *beam) advance(next *[wideBeam]beamState, now []beamState, r int, v *View, exact bool) int {
	b.next, b.kept, b.exact = next, 0, exact
	if exact {
		b.slots = [wideBeam]int8{}
	}
	prbs, free := int16(v.PRBs[r]), v.Free[r]
	skip := b.start > 0 || b.capped || b.broken || !free || b.best[r][0].ue < 0
	for i := range now {
		s := &now[i]
		more := free && s.last >= 0 && s.left > 0 && s.prbs+prbs <= b.maxPRB[s.last]
		if more {
			bits := min(b.rate[s.last][r], s.left)
			if t := b.room(s.value+b.weight[s.last]*float64(bits), s.last, &s.used); t != nil {
				t.left, t.prbs, t.from = s.left-bits, s.prbs+prbs, int16(i)
			}
		}
		// Nobody gets the group: never better than to let a run go on or begin earlier, but for
		// a UE whose power ends, or which is worth more beyond a group that is taken, or where a
		// grant costs more than the group is worth.
		if skip || !more && s.last >= 0 {
			b.leave(s, i)
		}
		if free {
			b.begin(s, i, r, prbs)
		}
	}
	if b.kept == 0 { // every UE has had its run
		for i := range now {
			b.leave(&now[i], i)
		}
	}
	for i := range next[:b.kept] {
		b.steps[r][i] = beamStep{next[i].from, next[i].last}
	}
	return b.kept
}

// leave keeps the state in which nobody is given the group after state i.
func (b *beam) leave(s *beamState, i int) {
	if t := b.room(s.value, -1, &s.used); t != nil {
		t.left, t.prbs, t.from = 0, 0, int16(i)
	}
}

// begin keeps the states in which a run begins in group r after state i.
func (b *beam) begin(s *beamState, i, r int, prbs int16) {
	for k := range b.best[r] {
		c := &b.best[r][k]
		value := s.value - b.start + c.worth
		if c.ue < 0 || !b.exact && b.kept == narrowBeam && value <= b.next[narrowBeam-1].value {
			return // this one and all that follow are worse than what is kept
		}
		used := s.used
		word, bit := c.ue>>6, uint64(1)<<(c.ue&63)
		if used[word]&bit != 0 {
			continue
		}
		used[word] |= bit
		if t := b.room(value, c.ue, &used); t != nil {
			t.left, t.prbs, t.from = b.want[c.ue]-c.bits, prbs, int16(i)
		}
	}
}

// room returns where a state of a value and kind is kept, with both written, or nil where it is
// not kept. What else it holds is for the caller to write: a state is not made elsewhere and
// copied here, since most are not kept.
func (b *beam) room(value float64, last int16, used *usedUEs) *beamState {
	if b.exact {
		return b.roomOfKind(value, last, used)
	}
	return b.roomOfBest(value, last, used)
}

// roomOfKind keeps a state where none of its kind is better.
func (b *beam) roomOfKind(value float64, last int16, used *usedUEs) *beamState {
	kind := exactUEs<<exactUEs + int(used[0])
	if last >= 0 {
		kind = int(last)<<exactUEs + int(used[0])
	}
	i := int(b.slots[kind]) - 1
	if i < 0 {
		i = b.kept
		b.kept++
		b.slots[kind] = int8(b.kept)
	} else if value <= b.next[i].value {
		return nil
	}
	t := &b.next[i]
	t.value, t.last, t.used = value, last, *used
	return t
}

// roomOfBest keeps a state among the best so far, at most narrowBeam in descending order, each
// of another kind.
func (b *beam) roomOfBest(value float64, last int16, used *usedUEs) *beamState {
	next, at := b.next, b.kept // where room is made: behind the last, or at the one that it takes the place of
	if at == narrowBeam && value <= next[narrowBeam-1].value {
		return nil
	}
	for i := range next[:b.kept] {
		if o := &next[i]; o.last == last && o.used == *used {
			if value <= o.value {
				return nil
			}
			at = i
			break
		}
	}
	if at == b.kept {
		if at == narrowBeam {
			at--
		} else {
			b.kept++
		}
	}
	for ; at > 0 && next[at-1].value < value; at-- {
		next[at] = next[at-1]
	}
	t := &next[at]
	t.value, t.last, t.used = value, last, *used
	return t
}
