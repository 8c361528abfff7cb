// SPDX-License-Identifier: Apache-2.0

package meter

import (
	"slices"
	"sync"

	"github.com/neuroran/neuroran/placement/resource"
	"github.com/neuroran/neuroran/sfaas"
)

// Ledger has what units have used on all nodes, as far as it was told. It may be used by
// several goroutines at once.
type Ledger struct {
	node  sfaas.NodeID
	power resource.PowerModel
	cores int

	mu      sync.Mutex
	records map[trunk]*record
	nodes   map[sfaas.NodeID]*pages // the same by node
	owners  map[resource.Owner][]*record
	version uint64 // of the last change
}

// pages is the records of what one node has counted.
type pages struct {
	records  []*record
	accounts []Account // sums by tenant, in the order of names
	stale    bool      // these are not up to date
}

// MaxRecords bounds what a ledger keeps: units by owner node and life of it. What others tell
// beyond is not taken in.
const MaxRecords = 1 << 16

// NewLedger returns the ledger of a node. Its power model and how many cores it has say
// what a second of processor time costs; they are those of its [resource.Inventory].
func NewLedger(node sfaas.NodeID, power resource.PowerModel, cores int) *Ledger {
	return &Ledger{node: node, power: power, cores: cores, records: map[trunk]*record{}, nodes: map[sfaas.NodeID]*pages{}, owners: map[resource.Owner][]*record{}}
}

// Observe takes all rows that the runtime of an app on this node has just returned from
// [sfaas.Runtime.Units]. Tenant says who pays for a unit; nil stands for nobody. Rows of
// other nodes are left out. What the runtime does not know any more, since its unit left
// long ago, is folded: so a ledger has a handful of rows for each unit and node, however
// often units move.
//
// It allocates where units come, and nothing otherwise.
func (l *Ledger) Observe(app string, tenant func(sfaas.Unit) string, rows []sfaas.UnitStats) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.version++
	mine := l.pages(l.node)
	mine.stale = true
	for _, r := range mine.records {
		if r.base.Owner.App == app {
			for i := range r.rows {
				r.rows[i].gone = true
			}
		}
	}
	for i := range rows {
		if rows[i].Node == l.node {
			l.observe(app, tenant, &rows[i])
		}
	}
	for _, r := range mine.records {
		if r.base.Owner.App == app {
			l.fold(r)
		}
	}
}

// pages returns the records of a node.
func (l *Ledger) pages(node sfaas.NodeID) *pages {
	p := l.nodes[node]
	if p == nil {
		p = &pages{}
		l.nodes[node] = p
	}
	return p
}

func (l *Ledger) observe(app string, tenant func(sfaas.Unit) string, s *sfaas.UnitStats) {
	row := RowOf(s)
	row.Owner.App = app
	if tenant != nil {
		row.Owner.Tenant = tenant(s.Unit)
	}
	r := l.record(row.trunk())
	at, found := r.place(row.Life)
	if !found {
		if row.Life <= r.base.Life {
			return
		}
		r.rows = slices.Insert(r.rows, at, held{Row: row, version: l.version})
		r.rows[at].Energy = l.power.Work(row.processor(), l.cores)
		return
	}
	h := &r.rows[at]
	h.gone = false
	// Joules are of the processor time since the last look, so that another power model
	// holds from now on only.
	row.Energy = h.Energy
	if d := row.processor() - h.processor(); d > 0 {
		row.Energy = row.Energy.Add(l.power.Work(d, l.cores))
	}
	if row.Usage != h.Usage {
		h.Usage.raise(&row.Usage)
		h.version = l.version
	}
}

// fold adds lives that are over to the base, from the first on.
func (l *Ledger) fold(r *record) {
	n := 0
	for ; n < len(r.rows) && r.rows[n].gone; n++ {
		x := &r.rows[n]
		r.base.Usage.Add(&x.Usage)
		r.base.Life, r.base.Epoch = x.Life, max(r.base.Epoch, x.Epoch)
		r.version = l.version
	}
	r.rows = slices.Delete(r.rows, 0, n)
}

// record returns what there is of a trunk, new if need be.
func (l *Ledger) record(t trunk) *record {
	r := l.records[t]
	if r == nil {
		r = &record{base: Row{Owner: t.owner, Node: t.node, Folded: true}, born: l.version}
		l.records[t] = r
		l.owners[t.owner] = append(l.owners[t.owner], r)
		p := l.pages(t.node)
		p.records = append(p.records, r)
	}
	return r
}

// SetPower says what a second of processor time costs from now on.
func (l *Ledger) SetPower(power resource.PowerModel, cores int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.power, l.cores = power, cores
}

// Merge takes rows that another ledger has told, in any order and any number of times.
// Rows that are said to be of this node are left out: it knows better. It returns how many
// have told something new.
func (l *Ledger) Merge(rows []Row) (news int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.version++
	for i := range rows {
		if rows[i].Node == l.node {
			continue
		}
		if l.merge(&rows[i]) {
			news++
		}
		// What it had used when it was first heard of is history, and held against nobody.
		if r := l.records[rows[i].trunk()]; r != nil && r.born == l.version {
			r.first = Usage{}
			r.sum(&r.first)
		}
	}
	return news
}

// Witness is [Ledger.Merge] of rows that come straight from the runtime of another node
// ([RowOf]), before its ledger has told them. Their joules are not known there: they rise with
// the processor time as they did before.
func (l *Ledger) Witness(rows []Row) (news int) {
	l.mu.Lock()
	for i := range rows {
		x := &rows[i]
		r := l.records[x.trunk()]
		if r == nil || x.Energy.Basis != resource.NoBasis {
			continue
		}
		if at, found := r.place(x.Life); found {
			h := &r.rows[at]
			if known := h.processor(); known > 0 {
				x.Energy = resource.Energy{Joules: h.Energy.Joules * max(float64(x.processor())/float64(known), 1), Basis: h.Energy.Basis}
			}
		}
	}
	l.mu.Unlock()
	return l.Merge(rows)
}

func (l *Ledger) merge(row *Row) bool {
	if len(l.records) >= MaxRecords && l.records[row.trunk()] == nil {
		return false
	}
	l.pages(row.Node).stale = true
	r := l.record(row.trunk())
	switch {
	case row.Folded && row.Life > r.base.Life:
		r.base, r.version = *row, l.version
		r.rows = slices.DeleteFunc(r.rows, func(h held) bool { return h.Life <= row.Life })
		return true
	case row.Life <= r.base.Life:
		return false // it is in the sum already
	}
	at, found := r.place(row.Life)
	if !found {
		r.rows = slices.Insert(r.rows, at, held{Row: *row, version: l.version})
		return true
	}
	h := &r.rows[at]
	before := h.Usage
	h.Usage.raise(&row.Usage)
	if h.Usage == before {
		return false
	}
	h.version = l.version
	return true
}

// Rows writes all rows that have changed after a version to dst, in the order of their
// names, and returns the version up to which they are: what a node tells others, those of
// other nodes too. Version 0 asks for all.
func (l *Ledger) Rows(dst []Row, after uint64) ([]Row, uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	dst = dst[:0]
	for _, r := range l.records {
		dst = r.changed(dst, after)
	}
	slices.SortFunc(dst, func(a, b Row) int { return a.compare(&b) })
	return dst, l.version
}

// RowsOn is [Ledger.Rows] of what one node has counted, behind what is in dst, and looks at
// nothing else.
func (l *Ledger) RowsOn(dst []Row, node sfaas.NodeID, after uint64) ([]Row, uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	begun := len(dst)
	if p := l.nodes[node]; p != nil {
		for _, r := range p.records {
			dst = r.changed(dst, after)
		}
	}
	slices.SortFunc(dst[begun:], func(a, b Row) int { return a.compare(&b) })
	return dst, l.version
}

// Total returns what a unit has used, wherever it was, as far as the ledger was told.
func (l *Ledger) Total(owner resource.Owner) (u Usage) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, r := range l.owners[owner] {
		r.sum(&u)
	}
	return u
}

// Here returns what a unit has used on this node: what its gate here settles.
func (l *Ledger) Here(owner resource.Owner) Usage { return l.At(owner, l.node) }

// At returns what a unit has used on one node, as far as the ledger was told.
func (l *Ledger) At(owner resource.Owner, node sfaas.NodeID) (u Usage) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, r := range l.owners[owner] {
		if r.base.Node == node {
			r.sum(&u)
		}
	}
	return u
}

// Unknown returns how many of the pushes that a host has counted for an owner of a unit are not
// in the ledger: in flight, or, if that owner has been killed, what it had done and not
// told. Pushed is how many slots the host has had taken in under the node and epoch.
func (l *Ledger) Unknown(owner resource.Owner, node sfaas.NodeID, epoch uint32, pushed uint64) uint64 {
	var told uint64
	l.mu.Lock()
	for _, r := range l.owners[owner] {
		for i := range r.rows {
			if r.base.Node == node && r.rows[i].Epoch == epoch {
				told += r.rows[i].Slots
			}
		}
	}
	l.mu.Unlock()
	if told > pushed {
		return 0
	}
	return pushed - told
}
