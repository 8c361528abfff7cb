// SPDX-License-Identifier: Apache-2.0

package meter

import (
	"math"

	"github.com/neuroran/neuroran/sfaas"
)

// grant shares what is free of the window.
//
// The level up to which virtual times are raised is found by halving; whole pushes that are
// left over go to whoever is lowest, of which the last may use more than there is: so there
// is always one, however large.
func (s *Sharing) grant(now sfaas.Time) {
	var room Amounts
	for q := range NumQuantities {
		room[q] = s.cfg.Node[q] * s.cfg.Window.Seconds()
	}
	for i := range s.tenants {
		for q := range NumQuantities {
			room[q] -= s.tenants[i].owed[q]
		}
	}
	lo, hi := s.span()
	top := s.top(now)
	hi = min(hi, max(top, lo))
	for range 48 {
		mid := (lo + hi) / 2
		if s.fill(mid); s.fits(&room) {
			lo = mid
		} else {
			hi = mid
		}
	}
	s.fill(lo)
	for i := range s.tenants {
		c := &s.tenants[i]
		c.granted = math.Floor(c.granted + 1e-9)
		s.spend(&room, c, c.granted)
	}
	for s.spare(&room, top) {
	}
	if !math.IsInf(top, 1) {
		room = Amounts{} // what is left over is the rivals'
	}
	s.handOut(&room)
}

// top returns the level that nobody may get beyond as a rival that pushes elsewhere is behind.
func (s *Sharing) top(now sfaas.Time) float64 {
	top, weights := math.Inf(1), 0.0
	for i := range s.tenants {
		c := &s.tenants[i]
		weights += c.Weight
		if c.rival > now {
			top = min(top, c.virtual)
		}
	}
	return top + s.cfg.Window.Seconds()/weights
}

// span returns levels between which the right one is.
func (s *Sharing) span() (lo, hi float64) {
	lo, hi = math.Inf(1), math.Inf(-1)
	for i := range s.tenants {
		c := &s.tenants[i]
		lo, hi = min(lo, c.at), max(hi, c.at+c.step*c.wanted)
	}
	return lo, hi
}

// fill grants what raises virtual times to a level.
func (s *Sharing) fill(level float64) {
	for i := range s.tenants {
		c := &s.tenants[i]
		c.granted = 0
		switch {
		case !c.active:
		case c.step == 0:
			c.granted = c.wanted
		default:
			c.granted = min(max((level-c.at)/c.step, 0), c.wanted)
		}
	}
}

// fits reports whether there is room for what is granted.
func (s *Sharing) fits(room *Amounts) bool {
	for q := range NumQuantities {
		if s.cfg.Node[q] <= 0 {
			continue
		}
		sum := 0.0
		for i := range s.tenants {
			sum += s.tenants[i].granted * s.tenants[i].each[q]
		}
		if sum > room[q] && sum > 0 {
			return false
		}
	}
	return true
}

// spend takes pushes of a tenant out of the room.
func (s *Sharing) spend(room *Amounts, c *claim, pushes float64) {
	for q := range NumQuantities {
		room[q] -= pushes * c.each[q]
	}
}

// open reports whether something is left of all that a tenant's pushes need.
func (s *Sharing) open(room *Amounts, c *claim) bool {
	for q := range NumQuantities {
		if s.cfg.Node[q] > 0 && c.each[q] > 0 && room[q] <= 0 {
			return false
		}
	}
	return true
}

// spare grants one more push to the lowest that wants one, and reports whether it has.
func (s *Sharing) spare(room *Amounts, top float64) bool {
	var next *claim
	for i := range s.tenants {
		c := &s.tenants[i]
		if c.active && c.granted+1 <= c.wanted && c.at+c.step*c.granted <= top && s.open(room, c) && (next == nil || c.at+c.step*c.granted < next.at+next.step*next.granted) {
			next = c
		}
	}
	if next == nil {
		return false
	}
	next.granted++
	s.spend(room, next, 1)
	return true
}

// handOut tells the gates. What is left after all wishes goes to everybody by weight.
func (s *Sharing) handOut(room *Amounts) {
	weights := 0.0
	for i := range s.tenants {
		weights += s.tenants[i].Weight
	}
	for i := range s.tenants {
		c := &s.tenants[i]
		more := math.Inf(1)
		for q := range NumQuantities {
			if s.cfg.Node[q] > 0 && c.each[q] > 0 {
				more = min(more, max(room[q], 0)/c.each[q]*c.Weight/weights)
			}
		}
		if !c.active {
			more = max(more, 1)
		}
		c.gate.mu.Lock()
		c.gate.granted = c.granted + more
		c.gate.mu.Unlock()
	}
}
