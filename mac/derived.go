// SPDX-License-Identifier: Apache-2.0

package mac

import (
	"math"
	"math/bits"

	"github.com/neuroran/neuroran/phy/nr"
)

// derived is what a slot asks of every UE, most of which it then passes over. It follows from
// the contexts of UEs and stands close together, as those 2 kB each do not.
//
// It is worked out anew before a slot for every UE whose context has changed since the last
// one, see [Cell.touch].
type derived struct {
	rnti     uint16      // of the UE
	deadline nr.Slot     // no feedback is overdue before this slot is scheduled; never where none is waited for
	average  AverageRate // of the bits granted per slot
	wanted   int         // bits that a new block should hold, 0 if there is nothing to send
	maxPRB   int         // PRBs on which its power lasts
	due      bool        // whether a block must be sent again
	full     bool        // whether no HARQ process is free
	pressing uint8       // logical channel groups with data that have to hurry, bit i for group i
	priority int         // priority level of the data where none has to

	rates [MaxRBGs]float32 // bits that each group would carry
}

// settled is what follows from the configuration of a UE alone, from its attachment on.
type settled struct {
	rePerRB    int     // data resource elements per PRB, less the overhead
	kiloRE     float64 // data resource elements per PRB, of all layers, thousands
	guaranteed float64 // bits per slot that are guaranteed
	partners   pairKey // of UEs that can share PRBs
	priority   [NumLCGs]int
	delay      [NumLCGs]float64 // packet delay budget of each logical channel group, s; 0 for elastic traffic
}

// never is a slot that does not come.
const never nr.Slot = math.MaxUint64

// settle works out what follows from the configuration of a UE, whose smallest grant is
// c.pattern.
func (c *Cell) settle(at int) {
	u, s := &c.ues[at], &c.settled[at]
	re := c.pattern.DataREsPerPRB()
	*s = settled{rePerRB: re - c.pattern.XOverhead, kiloRE: float64(re*c.pattern.NumLayers) / 1000, partners: pairKeyOf(&c.pattern)}
	for i := range u.Config.LCGs {
		g := &u.Config.LCGs[i]
		s.guaranteed += g.GuaranteedBps * c.view.SlotDuration.Seconds()
		q, ok := FiveQI(g.FiveQI)
		if !ok {
			q, _ = FiveQI(bestEffort)
		}
		s.priority[i] = q.Priority
		if !q.elastic() {
			s.delay[i] = q.Delay.Seconds()
		}
	}
}

// derive works out what follows from the contexts that have changed.
func (c *Cell) derive() {
	for i := range c.stale {
		for ; c.stale[i] != 0; c.stale[i] &= c.stale[i] - 1 {
			c.deriveUE(64*i + bits.TrailingZeros64(c.stale[i]))
		}
	}
}

func (c *Cell) deriveUE(at int) {
	u, s, d := &c.ues[at], &c.settled[at], &c.derived[at]
	d.rnti, d.deadline, d.due, d.full = u.RNTI, never, u.Due != 0, u.full()
	if u.InFlight != 0 {
		d.deadline = u.Deadline
	}
	d.average, d.wanted, d.maxPRB = u.Average, u.wanted(), u.maxPRB(c.cfg.Carrier.NumPRB)
	d.priority, d.pressing = fiveQIs[bestEffort].Priority, 0
	for i := range u.Buffers {
		switch {
		case u.Buffers[i].Bytes == 0:
		case s.delay[i] > 0:
			d.pressing |= 1 << i
		default:
			d.priority = min(d.priority, s.priority[i])
		}
	}
}

// refresh works out what each group would carry for a UE.
func (c *Cell) refresh(at int) {
	u := &c.ues[at]
	re := float32(c.settled[at].rePerRB * u.Config.Grant.NumLayers)
	offset := float32(u.Loop.OffsetDB)
	for i := range c.groups {
		c.derived[at].rates[i] = float32(c.prbs[i]) * re * c.inner.bitsAt(u.Config.Grant.MCSTable, u.Quality[i]-offset)
	}
	if c.cfg.Pairing.Enabled {
		c.refreshShared(at)
	}
}
