// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"errors"
	"fmt"
	"time"

	"github.com/neuroran/neuroran/placement/admission"
	"github.com/neuroran/neuroran/placement/internal/agent"
	"github.com/neuroran/neuroran/placement/resource"
	"github.com/neuroran/neuroran/sfaas"
)

// ledger is what this node lends: a table of resources, and the slot work of the units that
// hold leases of it. It is the agent's, and touched by its function alone, but for the table,
// which anybody may look at.
//
// A unit is admitted if its needs fit into the table, and if its slot work, with that of all
// others that hold a lease, is done before the deadline of each. Standbys count like owners:
// they must be able to take over. Work that has not been measured yet counts as none, so a
// unit that comes for the first time is admitted by its needs; what it takes is known a
// second later, and if that is too much it moves on.
type ledger struct {
	node  *Node
	table *resource.Table
	last  uint64
	held  []held     // by grant
	over  sfaas.Time // since when there is too much work, 0 for not
}

// overTime is for how long there has to be too much work before a unit has to go: a load that
// passes is cheaper to bear.
const overTime = 2 * time.Second

// held is a lease that stands.
type held struct {
	lease     uint64
	id        resource.LeaseID
	row       agent.UnitRow
	committed bool
}

func newLedger(n *Node) (*ledger, error) {
	t, err := resource.NewTable(n.cfg.Resources)
	if err != nil {
		return nil, err
	}
	return &ledger{node: n, table: t}, nil
}

// Reserve implements agent.Ledger.
func (l *ledger) Reserve(now sfaas.Time, it *agent.Item, until sfaas.Time) (uint64, agent.Refusal) {
	c := l.node.carrier(it.Row.Deployment)
	if c == nil {
		return 0, agent.Refusal{Line: "deployment", Got: "not deployed", Want: "deployed"}
	}
	if l.node.cores() == 0 {
		return 0, agent.Refusal{Line: "cpu", Got: "no processor is lent", Want: "one"}
	}
	l.expire(now)
	if err := l.fits(&it.Row, -1); err != nil {
		return 0, refusal(err)
	}
	spec := c.spec()
	owner := resource.Owner{App: c.name(), Tenant: spec.Tenant, Unit: sfaas.Unit{Part: fmt.Sprintf("%016x", uint64(it.Row.Unit))}}
	if _, u, ok := l.node.unitNamed(it.Name); ok {
		owner.Unit = u
	}
	lease, err := l.table.Grant(now, resource.Request{Need: spec.Needs, Owner: owner, Epoch: it.Row.Epoch, TTL: until.Sub(now)})
	if err != nil {
		return 0, refusal(err)
	}
	l.last++
	l.held = append(l.held, held{lease: l.last, id: lease.ID, row: it.Row})
	return l.last, agent.Refusal{}
}

// Extend implements agent.Ledger. A set that has come to do more than its deadlines bear lets
// go of one unit: the one with the least work without which the others fit.
func (l *ledger) Extend(now sfaas.Time, lease uint64, epoch uint32, until sfaas.Time) bool {
	l.expire(now)
	i := l.at(lease)
	if i < 0 {
		return false
	}
	h := &l.held[i]
	h.row.Epoch = epoch
	var err error
	if h.committed {
		err = l.table.Renew(now, h.id, until.Sub(now))
	} else {
		err = l.table.Commit(now, h.id, until.Sub(now))
	}
	if err != nil || l.surplus(now) == i {
		l.Release(lease)
		return false
	}
	h.committed = true
	return true
}

// Become implements agent.Ledger: owner and standby hold the same.
func (l *ledger) Become(uint64, agent.Role) {}

// Release implements agent.Ledger.
func (l *ledger) Release(lease uint64) {
	if i := l.at(lease); i >= 0 {
		l.table.Release(l.held[i].id)
		l.held = append(l.held[:i], l.held[i+1:]...)
	}
}

func (l *ledger) at(lease uint64) int {
	for i := range l.held {
		if l.held[i].lease == lease {
			return i
		}
	}
	return -1
}

// expire forgets the leases that the table has forgotten.
func (l *ledger) expire(now sfaas.Time) {
	for _, gone := range l.table.Expire(now, nil) {
		for i := range l.held {
			if l.held[i].id == gone.ID {
				l.held = append(l.held[:i], l.held[i+1:]...)
				break
			}
		}
	}
}

// measured takes in what a unit that this node owns takes.
func (l *ledger) measured(u agent.UnitID, columns *[agent.UnitColumns]float32) {
	for i := range l.held {
		if l.held[i].row.Unit == u {
			l.held[i].row.Columns = *columns
		}
	}
}

// fits returns nil if the slot work of all units, without the one at a place and with
// another one, is done in time.
func (l *ledger) fits(with *agent.UnitRow, without int) error {
	var units []admission.Unit
	add := func(r *agent.UnitRow) {
		u := admission.Unit{
			Work: micros(r.Columns[unitQuantile]), Slot: micros(r.Columns[unitSlot]), Deadline: micros(r.Columns[unitDeadline]),
		}
		if u.Work > 0 && u.Deadline > 0 && u.Slot > 0 {
			units = append(units, u)
		}
	}
	for i := range l.held {
		if i != without && (with == nil || l.held[i].row.Unit != with.Unit) {
			add(&l.held[i].row)
		}
	}
	if with != nil {
		add(with)
	}
	if len(units) == 0 {
		return nil
	}
	set := admission.Set{Cores: l.node.cores(), Slot: units[0].Slot, Deadline: units[0].Deadline}
	return set.Check(units)
}

// surplus returns the place of the unit that has to go, or -1 if all fit, or have not fitted
// for a short time only. If no single one makes the others fit, the one with the most work
// goes first.
func (l *ledger) surplus(now sfaas.Time) int {
	switch {
	case l.node.cfg.KeepPlaces:
		return -1
	case l.fits(nil, -1) == nil:
		l.over = 0
		return -1
	case l.over == 0:
		l.over = now
	}
	if now.Sub(l.over) < overTime {
		return -1
	}
	l.over = 0 // the next one has its own time
	best, most := -1, -1
	work := func(i int) float32 { return l.held[i].row.Columns[unitQuantile] }
	for i := range l.held {
		if work(i) == 0 {
			continue
		}
		if l.fits(nil, i) == nil && (best < 0 || work(i) < work(best)) {
			best = i
		}
		if most < 0 || work(i) > work(most) {
			most = i
		}
	}
	if best < 0 {
		return most
	}
	return best
}

func micros(x float32) time.Duration { return time.Duration(float64(x) * float64(time.Microsecond)) }

// refusal says in words which line does not fit.
func refusal(err error) agent.Refusal {
	var short *resource.ShortError
	if errors.As(err, &short) {
		line := short.Line.String()
		if short.Kind != "" {
			line = short.Kind + " " + line
		}
		return agent.Refusal{Line: line, Got: fmt.Sprint(short.Free), Want: fmt.Sprint(short.Want)}
	}
	var late *admission.LineError
	if errors.As(err, &late) {
		return agent.Refusal{Line: string(late.Line), Got: late.Got.String(), Want: late.Want.String()}
	}
	return agent.Refusal{Line: "lease", Got: err.Error(), Want: "one"}
}
