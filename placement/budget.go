// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"time"

	"github.com/neuroran/neuroran/placement/admission"
	"github.com/neuroran/neuroran/placement/internal/agent"
	"github.com/neuroran/neuroran/placement/internal/ledger"
	"github.com/neuroran/neuroran/sfaas"
)

// budgetSink is what [WithBudget] names.
type budgetSink struct {
	function string
	tell     func(u *Unit, perSlot time.Duration) error
	part     string // of the function
}

// budgets is what units of this node have been told of how much they may work. It belongs to the
// beat of the node.
//
// A node tells budgets when something has changed of what it has lent: a lease that is
// reserved for a unit which comes counts at once, so that those which adapt themselves have
// made room before the unit has its first slot. Work that is measured anew counts within a
// second.
type budgets struct {
	version uint64    // of the table of leases
	at      time.Time // when they were made
	told    map[gateName]toldBudget
}

type toldBudget struct {
	perSlot time.Duration
	epoch   uint32 // of the ownership
}

// budgetPeriod is how often budgets are made where no lease has changed, and budgetStep by which
// part one has to differ from that before to be told.
const (
	budgetPeriod = time.Second
	budgetStep   = 64
)

// tellBudgets makes budgets if there is a reason to, and tells those that differ.
func (n *Node) tellBudgets() {
	version, _ := n.books.lent.Table().Version()
	b := &n.budgets
	now := time.Now()
	if (version == b.version && now.Sub(b.at) < budgetPeriod) || !n.adapts() {
		return
	}
	b.version, b.at = version, now
	n.drop(mail{look: func(*agent.Agent) {
		set, slots := n.books.lent.Slots(nil)
		n.tells.add(0, func() { n.budget(set, slots) })
	}})
}

// adapts reports whether a deployment of this node adapts its work to what is left.
func (n *Node) adapts() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, c := range n.carriers {
		if d, ok := c.(*Deployment); ok && d.opts.budget.tell != nil {
			return true
		}
	}
	return false
}

// budget divides what is left, and tells it. Calls do not overlap: they are all on one line.
func (n *Node) budget(set admission.Set, slots []ledger.Slot) {
	units := make([]admission.Unit, 0, len(slots))
	mine := make([]*Unit, 0, len(slots)) // that adapt, nil for others
	of := make([]sfaas.Unit, 0, len(slots))
	for i := range slots {
		u := n.adapting(&slots[i])
		if u == nil && slots[i].Work.Work == 0 {
			continue // nothing is known of it
		}
		units, mine, of = append(units, slots[i].Work), append(mine, u), append(of, slots[i].Owner.Unit)
	}
	if len(units) == 0 {
		return
	}
	level, err := set.Level(units, func(i int) bool { return mine[i] != nil })
	if err != nil {
		n.log.Warn("placement: what units do makes no budget", "err", err)
		return
	}
	told := map[gateName]toldBudget{}
	for i, u := range mine {
		if u == nil {
			continue
		}
		name, next := gateName{u.d.cfg.Name, u.key}, toldBudget{max(level, 1), u.d.route(of[i]).Epoch}
		old, known := n.budgets.told[name]
		if known && old.epoch == next.epoch && (next.perSlot-old.perSlot).Abs() <= old.perSlot/budgetStep {
			told[name] = old
			continue
		}
		if err := u.d.opts.budget.tell(u, next.perSlot); err != nil {
			n.log.Warn("placement: a unit does not take its budget", "unit", of[i].String(), "budget", next.perSlot, "err", err)
			continue
		}
		told[name] = next
	}
	n.budgets.told = told
}

// adapting returns a handle of a unit that this node owns and that adapts itself, nil for others.
func (n *Node) adapting(s *ledger.Slot) *Unit {
	d, ok := n.carrierNamed(s.Owner.App).(*Deployment)
	if !ok || d.opts.budget.tell == nil || s.Owner.Unit.Part != d.opts.budget.part || d.route(s.Owner.Unit).Owner != n.id {
		return nil
	}
	return d.handle(s.Owner.Unit.Root)
}
