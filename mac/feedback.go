// SPDX-License-Identifier: Apache-2.0

package mac

import "github.com/neuroran/neuroran/phy/nr"

// Feedback is what became of one grant, and what its block said: an entry of FAPI's
// CRC.indication with the MAC control elements of RX_Data.indication. It is a comparable
// value of fixed size.
type Feedback struct {
	RNTI        uint16     // whose grant
	HARQProcess uint8      // of which process
	Outcome     nr.Outcome // what became of it

	SINRObserved bool    // whether SINRdB is a measurement
	SINRdB       float32 // effective SINR after equalization, dB
	Iterations   uint8   // LDPC iterations of its hardest code block; 0 where that is not known

	// MeanIterations are the LDPC iterations per code block, those that were not begun as none:
	// what its work goes by. 0 stands for Iterations.
	MeanIterations float32

	BSR    BSR   // buffer status report of a block that passed
	HasPHR bool  // whether the block had a power headroom report
	PHR    uint8 // its level, see [PowerHeadroomDB]
}

// Feedback takes what became of the transmissions of one slot. Feedback of several slots
// may come in any order, late, or not at all:
//
//   - passed: the process is free
//   - failed: the block is sent again, or lost after the last transmission
//   - absent: the UE did not transmit; where it never has sent this block, it does not have
//     it, and the process is free
//   - anything else, and no feedback within [Config].FeedbackSlots: nobody knows, so the
//     block is sent again; the outer loop is left alone
//
// What is said of a UE, process or transmission that the cell does not wait for is left
// out, but for this: that an earlier transmission of a block has passed ends the block.
// Feedback does not allocate.
func (c *Cell) Feedback(slot nr.Slot, feedback []Feedback) {
	for i := range feedback {
		f := &feedback[i]
		at := c.find(f.RNTI)
		if at < 0 || f.HARQProcess >= NumProcesses || f.Outcome < nr.OutcomePassed || f.Outcome > nr.OutcomeFault {
			continue
		}
		u := &c.ues[at]
		p := &u.Processes[f.HARQProcess]
		bit := uint16(1) << f.HARQProcess
		if c.checker != nil {
			c.checker.Feedback(slot, f)
		}
		if u.InFlight&bit == 0 || p.SentAt != slot {
			c.late(u, p, bit, slot, f)
			continue
		}
		c.touch(at)
		c.work.observe(slot, p, f)
		c.measure(u, p, slot, f)
		c.outcome(u, p, bit, f)
		c.refresh(at)
	}
}

// late takes feedback of a transmission that is no longer waited for.
func (c *Cell) late(u *UE, p *Process, bit uint16, slot nr.Slot, f *Feedback) {
	current := (u.InFlight|u.Due)&bit != 0 && slot >= p.FirstAt && slot < p.SentAt ||
		u.Due&bit != 0 && slot == p.SentAt
	if !current || f.Outcome != nr.OutcomePassed {
		return
	}
	c.touch(c.find(u.RNTI))
	p.Passed, p.Seen = true, true
	u.report(&f.BSR, p.FirstAt)
	if u.Due&bit != 0 {
		c.finish(u, p, bit, true)
	}
}

// measure takes over what was measured of a transmission.
func (c *Cell) measure(u *UE, p *Process, slot nr.Slot, f *Feedback) {
	if f.HasPHR && f.Outcome == nr.OutcomePassed {
		u.headroom(f.PHR, int(p.NumPRB))
	}
	x := f.SINRdB
	if !f.SINRObserved || !(x > -100 && x < 100) {
		return
	}
	u.Counts.SINRSum += float64(x)
	u.Counts.SINRs++
	if slot < u.QualityAt {
		return // a younger one has come before
	}
	u.QualityAt = slot
	if p.Shared {
		x += float32(c.cfg.Pairing.LossDB)
	}
	// Beyond what the tables tell apart there is nothing to learn: what stands at their end
	// would be moved on for ever.
	x = min(max(x, minDB), maxDB)
	start, num := int(p.Start), int(p.NumPRB)
	step := float32(c.cfg.QualityWeight) * (x - c.effectiveDB(u, start, num))
	for i := range c.groups {
		g := &c.groups[i]
		if !u.Sounded || g.start < start+num && g.end > start {
			u.Quality[i] += step
		}
	}
}

// outcome moves the HARQ process of a transmission on.
func (c *Cell) outcome(u *UE, p *Process, bit uint16, f *Feedback) {
	first := p.Transmissions == 1
	switch f.Outcome {
	case nr.OutcomePassed, nr.OutcomeFailed:
		p.Seen = true
		passed := f.Outcome == nr.OutcomePassed
		if first {
			u.Counts.First++
			if !passed {
				u.Counts.FirstFailed++
			}
			loop := &u.Loop
			if p.Shared {
				loop = &u.PairedLoop
			}
			if !c.saturated(u, p, passed) {
				loop.Update(passed, u.Config.TargetBLER, u.Config.StepDB, c.cfg.MaxOffsetDB)
			}
		}
		if passed {
			u.report(&f.BSR, p.FirstAt)
			c.finish(u, p, bit, true)
			return
		}
	case nr.OutcomeAbsent:
		u.Counts.Absent++
		if !p.Seen && !p.Passed {
			c.giveBack(u, p, bit)
			return
		}
	default:
		u.Counts.Missing++
	}
	c.again(u, p, bit)
}

// saturated reports whether the outer loop would only wind up: the block passed with the last
// MCS of the table, or failed with the first, and the expected SINR is so far beyond the end
// of the table that another offset chooses the same. A loop that went on there would have to
// come all the way back when the channel changes.
//
// K. J. Åström and R. M. Murray, Feedback Systems, §11.4: conditional integration.
func (c *Cell) saturated(u *UE, p *Process, passed bool) bool {
	table := u.Config.Grant.MCSTable
	beyond := float64(p.Margin - c.inner.bounds.LossDB(table, int(p.MCS), int(p.Bound)))
	if passed {
		return int(p.MCS) == c.inner.highest[table] && beyond > c.cfg.SaturationDB
	}
	return p.MCS == 0 && beyond < -c.cfg.SaturationDB
}

// again makes a block due that did not pass, or ends it.
func (c *Cell) again(u *UE, p *Process, bit uint16) {
	switch {
	case p.Passed:
		c.finish(u, p, bit, true)
	case int(p.Transmissions) >= c.cfg.MaxTransmissions:
		c.finish(u, p, bit, false)
	default:
		u.InFlight &^= bit
		u.Due |= bit
	}
}

// finish frees the process of a block that passed or is lost. A lost block may have held
// a buffer status report, so that nobody knows what the UE has: it is granted a little.
func (c *Cell) finish(u *UE, p *Process, bit uint16, passed bool) {
	u.InFlight &^= bit
	u.Due &^= bit
	u.Counts.Blocks++
	if passed {
		u.Counts.Bits += int64(p.Bits)
	} else {
		u.Counts.Lost++
		c.ask(u)
	}
	c.release(p)
}

// giveBack frees the process of a block that the UE has never built: its data still wait.
func (c *Cell) giveBack(u *UE, p *Process, bit uint16) {
	u.InFlight &^= bit
	u.Due &^= bit
	if back := p.Bits/8 - blockOverheadBytes; back > 0 {
		best := 0
		for i := range u.Buffers {
			if u.priority(i) < u.priority(best) {
				best = i
			}
		}
		u.Buffers[best].push(min(back, maxBufferBytes-u.Buffers[best].Bytes), p.FirstAt)
	}
	c.ask(u)
	c.release(p)
}

// ask notes that a UE needs a grant to say what it has. Slots that are scheduled already, but
// not yet sent, may answer that.
func (c *Cell) ask(u *UE) {
	u.Requested, u.RequestAt = true, 0
	if k2 := nr.Slot(c.cfg.K2); c.state.Slot > k2 {
		u.RequestAt = c.state.Slot - k2
	}
}

// release empties a process but for the slot in which it was last used.
func (c *Cell) release(p *Process) { *p = Process{SentAt: p.SentAt} }

// maxBufferBytes bounds what is believed of a buffer.
const maxBufferBytes = 1 << 28

// Request notes that a UE has asked for a grant: a scheduling request of TS 38.321 §5.4.4,
// after which it is granted a little until it reports what it has. It reports whether
// the UE is attached. It does not allocate.
func (c *Cell) Request(rnti uint16) bool {
	at := c.find(rnti)
	if at >= 0 {
		c.touch(at)
		c.ask(&c.ues[at])
	}
	if c.checker != nil {
		c.checker.Request(rnti)
	}
	return at >= 0
}

// Sound takes the SINR of a UE in each resource block group, [Cell.NumRBGs] in dB, as a sounding
// reference signal shows it. It reports whether the UE is attached and the values are
// numbers of the right count. It does not allocate.
func (c *Cell) Sound(rnti uint16, slot nr.Slot, sinrDB []float32) bool {
	at := c.find(rnti)
	if at < 0 || len(sinrDB) != len(c.groups) {
		return false
	}
	for _, x := range sinrDB {
		if !(x > -100 && x < 100) {
			return false
		}
	}
	c.touch(at)
	u := &c.ues[at]
	u.Sounded, u.QualityAt = true, max(u.QualityAt, slot)
	copy(u.Quality[:], sinrDB)
	c.refresh(at)
	return true
}
