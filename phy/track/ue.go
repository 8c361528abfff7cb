// SPDX-License-Identifier: Apache-2.0

package track

import (
	"math"

	"github.com/neuroran/neuroran/phy/nr"
)

// UE is what the last slots have seen of one UE. The zero value has seen nothing.
// It is a plain value of fixed size: it may be copied, kept in a cell, or lost,
// after which the next slots fill it again. It is for one goroutine at a time.
//
// The offsets are those of timing advance, TS 38.213 §4.2, and of TS 38.101-1 §6.4.1.
type UE struct {
	Slots [MaxWindow]Sight // a ring
	Count int              // slots that were ever added
}

// Sight is what one slot has seen of a UE.
//
// It is what the DM-RS of TS 38.211 §6.4.1.1 has shown.
type Sight struct {
	Slot    nr.Slot        // the slot
	Offsets nr.SeenOffsets // its offsets
	Channel nr.Seen        // how its channel varies
}

// SightOf returns what a slot has seen of UE u of a group: what the channel
// estimate of the slot says of it, and the offsets within the estimate.
func SightOf(ch *nr.Channel, u int) Sight {
	return Sight{ch.Group.Slot, ch.Offsets.Seen[u], ch.Seen[u]}
}

// Add remembers what a slot has seen. Slots come in ascending order.
func (t *UE) Add(s *Sight) {
	t.Slots[t.Count%MaxWindow] = *s
	t.Count++
}

// Prior writes what to expect of the UE in a slot. Where no slot within reach has
// seen anything, the deviations are so large that nothing follows from it; that a
// prior is there at all makes the estimator keep apart what the slot alone says. A
// nil UE has seen nothing. It does not allocate. The configuration must be valid.
func (t *UE) Prior(dst *nr.Prior, cfg Config, g *nr.Group) {
	*dst = nr.Prior{}
	var delay, cfo filter
	t.each(cfg, g.Slot, func(s *Sight, age int) {
		o := &s.Offsets
		delay.add(o.DelaySeconds, o.DelayStd, cfg.DelayDrift, age)
		cfo.add(o.CFOHz, o.CFOStd, cfg.CFODrift, age)
	})
	const anyDelay, anyCFO = 1, 1e9 // s, Hz
	dst.DelaySeconds, dst.DelayStd = delay.expect(cfg.DelayDrift, anyDelay)
	dst.CFOHz, dst.CFOStd = cfo.expect(cfg.CFODrift, anyCFO)
	cp := g.CyclicPrefix()
	t.each(cfg, g.Slot, func(s *Sight, _ int) {
		for i, v := range s.Channel.Doppler {
			dst.Doppler[i] += v
		}
		if s.Offsets.DelayStd > 0 {
			addProfile(dst, s, (s.Offsets.DelaySeconds-dst.DelaySeconds)/cp)
		}
	})
	finishProfile(dst)
}

// each calls f for the slots that a prior of the given slot may use, oldest
// first, with the number of slots that each lies back.
func (t *UE) each(cfg Config, slot nr.Slot, f func(s *Sight, age int)) {
	if t == nil {
		return
	}
	for i := max(0, t.Count-MaxWindow); i < t.Count; i++ {
		s := &t.Slots[i%MaxWindow]
		if s.Slot+nr.Slot(cfg.Lag) <= slot && s.Slot+nr.Slot(cfg.Lag+cfg.Window) > slot {
			f(s, int(slot-s.Slot))
		}
	}
}

// mostProfiles is how many slots a profile counts for at most: it changes while
// the UE moves.
const mostProfiles = 8

// addProfile adds the profile of a slot whose delay lies shift cyclic prefixes
// after the expected one.
func addProfile(dst *nr.Prior, s *Sight, shift float64) {
	const perCP = (nr.NumDelays - 1) / (nr.ProfileBefore + nr.ProfileAfter)
	seen := false
	for i, v := range s.Channel.Profile {
		at := float64(i) + shift*perCP
		if v == 0 || !(at >= 0 && at <= nr.NumDelays-1) {
			continue
		}
		k := min(int(at), nr.NumDelays-2)
		w := float32(at - float64(k))
		dst.Profile[k] += (1 - w) * v
		dst.Profile[k+1] += w * v
		seen = true
	}
	if seen {
		dst.ProfileWeight++
	}
}

// finishProfile makes the sum of the profile 1.
func finishProfile(dst *nr.Prior) {
	sum := float32(0)
	for _, v := range dst.Profile {
		sum += v
	}
	if !(sum > 0) {
		dst.Profile, dst.ProfileWeight = [nr.NumDelays]float32{}, 0
		return
	}
	for i := range dst.Profile {
		dst.Profile[i] /= sum
	}
	dst.ProfileWeight = min(dst.ProfileWeight, mostProfiles)
}

// filter is a Kalman filter of a value that wanders.
type filter struct {
	mean, variance float64
	age            int     // slots that the last measurement lies back
	count          int     // measurements since the value last jumped
	excess         float64 // sum of what innovations have more than their variance
}

// add takes a measurement of a slot that lies so many slots back; a deviation of 0
// is none. A value that is off by more than five deviations has jumped, by a new
// timing advance or another oscillator, and starts anew.
func (f *filter) add(value, std, drift float64, age int) {
	if !(std > 0) {
		return
	}
	r := std * std
	if f.count > 0 {
		f.variance += drift * drift * float64(f.age-age)
	}
	f.age = age
	const excluded = 5 // standard deviations
	d := value - f.mean
	if s := f.variance + r + f.spread(); f.count == 0 || d*d > excluded*excluded*s {
		*f = filter{mean: value, variance: r, age: age, count: 1}
		return
	}
	f.excess += d*d - f.variance - r
	f.count++
	w := f.variance / (f.variance + r + f.spread())
	f.mean += w * d
	f.variance *= 1 - w
}

// spread returns by how much the value of a slot differs from the mean beside
// what is uncertain in both: fading moves the centre of gravity of the delays, and
// Doppler the phase.
func (f *filter) spread() float64 {
	if f.count < 3 {
		return 0
	}
	return max(0, f.excess/float64(f.count-1))
}

// expect returns the value of the slot and the standard deviation of its error,
// which is unknown where nothing was measured.
func (f *filter) expect(drift, unknown float64) (value, std float64) {
	if f.count == 0 {
		return 0, unknown
	}
	return f.mean, math.Sqrt(f.variance + drift*drift*float64(f.age) + f.spread())
}
