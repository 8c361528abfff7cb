// SPDX-License-Identifier: Apache-2.0

package sfaas

import (
	"unsafe"

	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/layout"
	"github.com/neuroran/neuroran/sfaas/internal/plan"
)

// Value is a cell that holds at most one T per key.
type Value[T any] struct {
	decl *plan.CellDecl
	lay  *layout.Layout
}

// NewValue declares a Value cell. T is a scalar, an array, a tensor, a string, a slice
// or a struct of these; with strings or slices the cell states its largest size, see
// [MaxBytes]. A function that declares a cell of another type is refused by Build.
// Declarations are immutable and may be shared by functions, each of which has
// its own content.
func NewValue[T any](name string, class Class, opts ...CellOption) Value[T] {
	lay := layout.Of[T]()
	d := newCellDecl(name, class, "value of "+lay.Type.String(), opts, lay)
	d.Make = func() plan.CellStore { return &valueStore[T]{CellHead: plan.CellHead{Decl: d}, lay: lay} }
	return Value[T]{d, lay}
}

func (v Value[T]) declare(f *plan.Function) { f.Cells = append(f.Cells, v.decl) }

// Get returns a copy of the content and whether there is one. It allocates
// only if T holds tensors or slices; then [Value.Load] avoids it.
func (v Value[T]) Get(c *Ctx) (x T, ok bool) {
	p := v.view(c)
	if p == nil {
		return x, false
	}
	if flat(v.lay) {
		return *p, true
	}
	dst := new(T)
	v.lay.Copy(unsafe.Pointer(dst), unsafe.Pointer(p))
	return *dst, true
}

// Load copies the content into dst and reports whether there is one; dst keeps
// its memory where it is large enough.
func (v Value[T]) Load(c *Ctx, dst *T) bool {
	p := v.view(c)
	if p == nil {
		return false
	}
	if flat(v.lay) {
		*dst = *p
		return true
	}
	v.lay.Copy(unsafe.Pointer(dst), unsafe.Pointer(p))
	return true
}

// View returns the content without a copy, or nil. It is read-only and valid
// until the handler returns or changes the cell.
func (v Value[T]) View(c *Ctx) *T { return v.view(c) }

// Set makes a copy of x the content. It allocates only where tensors and slices of the
// content have to grow; a string is shared with x.
func (v Value[T]) Set(c *Ctx, x T) {
	s := v.store(c)
	if v.decl.Quick {
		*s.edit(c, false) = x
		c.wrote(v.lay.Fixed)
		return
	}
	in := s.in.hold(x)
	n := measure(v.lay, unsafe.Pointer(in))
	mustFit(v.decl, n)
	v.lay.Copy(unsafe.Pointer(s.edit(c, false)), unsafe.Pointer(in))
	s.in.clear()
	c.wrote(n)
}

// scratch holds what a handler has passed by value while it is measured and copied: a
// pointer to it would let each such value escape, and be allocated.
type scratch[T any] struct{ p *T }

func (s *scratch[T]) hold(x T) *T {
	s.p = fresh(s.p)
	*s.p = x
	return s.p
}

func (s *scratch[T]) clear() { clearValue(s.p) }

// mustFit faults the invocation if a value of n bytes is beyond the bound of a cell.
func mustFit(d *plan.CellDecl, n int) {
	if err := d.Fits(n); err != nil {
		panic(err)
	}
}

// Mut returns the content for change in place, zero if there was none. The
// pointer is valid until the handler returns. It counts as one read and one
// write. Slices of it grow by append; a slice of a message is copied into them, and
// not assigned, since the message is used again.
func (v Value[T]) Mut(c *Ctx) *T {
	s := v.store(c)
	p := s.edit(c, true)
	if v.decl.Max > 0 {
		c.open(s)
	}
	n := measure(v.lay, unsafe.Pointer(p))
	c.read(n)
	c.wrote(n)
	return p
}

// Delete removes the content.
func (v Value[T]) Delete(c *Ctx) {
	s := v.store(c)
	s.edit(c, false)
	if staged(v.decl) {
		s.nextHas = false
	} else {
		s.has = false
		c.wrote(0)
	}
}

func (v Value[T]) store(c *Ctx) *valueStore[T] { return c.cell(v.decl).(*valueStore[T]) }

func (v Value[T]) view(c *Ctx) *T {
	p := v.store(c).visible(c.Now())
	if p != nil {
		c.read(measure(v.lay, unsafe.Pointer(p)))
	}
	return p
}

// valueStore holds the current content and, for staged classes, the next.
type valueStore[T any] struct {
	plan.CellHead
	lay          *layout.Layout
	cur, next    *T
	has, nextHas bool
	expires      Time
	in           scratch[T]
}

// visible returns what the handler sees, or nil.
func (s *valueStore[T]) visible(now Time) *T {
	if s.Dirty && staged(s.Decl) {
		if s.nextHas {
			return s.next
		}
		return nil
	}
	if s.has && now < s.expires {
		return s.cur
	}
	return nil
}

// edit returns the memory that a handler may write. If keep is true, it holds
// what is visible, else its content does not matter.
func (s *valueStore[T]) edit(c *Ctx, keep bool) *T {
	old := s.visible(c.Now())
	first := !s.Dirty
	if !staged(s.Decl) {
		s.cur, s.has, s.expires = fresh(s.cur), true, expiry(&s.CellHead, c.Now())
		if keep && old == nil {
			clearValue(s.cur)
		}
		return s.cur
	}
	if first {
		s.Dirty = true
		c.touch(s)
	}
	s.next = fresh(s.next)
	if keep && old == nil {
		clearValue(s.next)
	} else if keep && first {
		s.lay.Copy(unsafe.Pointer(s.next), unsafe.Pointer(old))
	}
	s.nextHas = true
	return s.next
}

func fresh[T any](p *T) *T {
	if p == nil {
		return new(T)
	}
	return p
}

func clearValue[T any](p *T) {
	var zero T
	*p = zero
}

func (s *valueStore[T]) Apply(now Time) {
	s.Dirty = false
	s.cur, s.next = s.next, s.cur
	s.has, s.expires = s.nextHas, expiry(&s.CellHead, now)
	if s.Decl.Class == Sealed && s.next != nil {
		s.lay.Wipe(unsafe.Pointer(s.next)) // what it replaces does not stay in clear
	}
}

func (s *valueStore[T]) Discard() { s.Dirty = false }

func (s *valueStore[T]) Encode(dst []byte, now Time) []byte {
	if !s.has || now >= s.expires {
		return append(dst, 0)
	}
	dst = plan.AppendExpiry(append(dst, 1), s.expires, now)
	return plan.AppendItem(dst, s.lay, unsafe.Pointer(s.cur))
}

func (s *valueStore[T]) Decode(src []byte, version int, at plan.Moments) error {
	if len(src) == 0 || src[0] > 1 || (src[0] == 0 && len(src) > 1) {
		return base.ErrInvalid
	}
	s.has = false
	if src[0] == 0 {
		return nil
	}
	expires, src, err := plan.CutExpiry(src[1:], at.Now)
	if err != nil {
		return err
	}
	s.cur = fresh(s.cur)
	rest, err := s.Decl.CutItem(src, version, s.lay, unsafe.Pointer(s.cur), at)
	if err != nil {
		return err
	}
	if len(rest) != 0 {
		return base.ErrInvalid
	}
	s.has, s.expires = true, expires
	return nil
}

func (s *valueStore[T]) Live(now Time) bool { return s.has && now < s.expires }

func (s *valueStore[T]) Clone() plan.CellStore {
	n := &valueStore[T]{CellHead: plan.CellHead{Decl: s.Decl}, lay: s.lay, has: s.has, expires: s.expires}
	if s.has {
		n.cur = new(T)
		s.lay.Copy(unsafe.Pointer(n.cur), unsafe.Pointer(s.cur))
	}
	return n
}

// Changes implements [plan.CellStore]: a value is one part.
func (s *valueStore[T]) Changes(to plan.Parts, now, origin Time) {
	if !s.nextHas {
		to.Delete(nil)
		return
	}
	to.Set(nil, plan.AppendItem(plan.AppendExpiry(nil, expiry(&s.CellHead, now), origin), s.lay, unsafe.Pointer(s.next)))
}

// AllParts implements [plan.CellStore].
func (s *valueStore[T]) AllParts(to plan.Parts, now, origin Time) {
	if s.Live(now) {
		to.Set(nil, plan.AppendItem(plan.AppendExpiry(nil, s.expires, origin), s.lay, unsafe.Pointer(s.cur)))
	}
}

// Merge implements [plan.CellStore].
func (s *valueStore[T]) Merge(part, content []byte, version int, at plan.Moments) error {
	if len(part) > 0 {
		return base.ErrInvalid
	}
	return s.Decode(append([]byte{1}, content...), version, at)
}

// Merged implements [plan.CellStore].
func (s *valueStore[T]) Merged() error { return nil }

// Check implements [plan.CellStore].
func (s *valueStore[T]) Check() error {
	p := s.cur
	if s.Dirty {
		p = s.next
	}
	if p == nil {
		return nil
	}
	err := s.Decl.Fits(s.lay.Measure(unsafe.Pointer(p)))
	if err != nil && !staged(s.Decl) {
		s.cur, s.has = nil, false
	}
	return err
}
