// SPDX-License-Identifier: Apache-2.0

package state

import (
	"encoding/binary"
	"fmt"
	"iter"
	"strconv"

	"github.com/cespare/xxhash/v2"

	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/core"
	"github.com/neuroran/neuroran/sfaas/internal/plan"
)

// Recover lets cores to which nothing has happened yet go on with what an engine has
// kept. It calls do as [Restore] does. After an error the cores are as they were.
//
// The rows of a unit come in the order of their keys, those of the runtime itself first:
// lives and names, by which all later ones are read. So one pass over all rows is enough,
// and no row is kept.
func Recover(cores *core.Cores, rec *Recorder, engine core.Engine, now base.Time, do func(core int, eff []core.Effect)) error {
	if err := cores.Fresh(); err != nil {
		return base.Errorf("recover: %w", err)
	}
	k := cores.List[0]
	// Moments in rows count from the origin that this life has, as those of the recorder
	// do.
	p := &rows{
		reader: reader{app: k.App(), sealer: k.Sealer(), b: k.NewBuilder(now, 0), now: rec.origin},
		self:   rec.node,
		nodes:  map[uint64]*plan.Node{}, names: map[uint64]*schema{}, lives: map[uint32]*life{},
	}
	for _, n := range p.app.Nodes {
		// Rows name functions by hash of their names.
		p.nodes[xxhash.Sum64String(n.Fn.Name)] = n
	}
	// Nothing is installed before the engine has said that all was read: damage may be
	// found at the very end.
	if err := engine.Load(p.unit); err != nil {
		return base.Errorf("%w: %w", base.ErrRecords, err)
	}
	cores.Install(p.b, do)
	return nil
}

// rows reads the rows of units and tells a builder what they say.
//
// A row is read by the names of the life that wrote it: rows of several lives lie beside
// each other, since a row stays until something replaces it.
type rows struct {
	reader
	nodes  map[uint64]*plan.Node // by hash of the name
	names  map[uint64]*schema
	lives  map[uint32]*life
	self   base.NodeID      // the runtime's
	schema *schema          // of the row that is read
	merged []plan.CellStore // that have got parts
}

// schema is what a life knew of its graph.
//
// It is written once per graph and not per life: lives of one build share it.
type schema struct {
	index *plan.Index
	cells [][]Cell // by number of the node, without content
}

// life is one life of the runtime.
//
// Moments in rows are wall-clock time: origin is where 1970 lies on the clock of that
// life, so that they become moments of the present one.
type life struct {
	origin base.Time
	node   base.NodeID
	schema *schema
}

// unit reads all rows of a unit.
func (p *rows) unit(u base.Unit, epoch uint32, all iter.Seq2[[]byte, []byte]) error {
	var id plan.UnitID
	if u != (base.Unit{}) {
		var err error
		if id, err = p.app.Unit(u); err != nil {
			return err
		}
	}
	// The zero unit has the rows of the runtime itself, and comes first: every life and
	// every graph is known before a row needs it.
	p.merged = p.merged[:0]
	begun, counts := u == base.Unit{}, true
	for key, value := range all {
		var err error
		switch {
		case !counts: // they are left over
		case !begun && len(key) == 1 && key[0] == rowHand:
			begun = true
			counts, err = p.readHand(id, epoch, value)
		case !begun:
			begun = true
			err = p.b.Recover(id, epoch)
			fallthrough
		default:
			if err == nil {
				err = p.row(u, key, value)
			}
		}
		if err != nil {
			return fmt.Errorf("unit %v: row %x: %w", u, key, err)
		}
	}
	if !begun {
		return p.b.Recover(id, epoch)
	}
	// Parts of a cell have come one by one. What they make together is checked when the
	// last has come: a list with a gap is a damaged store.
	for _, s := range p.merged {
		if err := s.Merged(); err != nil {
			return fmt.Errorf("unit %v: cell %s: %w", u, s.Head().Decl.Name, err)
		}
	}
	return nil
}

// readHand reads the row that says that a unit is on its way, and reports whether its
// other rows count.
func (p *rows) readHand(id plan.UnitID, epoch uint32, value []byte) (counts bool, err error) {
	r := &base.Reader{Src: value}
	if r.Uint32(); r.Err == nil { // the life does not matter: there are no names in it
		h := core.Hand{State: core.HandState(r.Byte()), Node: base.NodeID(r.Uint16()), Epoch: r.Uint32(), Move: r.Uint()}
		if err = r.End(); err == nil {
			return p.b.AddHand(id, epoch, h)
		}
	}
	return false, firstError(r.Err, err)
}

// row reads one row.
//
// The key says what a row is and of what, the value what it says. Both must be read to
// the end.
func (p *rows) row(u base.Unit, key, value []byte) error {
	k, r := &base.Reader{Src: key}, &base.Reader{Src: value}
	kind := k.Byte()
	if kind == rowNames || kind == rowLife {
		if u != (base.Unit{}) {
			return base.ErrInvalid
		}
		p.readLife(kind, k, r)
		return firstError(k.End(), r.End())
	}
	// A row of a life of which nothing is known cannot be read: its numbers mean nothing.
	// That is damage, and not an old row.
	life := p.lives[r.Uint32()]
	if life == nil {
		return firstError(r.Err, fmt.Errorf("of an unknown life"))
	}
	// Units of another node would have two owners as soon as that node comes back. A life
	// that has left nothing but its name was refused here, and does no harm.
	if life.node != p.self {
		return &base.OptionError{Option: "WithNode", Got: strconv.Itoa(int(p.self)), Want: fmt.Sprintf("%d, whose records they are", life.node)}
	}
	p.schema, p.index, p.then = life.schema, life.schema.index, life.origin
	// Whether a row may stand in a unit or beside all units is part of its kind: a route
	// within a unit would be taken for the unit's own.
	switch of := u != (base.Unit{}); {
	case kind == rowInstance && of:
		p.readInstanceRow(k, r)
	// Kept messages are of a unit, or of the runtime for pushes that went elsewhere.
	case kind == rowKept:
		if row := cutRow(k); k.Err == nil {
			x := core.Kept{Key: r.Key(), Input: p.readInput(r)}
			if r.Err == nil {
				p.check(r, p.b.AddKeptRow(row, &x))
			}
		}
	// An input takes its course again: in which order is told by its row.
	case kind == rowInput && of:
		row, to := cutRow(k), r.Key()
		if in := p.readInput(r); k.Err == nil && r.Err == nil {
			p.check(r, p.b.AddInput(row, to, in))
		}
	case kind == rowPosition:
		// The key's hash of edge and producer is for order only; the value names them.
		k.Take(8 + 8*base.MaxDepth)
		e, key := p.index.Known(r, r.Uint()), r.Key()
		s := core.SourceState{ID: r.Uint(), Slot: base.Slot(r.Uint()), Seq: r.Uint32()}
		if r.Err == nil && e != nil {
			p.b.AddPosition(e, key, s)
		}
	case kind == rowFence && of:
		p.b.RaiseFence(base.Slot(r.Uint()))
	case kind == rowRoute && !of:
		k.Take(8 + 8*base.MaxDepth)
		x := base.Route{Unit: base.Unit{Part: r.Text(), Root: r.Key()}, Owner: base.NodeID(r.Uint16()), Epoch: r.Uint32()}
		if r.Err == nil {
			p.check(r, p.b.AddRoute(x))
		}
	case kind == rowPromise && !of:
		k.Take(8 + 8*base.MaxDepth)
		x := base.Unit{Part: r.Text(), Root: r.Key()}
		if epoch := r.Uint32(); r.Err == nil {
			p.check(r, p.b.AddPromise(x, epoch))
		}
	case kind == rowRest && !of:
		k.Take(8)
		x := core.Rest{Part: r.Text(), Owner: base.NodeID(r.Uint16()), Epoch: r.Uint32()}
		if r.Err == nil {
			p.check(r, p.b.AddRest(x))
		}
	default:
		return fmt.Errorf("unknown kind %d", kind)
	}
	return firstError(k.End(), r.End())
}

func firstError(all ...error) error {
	for _, err := range all {
		if err != nil {
			return err
		}
	}
	return nil
}

// cutRow reads what rowKey wrote.
func cutRow(k *base.Reader) core.Row {
	b := k.Take(14)
	if k.Err != nil {
		return core.Row{}
	}
	return core.Row{Epoch: binary.BigEndian.Uint32(b), Core: binary.BigEndian.Uint16(b[4:]), N: binary.BigEndian.Uint64(b[6:])}
}

// cutHash reads the hash of a name, as keys have it.
func cutHash(k *base.Reader) uint64 {
	b := k.Take(8)
	if k.Err != nil {
		return 0
	}
	return binary.BigEndian.Uint64(b)
}

// readLife reads what a life knew of its graph and clock.
//
// Names are found by their hash, which is checked against the content: a hash that does
// not fit is a damaged row, and everything read by it would be wrong.
func (p *rows) readLife(kind byte, k, r *base.Reader) {
	if kind == rowLife {
		b := k.Take(4)
		x := &life{schema: p.names[cutHash(r)], origin: base.Time(r.Int()), node: base.NodeID(r.Uint16())}
		switch {
		case k.Err != nil || r.Err != nil:
		case x.schema == nil:
			r.Fail(fmt.Errorf("a life without its names"))
		default:
			p.lives[binary.BigEndian.Uint32(b)] = x
		}
		return
	}
	hash := cutHash(k)
	if r.Err == nil && xxhash.Sum64(r.Src) != hash {
		r.Fail(fmt.Errorf("checksum differs"))
		return
	}
	x := &schema{index: plan.ReadIndex(r, p.app)}
	for range x.index.Names.Nodes {
		var cells []Cell
		for range r.Count(11) {
			cells = append(cells, readCellName(r))
		}
		x.cells = append(x.cells, cells)
	}
	p.names[hash] = x
}

// readInstanceRow reads a row of an instance.
//
// Functions are named by the hash of their name, so that a row outlives a change of the
// graph's numbering.
func (p *rows) readInstanceRow(k, r *base.Reader) {
	hash, key, kind := cutHash(k), k.Key(), k.Byte()
	if k.Err != nil {
		return
	}
	// The function may have another number than when the row was written, or be gone.
	n := p.nodes[hash]
	if n == nil {
		for _, name := range p.index.Names.Nodes {
			if xxhash.Sum64String(name) == hash {
				r.Fail(fmt.Errorf("no function %q", name))
			}
		}
		r.Fail(base.ErrInvalid)
		return
	}
	x, err := p.b.Instance(n, key)
	if err != nil {
		r.Fail(err)
		return
	}
	// What follows the kind in the key has done its work: it made the key unique. The
	// value repeats what is needed of it.
	switch kind {
	case rowHead:
		p.readNumbers(r, x)
	case rowCell:
		p.readPart(k, r, x)
	// The key has the producer by hash, for the order; the value has it by number, for
	// the reader.
	case rowMark:
		k.Take(8 + 8 + 2 + 8*base.MaxDepth)
		p.readMark(r, x)
	case rowSetting:
		k.Take(8)
		if in := p.readInput(r); r.Err == nil {
			p.check(r, p.b.SaySetting(x, in))
		}
	// Delayed messages and calls share a kind of row, since a token names either.
	case rowTimer:
		k.Take(8)
		kind := byte(recordDelayed)
		if r.Bool() {
			kind = recordCall
		}
		p.readTimerOf(r, x, kind)
	default:
		r.Fail(base.ErrInvalid)
	}
}

// readPart reads a part of a cell.
//
// Sealed cells are one row, others one per part. Merge takes a part into what has been
// read of the cell; that they fit together is asked in the end.
func (p *rows) readPart(k, r *base.Reader, x core.Instance) {
	hash, part, content := cutHash(k), k.Take(len(k.Src)), r.Take(len(r.Src))
	f := p.form(x.Node(), hash)
	if k.Err != nil || r.Err != nil || f == nil {
		r.Fail(base.ErrInvalid)
		return
	}
	// The declaration of today decides whether the content may be read; its form is that
	// of the life which wrote it.
	s := p.cellOf(r, x, f)
	if s == nil {
		return
	}
	var err error
	switch n := len(p.merged); {
	// Sealed content is one row, and is opened as a whole: a part of it says nothing.
	case f.Class == base.Sealed:
		err = core.ReadCell(content, p.sealer, x.Address(), s, f.Version, p.moments())
	default:
		// Parts of one cell follow each other in the order of keys, so only the last of the
		// list can be the same cell.
		err = s.Merge(part, content, f.Version, p.moments())
		if n == 0 || p.merged[n-1] != s {
			p.merged = append(p.merged, s)
		}
	}
	p.check(r, err)
}

// form returns what the life of the row knew of a cell.
//
// A cell of that life which has no form is damage: the names were written before any row.
func (p *rows) form(n *plan.Node, cell uint64) *Cell {
	for i, x := range p.index.Nodes {
		if x != n {
			continue
		}
		for j := range p.schema.cells[i] {
			if f := &p.schema.cells[i][j]; xxhash.Sum64String(f.Name) == cell {
				return f
			}
		}
	}
	return nil
}
