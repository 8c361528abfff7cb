// SPDX-License-Identifier: Apache-2.0

package meter

import (
	"cmp"

	"github.com/neuroran/neuroran/placement/resource"
	"github.com/neuroran/neuroran/sfaas"
)

// Row is what one node has counted of a unit: under one epoch of its ownership, or, where
// Folded is set, under all that it has had up to one.
//
// A row is named by owner, node and life. Of two rows of one name each counter holds that is
// larger; a folded row holds in the place of all rows of its owner, node and incarnation
// with lives up to its own. Rows of different names add up.
type Row struct {
	Owner  resource.Owner // app, unit, and who pays
	Node   sfaas.NodeID   // that has counted
	Life   uint64         // see [sfaas.UnitStats]; its upper half is the incarnation of the node
	Epoch  uint32         // of the ownership; of a folded row the last
	Folded bool           // the sum over earlier lives, too

	Usage
}

// RowOf returns what a runtime has counted of a unit, of no app, of nobody, and without joules.
func RowOf(s *sfaas.UnitStats) Row {
	return Row{Owner: resource.Owner{Unit: s.Unit}, Node: s.Node, Life: s.Life, Epoch: s.Epoch, Usage: Usage{
		Invocations: s.Invocations, StateRead: s.StateRead, StateWritten: s.StateWritten, Transferred: s.Transferred, Remote: s.Remote, IO: s.Stored,
		Slots: s.Slots, Late: s.Late + s.Skipped, Dropped: s.Dropped + s.Stale + s.Lost + s.Unheard + s.DeadLetters, Busy: s.Busy, CPU: s.CPU,
	}}
}

// incarnation returns the life of the node in which the row was counted.
func (r *Row) incarnation() uint32 { return uint32(r.Life >> 32) }

// trunk names the rows of one writer about one unit.
type trunk struct {
	owner       resource.Owner
	node        sfaas.NodeID
	incarnation uint32
}

func (r *Row) trunk() trunk { return trunk{r.Owner, r.Node, r.incarnation()} }

// compare orders rows by name.
func (r *Row) compare(o *Row) int {
	return cmp.Or(
		cmp.Compare(r.Owner.Tenant, o.Owner.Tenant), cmp.Compare(r.Owner.App, o.Owner.App), cmp.Compare(r.Owner.Unit.Part, o.Owner.Unit.Part),
		r.Owner.Unit.Root.Compare(o.Owner.Unit.Root), cmp.Compare(r.Node, o.Node), cmp.Compare(r.Life, o.Life),
	)
}

// record is what a ledger has of a trunk: the sum of lives that are over, and the rows of later
// ones in their order.
//
//	folded through life 7 │ 8 │ 11 │ 12
type record struct {
	base    Row // Folded; of no life if there are none
	rows    []held
	version uint64 // of the base
	born    uint64 // version at which the ledger heard of it,
	first   Usage  // and what had been used by then; nothing on this node
}

// held is a row with the version of the ledger in which it changed last.
type held struct {
	Row
	version uint64
	gone    bool // the runtime has forgotten it: it cannot change any more
}

// changed appends the rows that have changed after a version.
func (r *record) changed(dst []Row, after uint64) []Row {
	if r.base.Life > 0 && r.version > after {
		dst = append(dst, r.base)
	}
	for i := range r.rows {
		if r.rows[i].version > after {
			dst = append(dst, r.rows[i].Row)
		}
	}
	return dst
}

// sum adds everything to u.
func (r *record) sum(u *Usage) {
	u.Add(&r.base.Usage)
	for i := range r.rows {
		u.Add(&r.rows[i].Usage)
	}
}

// place returns where a life is or would be among the rows.
func (r *record) place(life uint64) (int, bool) {
	for i := range r.rows {
		if r.rows[i].Life >= life {
			return i, r.rows[i].Life == life
		}
	}
	return len(r.rows), false
}
