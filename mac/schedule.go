// SPDX-License-Identifier: Apache-2.0

package mac

import (
	"math"
	"math/bits"

	"github.com/neuroran/neuroran/phy/nr"
)

// plan is a grant that is about to be made.
type plan struct {
	grant   nr.Grant
	ue      int     // index in Cell.ues
	process int     // HARQ process
	bits    int     // transport block size
	first   bool    // a new block
	shared  bool    // on PRBs shared with another UE
	sinrDB  float32 // expected effective SINR, less the offset of the outer loop
	wanted  int     // bits that the UE had to send

	kiloRE     float64 // data resource elements per PRB, of all layers, thousands
	iterations float32 // LDPC iterations that are expected
	most       float32 // iterations for which the receiver's budget has room
	weight     float64 // what a bit is worth
	rank       float64 // worth over work
}

// run is the piece of neighbouring groups that a candidate keeps.
type run struct {
	first, last int // groups
	rate        float32
}

// Schedule writes the grants of a slot to dst. Slots must ascend. Retransmissions come
// first, the oldest block before the others; the policy shares out the rest; then the
// grants are made to fit what the UEs have, what their power allows, and the receiver's
// budget.
//
// It returns a [*nr.FieldError] for a slot that is not after the last one, and with
// [Config].Check the [*CheckError] of the schedule, which is written all the same. It
// allocates only where dst.Grants has to grow.
func (c *Cell) Schedule(dst *nr.Schedule, slot nr.Slot) error {
	dst.Slot, dst.Grants = slot, dst.Grants[:0]
	if c.state.Started && slot <= c.state.Slot {
		return &nr.FieldError{Field: "mac.slot", Got: slot, Want: "a slot after the last one"}
	}
	c.state.Slot, c.state.Started = slot, true
	c.plans = c.plans[:0]
	for i := range c.free {
		c.free[i], c.owner[i] = true, Nobody
	}
	c.derive()
	c.expire(slot)
	c.retransmit()
	c.observe(slot)
	if len(c.view.UEs) > 0 {
		clear(c.view.Weights())
		c.view.grantWorth = c.state.WorkPrice * c.state.Work.grant(c.groups[0].end-c.groups[0].start)
		c.cfg.Scheduler.Allocate(c.owner, c.view)
		c.allot()
		c.turn()
	}
	c.pair()
	c.fitBudget()
	c.commit(dst, slot)
	if c.checker != nil {
		return c.checker.Schedule(dst)
	}
	return nil
}

// expire takes the feedback that should have come by now as lost.
func (c *Cell) expire(slot nr.Slot) {
	wait := nr.Slot(c.cfg.FeedbackSlots + c.cfg.K2)
	for _, at := range c.order {
		c.inSlot[at] = false
		if slot <= c.derived[at].deadline {
			continue
		}
		c.touch(int(at))
		u := &c.ues[at]
		u.Deadline = never
		for flying := u.InFlight; flying != 0; flying &= flying - 1 {
			p, bit := &u.Processes[bits.TrailingZeros16(flying)], flying&-flying
			if slot > p.SentAt+wait {
				u.Counts.Missing++
				c.again(u, p, bit)
			} else {
				u.Deadline = min(u.Deadline, p.SentAt+wait)
			}
		}
		c.deriveUE(int(at))
	}
}

// retransmit plans what is due, the oldest block first, one block a UE.
func (c *Cell) retransmit() {
	c.due = c.due[:0]
	for _, at := range c.order {
		if !c.derived[at].due {
			continue
		}
		// Insertion keeps the list ascending in the slot of the first transmission.
		first := c.dueSince(at)
		i := len(c.due)
		c.due = append(c.due, at)
		for ; i > 0 && c.dueSince(c.due[i-1]) > first; i-- {
			c.due[i] = c.due[i-1]
		}
		c.due[i] = at
	}
	for _, at := range c.due {
		if len(c.plans) == c.cfg.MaxGrants {
			return
		}
		u := &c.ues[at]
		c.planAgain(int(at), u.oldestDue())
	}
}

func (c *Cell) dueSince(at int32) nr.Slot {
	u := &c.ues[at]
	return u.Processes[u.oldestDue()].FirstAt
}

// planAgain finds the best place for a block that is sent again: as many PRBs as before,
// so that with the same MCS its size is the same.
func (c *Cell) planAgain(at, process int) {
	u := &c.ues[at]
	p := &u.Processes[process]
	start, best := -1, float32(math.Inf(-1))
	for i := range c.groups {
		score, k, need := float32(0), i, int(p.NumPRB)
		for ; k < len(c.groups) && c.free[k] && need > 0; k++ {
			score += u.Quality[k] * float32(min(need, c.prbs[k]))
			need -= c.prbs[k]
		}
		if need <= 0 && score > best {
			start, best = i, score
		}
	}
	if start < 0 {
		return
	}
	g := u.Config.Grant
	g.RNTI, g.HARQProcess, g.NewData = u.RNTI, process, false
	g.StartPRB, g.NumPRB, g.MCSIndex = c.groups[start].start, int(p.NumPRB), int(p.MCS)
	g.RV = redundancyVersions[int(p.Transmissions)%len(redundancyVersions)]
	for k := start; k < len(c.groups) && c.groups[k].start < g.StartPRB+g.NumPRB; k++ {
		c.free[k] = false
	}
	c.inSlot[at] = true
	c.plans = append(c.plans, plan{
		grant: g, ue: at, process: process, bits: int(p.Bits), kiloRE: c.settled[at].kiloRE,
		sinrDB: c.effectiveDB(u, g.StartPRB, g.NumPRB) - float32(u.Loop.OffsetDB),
	})
}

// observe makes the view of the slot.
func (c *Cell) observe(slot nr.Slot) {
	v := c.view
	v.Slot, v.LastServed, v.MaxGrants, v.UEs = slot, c.state.LastServed, c.cfg.MaxGrants-len(c.plans), v.UEs[:0]
	if v.MaxGrants == 0 {
		return
	}
	for _, at := range c.order {
		d := &c.derived[at]
		if d.wanted == 0 || d.full || c.inSlot[at] {
			continue
		}
		n := len(v.UEs)
		v.UEs = v.UEs[:n+1]
		can := &v.UEs[n] // written in place, field by field: there are many
		can.index, can.RNTI, can.Rate = int(at), d.rnti, &d.rates
		can.Backlog, can.MaxPRB = d.wanted, d.maxPRB
		can.PastRate = d.average.Before(slot, c.cfg.Discount)
		c.press(can, d, slot)
	}
}

// press fills in what a policy with guarantees goes by.
func (c *Cell) press(dst *Candidate, d *derived, slot nr.Slot) {
	u, s := &c.ues[dst.index], &c.settled[dst.index]
	dst.Urgency, dst.Priority, dst.Guaranteed, dst.Owed, dst.partners = 0, d.priority, s.guaranteed, 0, s.partners
	for hurry := d.pressing; hurry != 0; hurry &= hurry - 1 {
		i := bits.TrailingZeros8(hurry)
		x := u.Buffers[i].age(slot) * c.view.SlotDuration.Seconds() / s.delay[i]
		if x > dst.Urgency || dst.Urgency == 0 && s.priority[i] < dst.Priority {
			dst.Urgency, dst.Priority = x, s.priority[i]
		}
	}
	if s.guaranteed > 0 {
		dst.Owed = u.owed(s.guaranteed, slot)
	}
}

// owed returns by how many bits a guaranteed rate is behind; what is older than 200 slots
// is forgotten, and so is what was granted beyond it.
func (u *UE) owed(perSlot float64, slot nr.Slot) float64 {
	x := u.Owed
	if slot > u.OwedAt {
		x += perSlot * float64(slot-u.OwedAt)
	}
	return min(max(x, -50*perSlot), 200*perSlot)
}

// allot turns the policy's allocation into plans: for each UE the piece that carries most.
func (c *Cell) allot() {
	v := c.view
	runs := c.runs[:len(v.UEs)]
	for i := range runs {
		runs[i] = run{first: -1}
	}
	for i := 0; i < len(c.owner); {
		u := int(c.owner[i])
		if u < 0 || u >= len(v.UEs) || !c.free[i] {
			i++
			continue
		}
		r := run{first: i}
		for ; i < len(c.owner) && int(c.owner[i]) == u && c.free[i]; i++ {
			r.last = i
			r.rate += v.UEs[u].Rate[i]
		}
		if runs[u].first < 0 || r.rate > runs[u].rate {
			runs[u] = r
		}
	}
	c.limit(runs)
	for u := range runs {
		if runs[u].first >= 0 {
			c.planNew(&v.UEs[u], &runs[u])
		}
	}
}

// limit drops the pieces that are worth least, rate over past rate, beyond MaxGrants.
func (c *Cell) limit(runs []run) {
	v, n := c.view, 0
	for u := range runs {
		if runs[u].first >= 0 {
			n++
		}
	}
	for ; n > v.MaxGrants; n-- {
		worst := -1
		for u := range runs {
			if runs[u].first >= 0 && (worst < 0 || float64(runs[u].rate)/v.UEs[u].PastRate < float64(runs[worst].rate)/v.UEs[worst].PastRate) {
				worst = u
			}
		}
		runs[worst].first = -1
	}
}

// planNew plans a new block of a UE in a piece of groups.
func (c *Cell) planNew(can *Candidate, r *run) {
	u := &c.ues[can.index]
	for i := r.first; i <= r.last; i++ {
		c.free[i] = false
	}
	p := c.newPlan(can)
	p.grant.StartPRB = c.groups[r.first].start
	p.grant.NumPRB = min(c.groups[r.last].end-p.grant.StartPRB, can.MaxPRB)
	c.adapt(p, float32(u.Loop.OffsetDB))
	c.inSlot[can.index] = true
}

// newPlan adds the plan of a new block, without PRBs and MCS. It is large, and so it is made
// where it stands.
func (c *Cell) newPlan(can *Candidate) *plan {
	c.plans = append(c.plans, plan{})
	p, u := &c.plans[len(c.plans)-1], &c.ues[can.index]
	p.ue, p.process, p.first, p.wanted, p.kiloRE = can.index, u.free(), true, can.Backlog, c.settled[can.index].kiloRE
	p.grant = u.Config.Grant
	p.grant.RNTI, p.grant.HARQProcess, p.grant.NewData, p.grant.RV = u.RNTI, p.process, true, 0
	return p
}

// adapt chooses MCS and PRBs of a new block: the highest MCS that the expected SINR allows,
// and no more PRBs than hold what the UE wants to send.
func (c *Cell) adapt(p *plan, offset float32) {
	u, g, re := &c.ues[p.ue], &p.grant, c.settled[p.ue].rePerRB
	most := g.NumPRB
	p.sinrDB = c.effectiveDB(u, g.StartPRB, g.NumPRB) - offset
	p.bits = c.inner.choose(g, re, p.sinrDB)
	if p.bits < p.wanted || g.NumPRB == 1 {
		return
	}
	g.NumPRB = min(max((g.NumPRB*p.wanted+p.bits-1)/p.bits, 1), most)
	p.sinrDB = c.effectiveDB(u, g.StartPRB, g.NumPRB) - offset
	p.bits = c.inner.choose(g, re, p.sinrDB)
	c.trim(p, most)
}

// trim makes the block just large enough, with the MCS as it is.
func (c *Cell) trim(p *plan, most int) {
	g := &p.grant
	for p.bits < p.wanted && g.NumPRB < most {
		g.NumPRB++
		p.bits = c.blockBits(p)
	}
	for g.NumPRB > 1 {
		g.NumPRB--
		less := c.blockBits(p)
		if less < p.wanted {
			g.NumPRB++
			return
		}
		p.bits = less
	}
}

// blockBits returns the transport block size of a plan.
func (c *Cell) blockBits(p *plan) int {
	g := &p.grant
	return nr.TransportBlockSize(c.settled[p.ue].rePerRB, g.NumPRB, g.NumLayers, c.inner.rows[g.MCSTable][g.MCSIndex])
}

// turn moves round robin on: past the last UE that was served, or by one UE where all were.
func (c *Cell) turn() {
	v := c.view
	n, first := len(v.UEs), 0
	for first < n && v.UEs[first].RNTI <= v.LastServed {
		first++
	}
	served, last := 0, 0
	for i := range n {
		k := first + i
		if k >= n {
			k -= n
		}
		if c.inSlot[v.UEs[k].index] {
			served, last = served+1, i
		}
	}
	switch {
	case served == n:
		c.state.LastServed = v.UEs[first%n].RNTI
	case served > 0:
		c.state.LastServed = v.UEs[(first+last)%n].RNTI
	}
}

// commit writes the grants and notes them in the contexts.
func (c *Cell) commit(dst *nr.Schedule, slot nr.Slot) {
	for i := range c.plans {
		p := &c.plans[i]
		c.expect(p)
		dst.Grants = append(dst.Grants, p.grant)
		u := &c.ues[p.ue]
		c.touch(p.ue)
		if p.first {
			c.begin(u, p, slot)
		}
		c.send(u, p, slot)
	}
	c.work.scheduled(slot, c.plans)
}

// begin notes a new block: its process, what it takes out of the buffers, and the rate.
func (c *Cell) begin(u *UE, p *plan, slot nr.Slot) {
	u.Processes[p.process] = Process{Bits: int32(p.bits), NumPRB: uint16(p.grant.NumPRB), MCS: uint8(p.grant.MCSIndex), FirstAt: slot}
	u.drain(int32(p.bits/8) - blockOverheadBytes)
	u.Requested = false
	u.Average.Add(slot, float64(p.bits), c.cfg.Discount)
	u.Owed, u.OwedAt = u.owed(c.settled[p.ue].guaranteed, slot)-float64(p.bits), slot
	u.Counts.New++
	u.Counts.MCS += int64(p.grant.MCSIndex)
}

// send notes a transmission.
func (c *Cell) send(u *UE, p *plan, slot nr.Slot) {
	q, bit := &u.Processes[p.process], uint16(1)<<p.process
	q.Transmissions++
	q.SentAt, q.Start, q.Shared = slot, uint16(p.grant.StartPRB), p.shared
	q.Margin, q.Iterations = c.margin(p), p.iterations
	q.Bound = uint8(p.grant.MaxIterations)
	q.CodedKbits = float32(p.terms(0)[perKiloBit])
	deadline := slot + nr.Slot(c.cfg.FeedbackSlots+c.cfg.K2)
	if u.InFlight == 0 || deadline < u.Deadline {
		u.Deadline = deadline
	}
	u.InFlight |= bit
	u.Due &^= bit
	u.Counts.Transmissions++
	u.Counts.PRBs += int64(q.NumPRB)
	if p.shared {
		u.Counts.Paired++
	}
}
