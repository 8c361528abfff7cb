// SPDX-License-Identifier: Apache-2.0

package state

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"

	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/core"
	"github.com/neuroran/neuroran/sfaas/internal/plan"
)

// Opened is what a snapshot holds in cells, for who reads it without a runtime and
// without the graph that wrote it.
//
// It is for reading off line: nothing is installed, no function need exist, and content
// is decoded when it is asked for, by the declarations that the reader has.
type Opened struct {
	Cut   base.Time                       // moment of the cut on the clock of who wrote it
	Names []string                        // functions, in the order of the graph
	Cells map[string]map[base.Key][]*Cell // by function and key, those with a record
}

// Cell is the content of one cell as it is in the snapshot.
type Cell struct {
	Name    string      // of the cell
	Class   base.Class  // which it must have still
	Version int         // of its schema
	Form    base.Digest // of its encoding
	Content []byte      // encoded, and sealed if the class is
}

// Open reads the cells of a snapshot. Everything is bounded and checked as in a restore,
// except for content, which is checked when it is read, and for what waits, which is
// passed over.
func Open(src io.Reader) (*Opened, error) {
	data, err := io.ReadAll(io.LimitReader(src, limit))
	if err != nil {
		return nil, base.Errorf("open snapshot: %w", err)
	}
	o := &Opened{Cells: map[string]map[base.Key][]*Cell{}}
	var index *plan.Index
	err = records(data, func(kind byte, r *base.Reader) error {
		switch {
		// The index is the first record and the only one of its kind: every number in a
		// later one refers to it.
		case (kind == recordIndex) != (index == nil):
			return base.ErrInvalid
		case kind == recordIndex:
			index, o.Cut = plan.ReadIndex(r, &plan.App{}), base.Time(r.Int())
			o.Names = index.Names.Nodes
		case kind == recordInstance:
			o.readInstance(r)
			return r.Err // what it has processed follows
		default:
			return nil
		}
		return r.End()
	})
	if err == nil && index == nil {
		err = errNoIndex
	}
	if err != nil {
		return nil, base.Errorf("%w: %w", base.ErrSnapshot, err)
	}
	return o, nil
}

// readInstance reads the cells of an instance.
//
// Names are those of the snapshot. An instance may be there once: two records of one
// would leave open which is right.
func (o *Opened) readInstance(r *base.Reader) {
	i, key := r.Uint(), r.Key()
	if r.Err == nil && i >= uint64(len(o.Names)) {
		r.Fail(base.ErrInvalid)
	}
	var cells []*Cell
	for range r.Count(leastCell) {
		h := readCell(r)
		if r.Err != nil {
			return
		}
		cells = append(cells, &h)
	}
	if r.Err != nil || len(cells) == 0 {
		return
	}
	// Names and keys are the reader's way in; the order of instances is lost, and does
	// not matter here.
	at := o.Cells[o.Names[i]]
	if at == nil {
		at = map[base.Key][]*Cell{}
		o.Cells[o.Names[i]] = at
	}
	if at[key] != nil {
		r.Fail(base.ErrInvalid)
	}
	at[key] = cells
}

// leastCell is how many bytes a cell takes at least.
const leastCell = 15

// readCellName reads what is written of a cell beside its content.
func readCellName(r *base.Reader) Cell {
	return Cell{Name: r.Text(), Class: base.Class(r.Byte()), Version: int(r.Limited(math.MaxInt32)), Form: r.Digest()}
}

// readCell reads what is written of a cell.
func readCell(r *base.Reader) Cell {
	c := readCellName(r)
	if size := r.Take(4); r.Err == nil {
		c.Content = r.Take(int(binary.LittleEndian.Uint32(size)))
	}
	return c
}

// matches says why the content of a cell cannot be read as that of a declaration of the
// same name.
//
// The rules are those of a restore, so that what can be looked at can be restored.
func (c *Cell) matches(d *plan.CellDecl) error {
	switch {
	case d.Class != c.Class:
		return fmt.Errorf("cell %s: class %v, want %v", c.Name, c.Class, d.Class)
	case c.Version == d.Version && c.Form != d.Form:
		return fmt.Errorf("cell %s: its fields have changed, its schema version %d has not", c.Name, c.Version)
	}
	return nil
}

// Copy returns what the snapshot has of cells under a key, as of the cut.
//
// Moments in content are shown as of the cut: what was left of a time to live then is
// what is left in the copy.
func (o *Opened) Copy(at base.Address, decls []*plan.CellDecl, sealer core.Sealer) (*core.Copy, error) {
	x := core.NewCopy(at, o.Cut, decls)
	for _, c := range o.Cells[at.Function][at.Key] {
		for i, d := range decls {
			// A cell that nobody asks for is not decoded.
			if d.Name != c.Name {
				continue
			}
			err := c.matches(d)
			if err == nil {
				err = core.ReadCell(c.Content, sealer, at, x.Cells[i], c.Version, plan.Moments{Then: o.Cut, Now: o.Cut})
			}
			if err != nil {
				return nil, base.Errorf("%w: %v: %w", base.ErrSnapshot, at, err)
			}
		}
	}
	return x, nil
}
