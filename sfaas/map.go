// SPDX-License-Identifier: Apache-2.0

package sfaas

import (
	"iter"
	"unsafe"

	"github.com/neuroran/neuroran/sfaas/internal/layout"
	"github.com/neuroran/neuroran/sfaas/internal/plan"
)

// Map is a cell that holds a table from K to V per key. Its order is that of
// insertion, except that the last entry may take the place of a deleted one.
// Its memory follows its content: that of entries which have been deleted is
// used again or let go.
type Map[K comparable, V any] struct {
	decl *plan.CellDecl
	keys *layout.Layout
	lay  *layout.Layout
}

// NewMap declares a Map cell; K and V are as T in [NewValue], and K is comparable: it
// may be a string or have some, see [MaxBytes]. A newer [Version] may change V, whose values the upgrade gets; a map
// whose keys get other fields needs another name, and the old one is
// [Retired].
func NewMap[K comparable, V any](name string, class Class, opts ...CellOption) Map[K, V] {
	keys, lay := layout.Of[K](), layout.Of[V]()
	d := newCellDecl(name, class, "map of "+keys.Type.String()+" to "+lay.Type.String(), opts, keys, lay)
	d.Make = func() plan.CellStore {
		return &mapStore[K, V]{CellHead: plan.CellHead{Decl: d}, keys: keys, lay: lay, index: map[K]int{}}
	}
	return Map[K, V]{d, keys, lay}
}

func (m Map[K, V]) declare(f *plan.Function) { f.Cells = append(f.Cells, m.decl) }

// Len returns the number of entries.
func (m Map[K, V]) Len(c *Ctx) int {
	s := m.store(c)
	if !s.Dirty && s.Decl.TTL <= 0 {
		return len(s.index)
	}
	n := 0
	for i := range s.entries {
		if e := &s.entries[i]; e.val != nil && s.lookup(e.key, c.Now()) != nil {
			n++
		}
	}
	for i := range s.over {
		if o := &s.over[i]; s.Dirty && o.val != nil && !s.inBase(o.key) {
			n++
		}
	}
	return n
}

// Get returns a copy of the entry at k and whether there is one.
func (m Map[K, V]) Get(c *Ctx, k K) (x V, ok bool) {
	p := m.View(c, k)
	if p == nil {
		return x, false
	}
	if flat(m.lay) {
		return *p, true
	}
	dst := new(V)
	m.lay.Copy(unsafe.Pointer(dst), unsafe.Pointer(p))
	return *dst, true
}

// Load copies the entry at k into dst and reports whether there is one.
func (m Map[K, V]) Load(c *Ctx, k K, dst *V) bool {
	p := m.View(c, k)
	if p == nil {
		return false
	}
	if flat(m.lay) {
		*dst = *p
		return true
	}
	m.lay.Copy(unsafe.Pointer(dst), unsafe.Pointer(p))
	return true
}

// View returns the entry at k without a copy, or nil. It is read-only and
// valid until the handler returns or changes the cell.
func (m Map[K, V]) View(c *Ctx, k K) *V {
	p := m.store(c).lookup(k, c.Now())
	if p != nil {
		c.read(measure(m.lay, unsafe.Pointer(p)))
	}
	return p
}

// Set makes a copy of x the entry at k.
func (m Map[K, V]) Set(c *Ctx, k K, x V) {
	s := m.store(c)
	if m.decl.Quick {
		*s.edit(c, k, false) = x
		c.wrote(m.lay.Fixed)
		return
	}
	in := s.in.hold(x)
	n := measure(m.lay, unsafe.Pointer(in))
	mustFit(m.decl, n+s.keyBytes(k))
	m.lay.Copy(unsafe.Pointer(s.edit(c, k, false)), unsafe.Pointer(in))
	s.in.clear()
	c.wrote(n)
}

// Mut returns the entry at k for change in place, zero if there was none. It
// counts as one read and one write.
func (m Map[K, V]) Mut(c *Ctx, k K) *V {
	s := m.store(c)
	if m.decl.Max > 0 {
		mustFit(m.decl, s.keyBytes(k))
		s.loose = append(s.loose, k)
		c.open(s)
	}
	p := s.edit(c, k, true)
	n := measure(m.lay, unsafe.Pointer(p))
	c.read(n)
	c.wrote(n)
	return p
}

// Delete removes the entry at k.
func (m Map[K, V]) Delete(c *Ctx, k K) { m.store(c).remove(c, k) }

// All iterates over the entries in the cell's order. The loop may delete any
// entry and set others, as with a map of Go: what is deleted before its turn
// does not come, what is new may or may not, and everything else comes once.
// Values are read-only and valid until the handler returns or changes the cell.
func (m Map[K, V]) All(c *Ctx) iter.Seq2[K, *V] {
	return func(yield func(K, *V) bool) {
		s := m.store(c)
		s.loops++
		defer s.endLoop()
		visit := func(k K) bool {
			p := s.lookup(k, c.Now())
			if p == nil {
				return true
			}
			c.read(measure(m.lay, unsafe.Pointer(p)))
			return yield(k, p)
		}
		for i := range len(s.entries) {
			if e := &s.entries[i]; e.val != nil && !visit(e.key) {
				return
			}
		}
		for i := range len(s.over) {
			if s.Dirty && !s.inBase(s.over[i].key) && !visit(s.over[i].key) {
				return
			}
		}
	}
}

func (m Map[K, V]) store(c *Ctx) *mapStore[K, V] { return c.cell(m.decl).(*mapStore[K, V]) }
