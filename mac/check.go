// SPDX-License-Identifier: Apache-2.0

package mac

import (
	"fmt"

	"github.com/neuroran/neuroran/phy/nr"
)

// CheckError is a schedule that breaks a rule.
type CheckError struct {
	Slot  nr.Slot // slot of the schedule
	Grant int     // index of the grant, -1 for the schedule as a whole
	Rule  string  // the rule that is broken
	Err   error   // what package nr says, where it is its rule; nil otherwise
}

// Error implements error.
func (e *CheckError) Error() string {
	text := fmt.Sprintf("mac: schedule of slot %d, grant %d: %s", e.Slot, e.Grant, e.Rule)
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Unwrap returns Err.
func (e *CheckError) Unwrap() error { return e.Err }

// Checker holds schedules to every rule that they must keep. It follows what a cell is told
// and what it decides with books of its own, so that an error in the books of the cell shows:
//
//   - slots ascend; grants are valid, and those that share PRBs form a group that can be
//     detected jointly (the rules of [nr.Schedule.Validate]); there are at most MaxGrants
//   - every grant is for an attached UE, has its pattern, and there is one a UE
//   - a new block has a process that is free; a block is sent again only when its feedback
//     has come or is overdue, only if it did not pass, with its size and in the next
//     redundancy version, and at most MaxTransmissions times
//   - a new block is for a UE that has data or has asked, and with one PRB less it would not
//     hold what the UE has
//
// A checker is for one goroutine at a time. It allocates when UEs attach.
type Checker struct {
	cfg     Config
	groups  nr.Grouper
	ues     map[uint16]*checkedUE
	started bool
	last    nr.Slot
}

// checkedUE is the books of one UE.
type checkedUE struct {
	cfg       UEConfig
	blocks    [NumProcesses]checkedBlock
	left      int // bytes of the last report that no block was granted for
	reportAt  nr.Slot
	requested bool
	requestAt nr.Slot
	grantedAt nr.Slot
	granted   bool // whether there was a grant in slot grantedAt
}

// checkedBlock is the block of a HARQ process.
type checkedBlock struct {
	bits, times     int
	firstAt, sentAt nr.Slot
	flying          bool // sent, without feedback
	passed, seen    bool
}

// NewChecker returns the checker of a cell with the given configuration.
func NewChecker(cfg Config) *Checker {
	return &Checker{cfg: cfg.withDefaults(), ues: map[uint16]*checkedUE{}}
}

// Attach begins the books of a UE, as [Cell.Attach] or [Cell.Restore] was given it.
func (c *Checker) Attach(u *UE) {
	k := &checkedUE{cfg: u.Config, reportAt: u.BSRAt, requested: u.Requested, requestAt: u.RequestAt}
	for i := range u.Buffers {
		k.left += int(u.Buffers[i].Bytes)
	}
	for i := range u.Processes {
		p := &u.Processes[i]
		if (u.InFlight|u.Due)>>i&1 == 0 {
			continue
		}
		k.blocks[i] = checkedBlock{
			bits: int(p.Bits), times: int(p.Transmissions), firstAt: p.FirstAt, sentAt: p.SentAt,
			flying: u.InFlight>>i&1 != 0, passed: p.Passed, seen: p.Seen,
		}
	}
	c.ues[u.RNTI] = k
}

// Detach ends the books of a UE.
func (c *Checker) Detach(rnti uint16) { delete(c.ues, rnti) }

// Request notes a scheduling request.
func (c *Checker) Request(rnti uint16) {
	if k := c.ues[rnti]; k != nil {
		c.ask(k)
	}
}

func (c *Checker) ask(k *checkedUE) {
	k.requested, k.requestAt = true, 0
	if k2 := nr.Slot(c.cfg.K2); c.last > k2 {
		k.requestAt = c.last - k2
	}
}

// payload returns the bytes of a block that are not overhead.
func payload(bits int) int { return max(bits/8-blockOverheadBytes, 0) }

// Feedback notes what became of a transmission.
func (c *Checker) Feedback(slot nr.Slot, f *Feedback) {
	k := c.ues[f.RNTI]
	if k == nil || f.HARQProcess >= NumProcesses {
		return
	}
	b := &k.blocks[f.HARQProcess]
	if b.times == 0 || slot < b.firstAt || slot > b.sentAt {
		return
	}
	current := b.flying && slot == b.sentAt
	switch {
	case f.Outcome == nr.OutcomePassed:
		k.report(&f.BSR, b.firstAt)
		b.passed, b.seen = true, true
		if current || !b.flying {
			*b = checkedBlock{}
		}
	case !current:
	case f.Outcome == nr.OutcomeAbsent && !b.seen && !b.passed:
		k.left += payload(b.bits)
		c.ask(k)
		*b = checkedBlock{}
	default:
		b.seen = b.seen || f.Outcome == nr.OutcomeFailed
		c.landed(k, b)
	}
}

// landed ends a transmission that has not passed.
func (c *Checker) landed(k *checkedUE, b *checkedBlock) {
	b.flying = false
	if b.times >= c.cfg.MaxTransmissions || b.passed {
		if !b.passed {
			c.ask(k)
		}
		*b = checkedBlock{}
	}
}

// report takes a buffer status report: what was left when the block of slot at was built,
// before those that were built later.
func (k *checkedUE) report(r *BSR, at nr.Slot) {
	if r.Format == NoBSR || at < k.reportAt {
		return
	}
	k.left, k.reportAt, k.requested = 0, at, k.requested && at <= k.requestAt
	for i := range NumLCGs {
		n, _ := r.Bytes(i)
		k.left += n
	}
	for i := range k.blocks {
		if b := &k.blocks[i]; b.times > 0 && b.firstAt > at {
			k.left = max(k.left-payload(b.bits), 0)
		}
	}
}

// Schedule checks the schedule of a slot and notes it. It returns the first [*CheckError].
func (c *Checker) Schedule(s *nr.Schedule) error {
	fail := func(grant int, rule string, err error) error {
		return &CheckError{Slot: s.Slot, Grant: grant, Rule: rule, Err: err}
	}
	if c.started && s.Slot <= c.last {
		return fail(-1, "slots ascend", nil)
	}
	c.started, c.last = true, s.Slot
	if len(s.Grants) > c.cfg.MaxGrants {
		return fail(-1, "at most MaxGrants", nil)
	}
	if err := s.ValidateWith(&c.cfg.Carrier, &c.groups); err != nil {
		return fail(-1, "grants are valid, alone and together", err)
	}
	for _, k := range c.ues {
		c.overdue(k, s.Slot)
	}
	for i := range s.Grants {
		if rule := c.grant(s.Slot, &s.Grants[i]); rule != "" {
			return fail(i, rule, nil)
		}
	}
	return nil
}

// overdue ends transmissions whose feedback should have come.
func (c *Checker) overdue(k *checkedUE, slot nr.Slot) {
	for i := range k.blocks {
		if b := &k.blocks[i]; b.flying && slot > b.sentAt+nr.Slot(c.cfg.FeedbackSlots+c.cfg.K2) {
			c.landed(k, b)
		}
	}
}

// grant checks one grant and notes it; it returns the rule that it breaks, or "".
func (c *Checker) grant(slot nr.Slot, g *nr.Grant) string {
	k := c.ues[g.RNTI]
	switch {
	case k == nil:
		return "a grant is for an attached UE"
	case k.granted && k.grantedAt == slot:
		return "one grant a UE and slot"
	case g.HARQProcess >= max(k.cfg.NumProcesses, 1) && k.cfg.NumProcesses != 0 || g.HARQProcess >= NumProcesses:
		return "the UE has the HARQ process"
	case !likePattern(g, &k.cfg.Grant):
		return "a grant has the pattern of its UE"
	}
	k.granted, k.grantedAt = true, slot
	b := &k.blocks[g.HARQProcess]
	if g.NewData {
		return k.begin(slot, g, b)
	}
	switch {
	case b.times == 0:
		return "only a block that was sent is sent again"
	case b.flying:
		return "a process is used once until its feedback has come or is overdue"
	case b.passed:
		return "a block that has passed is not sent again"
	case b.times >= c.cfg.MaxTransmissions:
		return "at most MaxTransmissions of a block"
	case g.TBS() != b.bits:
		return "a retransmission has the size of its block"
	case g.RV != redundancyVersions[b.times%len(redundancyVersions)]:
		return "redundancy versions 0, 2, 3, 1"
	}
	b.times++
	b.sentAt, b.flying = slot, true
	return ""
}

// begin checks a new block and notes it.
func (k *checkedUE) begin(slot nr.Slot, g *nr.Grant, b *checkedBlock) string {
	has := k.left
	switch {
	case b.times > 0:
		return "a new block has a free process"
	case g.RV != 0:
		return "a new block is sent in redundancy version 0"
	case has <= 0 && !k.requested:
		return "a new block is for a UE that has something to send"
	}
	if has <= 0 {
		has = requestBytes
	}
	if less := *g; g.NumPRB > 1 {
		less.NumPRB--
		if less.TBS() >= 8*(has+blockOverheadBytes) {
			return "a block is no larger than what its UE has"
		}
	}
	*b = checkedBlock{bits: g.TBS(), times: 1, firstAt: slot, sentAt: slot, flying: true}
	k.left, k.requested = max(k.left-payload(g.TBS()), 0), false
	return ""
}

// likePattern reports whether a grant is the UE's pattern but for what a cell decides.
func likePattern(g, pattern *nr.Grant) bool {
	p := *pattern
	p.RNTI, p.StartPRB, p.NumPRB, p.MCSIndex = g.RNTI, g.StartPRB, g.NumPRB, g.MCSIndex
	p.RV, p.HARQProcess, p.NewData, p.DMRS.Ports = g.RV, g.HARQProcess, g.NewData, g.DMRS.Ports
	p.MaxIterations = g.MaxIterations
	return p == *g
}
