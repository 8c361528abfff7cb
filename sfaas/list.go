// SPDX-License-Identifier: Apache-2.0

package sfaas

import (
	"encoding/binary"
	"iter"
	"math"
	"unsafe"

	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/layout"
	"github.com/neuroran/neuroran/sfaas/internal/plan"
)

// List is a cell that holds a sequence of T per key.
type List[T any] struct {
	decl *plan.CellDecl
	lay  *layout.Layout
}

// NewList declares a List cell; T is as in [NewValue].
func NewList[T any](name string, class Class, opts ...CellOption) List[T] {
	lay := layout.Of[T]()
	d := newCellDecl(name, class, "list of "+lay.Type.String(), opts, lay)
	d.Make = func() plan.CellStore { return &listStore[T]{CellHead: plan.CellHead{Decl: d}, lay: lay} }
	return List[T]{d, lay}
}

func (l List[T]) declare(f *plan.Function) { f.Cells = append(f.Cells, l.decl) }

// Len returns the number of elements.
func (l List[T]) Len(c *Ctx) int { return len(l.store(c).visible(c.Now())) }

// Get returns a copy of element i and whether there is one.
func (l List[T]) Get(c *Ctx, i int) (x T, ok bool) {
	s := l.store(c).visible(c.Now())
	if uint(i) >= uint(len(s)) {
		return x, false
	}
	c.read(measure(l.lay, unsafe.Pointer(s[i])))
	if flat(l.lay) {
		return *s[i], true
	}
	dst := new(T)
	l.lay.Copy(unsafe.Pointer(dst), unsafe.Pointer(s[i]))
	return *dst, true
}

// Mut returns element i for change in place, or nil if there is none. It
// counts as one read and one write.
func (l List[T]) Mut(c *Ctx, i int) *T {
	s := l.store(c)
	if uint(i) >= uint(len(s.visible(c.Now()))) {
		return nil
	}
	items := s.edit(c)
	if staged(s.Decl) && !s.own(i) {
		p := new(T)
		l.lay.Copy(unsafe.Pointer(p), unsafe.Pointer((*items)[i]))
		(*items)[i] = p
	}
	p := (*items)[i]
	if l.decl.Max > 0 {
		s.loose = append(s.loose, p)
		c.open(s)
	}
	n := measure(l.lay, unsafe.Pointer(p))
	c.read(n)
	c.wrote(n)
	return p
}

// Append adds a copy of x at the end.
func (l List[T]) Append(c *Ctx, x T) {
	s, p := l.store(c), new(T)
	if l.decl.Quick {
		*p = x
	} else {
		in := s.in.hold(x)
		mustFit(l.decl, measure(l.lay, unsafe.Pointer(in)))
		l.lay.Copy(unsafe.Pointer(p), unsafe.Pointer(in))
		s.in.clear()
	}
	items := s.edit(c)
	*items = append(*items, p)
	c.wrote(measure(l.lay, unsafe.Pointer(p)))
}

// Truncate keeps the first n elements.
func (l List[T]) Truncate(c *Ctx, n int) {
	items := l.store(c).edit(c)
	if n = max(n, 0); n < len(*items) {
		clear((*items)[n:])
		*items = (*items)[:n]
		c.wrote(0)
	}
}

// All iterates over the elements in order, for as long as there is a next one:
// the loop may truncate the list. Elements are read-only and valid until the
// handler returns or changes the cell.
func (l List[T]) All(c *Ctx) iter.Seq2[int, *T] {
	return func(yield func(int, *T) bool) {
		s := l.store(c)
		for i := 0; i < len(s.visible(c.Now())); i++ { // the loop may truncate
			p := s.visible(c.Now())[i]
			c.read(measure(l.lay, unsafe.Pointer(p)))
			if !yield(i, p) {
				return
			}
		}
	}
}

func (l List[T]) store(c *Ctx) *listStore[T] { return c.cell(l.decl).(*listStore[T]) }

// listStore holds elements by pointer: the staged sequence shares those that
// the handler does not change.
type listStore[T any] struct {
	plan.CellHead
	lay       *layout.Layout
	cur, next []*T
	expires   Time
	kept      int  // elements whose parts an engine has
	loose     []*T // with a bound, and handed out for change in place
	in        scratch[T]
}

func (s *listStore[T]) visible(now Time) []*T {
	if s.Dirty {
		return s.next
	}
	if len(s.cur) > 0 && now < s.expires {
		return s.cur
	}
	return nil
}

// edit returns the sequence that a handler may write.
func (s *listStore[T]) edit(c *Ctx) *[]*T {
	if !staged(s.Decl) {
		s.cur, s.expires = s.visible(c.Now()), expiry(&s.CellHead, c.Now())
		return &s.cur
	}
	if !s.Dirty {
		s.next = append(s.next[:0], s.visible(c.Now())...)
		s.Dirty = true
		c.touch(s)
	}
	return &s.next
}

// own reports whether element i of the staged sequence is a copy already.
func (s *listStore[T]) own(i int) bool { return i >= len(s.cur) || s.cur[i] != s.next[i] }

func (s *listStore[T]) Apply(now Time) {
	s.Dirty = false
	s.cur, s.next, s.expires = s.next, s.cur, expiry(&s.CellHead, now)
	if s.Decl.Class == Sealed {
		s.wipe()
	}
	clear(s.next) // it would keep what has been deleted
	s.next = s.next[:0]
	if cap(s.next) > 64 && cap(s.next) > 4*len(s.cur) {
		s.next = nil
	}
}

// wipe overwrites the elements that have just been replaced or deleted: sealed
// content does not stay in clear.
func (s *listStore[T]) wipe() {
	for i, p := range s.next {
		if i >= len(s.cur) || s.cur[i] != p {
			s.lay.Wipe(unsafe.Pointer(p))
		}
	}
}

func (s *listStore[T]) Discard() { s.Dirty = false }

func (s *listStore[T]) Encode(dst []byte, now Time) []byte {
	items := s.cur
	if now >= s.expires {
		items = nil
	}
	dst = binary.AppendUvarint(dst, uint64(len(items)))
	dst = plan.AppendExpiry(dst, s.expires, now)
	for _, p := range items {
		dst = plan.AppendItem(dst, s.lay, unsafe.Pointer(p))
	}
	return dst
}

func (s *listStore[T]) Decode(src []byte, version int, at plan.Moments) error {
	n, src, err := base.CutCount(src, 4)
	if err != nil {
		return err
	}
	if s.expires, src, err = plan.CutExpiry(src, at.Now); err != nil {
		return err
	}
	s.cur = nil
	for range n {
		p := new(T)
		if src, err = s.Decl.CutItem(src, version, s.lay, unsafe.Pointer(p), at); err != nil {
			return err
		}
		s.cur = append(s.cur, p)
	}
	if len(src) != 0 {
		return base.ErrInvalid
	}
	return nil
}

func (s *listStore[T]) Live(now Time) bool { return len(s.cur) > 0 && now < s.expires }

func (s *listStore[T]) Clone() plan.CellStore {
	n := &listStore[T]{CellHead: plan.CellHead{Decl: s.Decl}, lay: s.lay, expires: s.expires, kept: s.kept}
	for _, p := range s.cur {
		q := new(T)
		s.lay.Copy(unsafe.Pointer(q), unsafe.Pointer(p))
		n.cur = append(n.cur, q)
	}
	return n
}

// listHead is the name of the part that says how long a list is and lasts; the others
// are named by the place of their element.
var listHead = []byte{0}

func listPart(i int) []byte { return binary.BigEndian.AppendUint32([]byte{1}, uint32(i)) }

// Changes implements [plan.CellStore].
func (s *listStore[T]) Changes(to plan.Parts, now, origin Time) {
	for i, p := range s.next {
		if i >= s.kept || s.own(i) {
			to.Set(listPart(i), plan.AppendItem(nil, s.lay, unsafe.Pointer(p)))
		}
	}
	s.parts(to, s.next, expiry(&s.CellHead, now), origin)
}

// AllParts implements [plan.CellStore].
func (s *listStore[T]) AllParts(to plan.Parts, now, origin Time) {
	s.kept = 0
	if !s.Live(now) {
		return
	}
	for i, p := range s.cur {
		to.Set(listPart(i), plan.AppendItem(nil, s.lay, unsafe.Pointer(p)))
	}
	s.parts(to, s.cur, s.expires, origin)
}

// parts ends what an engine gets of a list: elements that it has and the list has no
// more are deleted.
func (s *listStore[T]) parts(to plan.Parts, items []*T, expires, origin Time) {
	if len(items) < s.kept {
		to.DeleteFrom(listPart(len(items)))
	}
	s.kept = len(items)
	to.Set(listHead, plan.AppendExpiry(binary.AppendUvarint(nil, uint64(len(items))), expires, origin))
}

// Merge implements [plan.CellStore]. The head comes first.
func (s *listStore[T]) Merge(part, content []byte, version int, at plan.Moments) error {
	var err error
	switch {
	case len(part) == 1 && part[0] == listHead[0]:
		var n uint64
		if n, content, err = base.CutUint64(content); err != nil {
			return err
		}
		if s.expires, content, err = plan.CutExpiry(content, at.Now); err != nil {
			return err
		}
		if n > math.MaxUint32 || len(content) > 0 || len(s.cur) > 0 {
			return base.ErrInvalid
		}
		s.kept = int(n)
		return nil
	case len(part) != 5 || part[0] != 1 || binary.BigEndian.Uint32(part[1:]) != uint32(len(s.cur)) || len(s.cur) >= s.kept:
		return base.ErrInvalid
	}
	p := new(T)
	if content, err = s.Decl.CutItem(content, version, s.lay, unsafe.Pointer(p), at); err != nil {
		return err
	}
	if len(content) > 0 {
		return base.ErrInvalid
	}
	s.cur = append(s.cur, p)
	return nil
}

// Check implements [plan.CellStore]. Of an element that is lost the place stays.
func (s *listStore[T]) Check() (err error) {
	for _, p := range s.loose {
		if e := s.Decl.Fits(s.lay.Measure(unsafe.Pointer(p))); e != nil {
			clearValue(p)
			err = e
		}
	}
	clear(s.loose)
	s.loose = s.loose[:0]
	return err
}

// Merged implements [plan.CellStore].
func (s *listStore[T]) Merged() error {
	if len(s.cur) != s.kept {
		return base.ErrTruncated
	}
	return nil
}
