// SPDX-License-Identifier: Apache-2.0

package core

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/plan"
)

// board is where the cores of a runtime publish what they have counted, and
// where host code reads it.
//
// Three levels, from the handler to the reader:
//
//	ledger, nodeStats   one core, plain memory, written while handlers run
//	account             one runtime, a lock, written once a slot by each core
//	row                 one reader, a copy
//
// The lock of an account is never waited for by a core that runs handlers: it tries, and
// comes again.
type board struct {
	app       *plan.App
	node      base.NodeID
	functions []functionAccount // by node
	watch     atomic.Pointer[func([]UnitStats)]

	flowing sync.Mutex // of what follows
	flows   []EdgeFlow // by edge

	mu        sync.Mutex // of what follows
	units     map[ownedUnit]*account
	list      []*account // in the order in which they were opened; only appended to
	life      uint64     // of the last account
	nextPrune base.Time

	ended atomic.Int32 // accounts without users
}

// functionAccount is what all cores have published about a function.
type functionAccount struct {
	mu sync.Mutex
	Meter
	Counts
	times Histogram // of stages
}

// ownedUnit is a unit under one owner: what has one account.
type ownedUnit struct {
	plan.UnitID
	epoch uint32
}

// account is what the cores of a runtime have published about a unit that it
// owns, or has owned, under one epoch.
//
// An account per owner and epoch is what makes sums right over moves: what two owners
// have counted is never in one place, and adding the rows of all epochs counts nothing
// twice.
type account struct {
	ownedUnit
	mu     sync.Mutex
	life   uint64
	users  int       // cores that have a ledger for it
	ended  base.Time // when the last one closed it; 0 while there are users
	cpu    time.Duration
	edges  []EdgeBytes // by place in Part.Edges
	gauges gauges
	slots  slotWork
	Meter
	Counts
}

// gauges are quantities that rise and fall.
type gauges struct {
	resident int // bytes of content, as last measured
	queued   int // messages in the lines from outside and on edges with a capacity
	keys     int // keys that are known and fall to the core
	timers   int // of instances
}

func (g *gauges) add(o gauges) {
	g.resident += o.resident
	g.queued += o.queued
	g.keys += o.keys
	g.timers += o.timers
}

func (g *gauges) sub(o gauges) { g.add(gauges{-o.resident, -o.queued, -o.keys, -o.timers}) }

// How long an account outlives the ownership, for whoever adds up usage: at least
// keepEnded, unless there are more than maxEnded of them.
const (
	keepEnded = 10 * time.Second
	maxEnded  = 512
)

func newBoard(app *plan.App, set *Settings) *board {
	b := &board{
		app: app, node: set.Node, functions: make([]functionAccount, len(app.Nodes)), flows: make([]EdgeFlow, len(app.Edges)),
		units: map[ownedUnit]*account{}, life: uint64(set.Incarnation) << 32,
	}
	for i := range b.functions { // so that a stage that takes long takes no memory
		b.functions[i].times.cover(0, buckets)
	}
	return b
}

// lock takes a lock, at once or not at all unless wait is true.
//
// Readers wait, cores do not.
func lock(mu *sync.Mutex, wait bool) bool {
	if wait {
		mu.Lock()
		return true
	}
	return mu.TryLock()
}

// account returns the account of a unit under an epoch, new if need be, with one
// more user. It goes on where an earlier one was left, unless that has been
// forgotten.
//
// life tells an account that goes on from one that was forgotten and begun again: the
// reader then knows that the sum started anew.
func (b *board) account(id ownedUnit, now base.Time) *account {
	b.mu.Lock()
	defer b.mu.Unlock()
	a := b.units[id]
	if a == nil {
		b.prune(now)
		b.life++
		a = &account{ownedUnit: id, life: b.life, edges: make([]EdgeBytes, len(id.Part.Edges))}
		for i, e := range id.Part.Edges {
			a.edges[i].Edge = e.ID
		}
		b.units[id] = a
		b.list = append(b.list, a)
	}
	a.mu.Lock()
	if a.ended > 0 {
		b.ended.Add(-1)
	}
	a.users++
	a.ended = 0
	a.mu.Unlock()
	return a
}

// leave counts off a user of an account, which the caller has locked.
func (b *board) leave(a *account, now base.Time) {
	if a.users--; a.users == 0 {
		a.ended = max(now, 1)
		a.slots.closeAll()
		b.ended.Add(1)
	}
}

// prune forgets accounts that have long ended, when a new one is opened and many
// have: so it takes a fraction of what units take that come and go.
//
// Units come and go by the thousand in a simulation or a large network. Looking at all
// accounts once a second, and only if many have ended, costs a small share of what
// opening them did.
func (b *board) prune(now base.Time) {
	n := int(b.ended.Load())
	if n < min(len(b.list)/2, 2*maxEnded) || (now < b.nextPrune && n < 2*maxEnded) {
		return
	}
	b.nextPrune = now.Add(time.Second)
	ended := 0
	left := make([]*account, 0, len(b.list)) // readers have the old list
	for _, a := range slices.Backward(b.list) {
		a.mu.Lock()
		at := a.ended
		a.mu.Unlock()
		if at > 0 {
			ended++
		}
		if at > 0 && (now.Sub(at) > keepEnded || ended > maxEnded) {
			delete(b.units, a.ownedUnit)
			b.ended.Add(-1)
			continue
		}
		left = append(left, a)
	}
	slices.Reverse(left)
	b.list = left
}

// accounts returns all accounts of units; the list is not to be changed.
func (b *board) accounts() []*account {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.list
}

// readFunctions returns the sums by function.
func (b *board) readFunctions() []FunctionStats {
	out := make([]FunctionStats, len(b.functions))
	for i := range b.functions {
		a := &b.functions[i]
		a.mu.Lock()
		out[i] = FunctionStats{
			Name: b.app.Nodes[i].Fn.Name, Meter: a.Meter, Counts: a.Counts,
			P50: a.times.Quantile(0.5), P99: a.times.Quantile(0.99), Max: a.times.Max(),
		}
		a.mu.Unlock()
	}
	return out
}

// readUnits writes a row for each account to dst, over what is there, and returns it.
//
// Rows are written over those that the caller has, with their memory for edges and
// histograms: a reader that asks every slot allocates nothing.
func (b *board) readUnits(dst []UnitStats) []UnitStats {
	list := b.accounts()
	dst = slices.Grow(dst[:0], len(list))
	for _, a := range list {
		dst = dst[:len(dst)+1] // with the memory of the row that was there
		row := &dst[len(dst)-1]
		a.mu.Lock()
		a.read(row)
		a.mu.Unlock()
		row.Node = b.node
	}
	return dst
}

// read writes a row about the account, in the memory that the row has.
func (a *account) read(row *UnitStats) {
	a.readCounters(row)
	row.Work.set(&a.slots.done)
	row.Edges = row.Edges[:0]
	for i := range a.edges {
		if e := &a.edges[i]; e.Sent+e.Remote > 0 {
			row.Edges = append(row.Edges, *e)
		}
	}
}

// readCounters writes all of a row but edges and the histogram.
func (a *account) readCounters(row *UnitStats) {
	row.Unit, row.Epoch, row.Life, row.Owned = a.Unit(), a.epoch, a.life, a.users > 0
	row.Meter, row.Counts, row.CPU = a.Meter, a.Counts, a.cpu
	row.Resident, row.Queued, row.Keys, row.Timers = a.gauges.resident, a.gauges.queued, a.gauges.keys, a.gauges.timers
	row.Slots = a.slots.begun
}

// reset sets all counters to zero and begins the life of new accounts.
func (b *board) reset() {
	for i := range b.functions {
		a := &b.functions[i]
		a.mu.Lock()
		a.Meter, a.Counts = Meter{}, Counts{}
		a.times.reset()
		a.mu.Unlock()
	}
	b.flowing.Lock()
	clear(b.flows)
	b.flowing.Unlock()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, a := range b.list {
		b.life++
		a.mu.Lock()
		a.life, a.Meter, a.Counts, a.cpu = b.life, Meter{}, Counts{}, 0
		a.slots.done.reset()
		a.slots = slotWork{done: a.slots.done}
		for i := range a.edges {
			a.edges[i].Sent, a.edges[i].Remote = 0, 0
		}
		a.mu.Unlock()
	}
}
