// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"time"

	"github.com/neuroran/neuroran/placement/admission"
	"github.com/neuroran/neuroran/placement/internal/agent"
	"github.com/neuroran/neuroran/placement/resource"
	"github.com/neuroran/neuroran/sfaas"
)

// Config says what a node lends.
type Config struct {
	Resources resource.Inventory
	// Workers is on what slots are done: cores, and how much longer they take than ideal ones.
	Workers admission.Set
	// Bear is for how long there has to be too much before a unit has to go: a load that
	// passes is cheaper to bear.
	Bear time.Duration
	// Keep lets nothing ever have to go.
	Keep bool
}

// Demand is what a unit takes of a node.
type Demand struct {
	Need resource.Need
	// Work is what a slot of the unit takes of the workers. A unit without a deadline is not
	// looked at; one without a slot of its own has to meet its deadline by itself, and queues
	// behind nothing.
	Work admission.Unit
	// Queue is what a slot takes of the accelerator on which the unit runs: slots of all units
	// there are done one after the other, when the workers are done.
	Queue time.Duration
}

// Ledger is what one node has lent. It is for one goroutine at a time, but for its table,
// which anybody may look at.
type Ledger struct {
	cfg     Config
	table   *resource.Table
	entries []entry
	over    sfaas.Time // since when there is too much, 0 for not
	version uint64     // rises when what is lent changes
	settled uint64     // of which version it is known that there is nothing to relieve

	units   []admission.Unit   // scratch of check
	skipped []resource.LeaseID // scratch of without
	queue   []time.Duration    // scratch of check: by accelerator
	gone    []resource.Lease   // scratch of Expire
}

// entry is a lease that stands.
type entry struct {
	id    resource.LeaseID
	cpu   resource.Milli
	work  admission.Unit
	queue time.Duration
	on    int  // the accelerator on which it queues, -1 for none
	here  bool // and not only promised
	going bool // it has to go
	bound bool // it cannot: see Bind
}

// New returns a ledger that lends everything. It returns the error of [resource.NewTable].
func New(cfg Config) (*Ledger, error) {
	t, err := resource.NewTable(cfg.Resources)
	if err != nil {
		return nil, err
	}
	return &Ledger{cfg: cfg, table: t, queue: make([]time.Duration, len(cfg.Resources.Accelerators))}, nil
}

// Table returns the table of leases.
func (l *Ledger) Table() *resource.Table { return l.table }

// Reserve grants a lease to a unit that is to come if what it takes fits beside all that
// holds a lease, until a moment. It returns the error of [resource.Table.Grant] or of
// [admission.Set.Check] for the first line that does not fit; then nothing is taken.
func (l *Ledger) Reserve(now sfaas.Time, owner resource.Owner, epoch uint32, d *Demand, until sfaas.Time) (resource.LeaseID, error) {
	lease, err := l.grant(now, resource.Request{Need: d.Need, Owner: owner, Epoch: epoch, TTL: until.Sub(now)}, d)
	if err != nil {
		return 0, err
	}
	if err := l.check(nil); err != nil {
		l.Release(lease)
		return 0, err
	}
	return lease, nil
}

// Accept grants a lease to a unit that is here already, whatever there is room for. It
// returns an error for what no node can have, and for an epoch that is over.
func (l *Ledger) Accept(now sfaas.Time, owner resource.Owner, epoch uint32, d *Demand, until sfaas.Time) (resource.LeaseID, error) {
	lease, err := l.grant(now, resource.Request{Need: d.Need, Owner: owner, Epoch: epoch, TTL: until.Sub(now), Here: true}, d)
	if err == nil {
		l.Become(lease)
	}
	return lease, err
}

func (l *Ledger) grant(now sfaas.Time, r resource.Request, d *Demand) (resource.LeaseID, error) {
	l.expire(now)
	lease, err := l.table.Grant(now, r)
	if err != nil {
		return 0, err
	}
	l.version++
	l.entries = append(l.entries, entry{id: lease.ID, cpu: d.Need.CPU, work: d.Work, queue: d.Queue, on: device(lease.On)})
	return lease.ID, nil
}

// device returns the accelerator on which a unit queues: the first one of its lease.
func device(on []int) int {
	if len(on) == 0 {
		return -1
	}
	return on[0]
}

// Become says that a unit for which a lease was reserved is here from now on, or stands by.
func (l *Ledger) Become(id resource.LeaseID) {
	if e := l.find(id); e != nil {
		e.here = true
	}
}

// Charge sets what a unit takes to what it has been found to take, whether there is room for
// that or not. It returns the error of [resource.Table.Charge], and then changes nothing.
func (l *Ledger) Charge(now sfaas.Time, id resource.LeaseID, d *Demand) error {
	if err := l.table.Charge(now, id, d.Need); err != nil {
		return err
	}
	e := l.find(id)
	if e == nil { // its time is over, and Expire tells
		return resource.ErrNoLease
	}
	l.version++
	e.cpu, e.work, e.queue = d.Need.CPU, d.Work, d.Queue
	if len(d.Need.Accelerators) == 0 {
		e.on = -1
	} else if lease, ok := l.table.Lease(id); ok {
		e.on = device(lease.On)
	}
	return nil
}

// Extend lets a lease hold until a later moment, and says how it stands.
func (l *Ledger) Extend(now sfaas.Time, id resource.LeaseID, until sfaas.Time) agent.LeaseState {
	l.expire(now)
	e := l.find(id)
	if e == nil || l.table.Commit(now, id, until.Sub(now)) != nil {
		return agent.LeaseEnded
	}
	l.relieve(now)
	if e.going {
		return agent.LeaseDisplaced
	}
	return agent.LeaseStands
}

// Release ends a lease.
func (l *Ledger) Release(id resource.LeaseID) {
	l.table.Release(id)
	l.forget(id)
}

// Expire ends the leases whose time has passed, and appends them to dst.
func (l *Ledger) Expire(now sfaas.Time, dst []resource.LeaseID) []resource.LeaseID {
	l.gone = l.table.Expire(now, l.gone[:0])
	for i := range l.gone {
		l.forget(l.gone[i].ID)
		dst = append(dst, l.gone[i].ID)
	}
	return dst
}

func (l *Ledger) expire(now sfaas.Time) { l.skipped = l.Expire(now, l.skipped[:0]) }

func (l *Ledger) find(id resource.LeaseID) *entry {
	for i := range l.entries {
		if l.entries[i].id == id {
			return &l.entries[i]
		}
	}
	return nil
}

func (l *Ledger) forget(id resource.LeaseID) {
	for i := range l.entries {
		if l.entries[i].id == id {
			l.version++
			l.entries = append(l.entries[:i], l.entries[i+1:]...)
			return
		}
	}
}
