// SPDX-License-Identifier: Apache-2.0

package sfaas

import (
	"encoding/binary"
	"iter"
	"slices"
	"unsafe"

	"github.com/cespare/xxhash/v2"

	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/layout"
	"github.com/neuroran/neuroran/sfaas/internal/plan"
)

// Map is a cell that holds a table from K to V per key. Its order is that of
// insertion, except that the last entry takes the place of a deleted one.
type Map[K comparable, V any] struct {
	decl *plan.CellDecl
	keys *layout.Layout
	lay  *layout.Layout
}

// NewMap declares a Map cell; K and V are as T in [NewValue], K without
// tensors.
func NewMap[K comparable, V any](name string, class Class, opts ...CellOption) Map[K, V] {
	keys, lay := layout.Of[K](), layout.Of[V]()
	d := newCellDecl(name, class, "map of "+keys.Type.String()+" to "+lay.Type.String(), opts)
	if d.Reason = lay.CellError(); d.Reason == "" && !keys.Plain() {
		d.Reason = keys.Type.String() + " is no key of fixed size"
	}
	d.Form = Digest(xxhash.Sum64(append(slices.Clone(keys.Form), lay.Form...)))
	d.Make = func() plan.CellStore {
		return &mapStore[K, V]{CellHead: plan.CellHead{Decl: d}, keys: keys, lay: lay, index: map[K]int{}}
	}
	return Map[K, V]{d, keys, lay}
}

func (m Map[K, V]) declare(f *plan.Function) { f.Cells = append(f.Cells, m.decl) }

// Len returns the number of entries.
func (m Map[K, V]) Len(c *Ctx) int {
	n := 0
	s := m.store(c)
	for i := range s.entries {
		if s.lookup(s.entries[i].key, c.Now()) != nil {
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
	if plain(m.lay) {
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
	if plain(m.lay) {
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
	p := m.store(c).edit(c, k, false)
	if plain(m.lay) {
		*p = x
		c.wrote(m.lay.Fixed)
		return
	}
	setDeep(m.lay, p, x)
	c.wrote(measure(m.lay, unsafe.Pointer(p)))
}

// Mut returns the entry at k for change in place, zero if there was none. It
// counts as one read and one write.
func (m Map[K, V]) Mut(c *Ctx, k K) *V {
	p := m.store(c).edit(c, k, true)
	n := measure(m.lay, unsafe.Pointer(p))
	c.read(n)
	c.wrote(n)
	return p
}

// Delete removes the entry at k.
func (m Map[K, V]) Delete(c *Ctx, k K) { m.store(c).remove(c, k) }

// All iterates over the entries in the cell's order. Values are read-only and
// valid until the handler returns or changes the cell.
func (m Map[K, V]) All(c *Ctx) iter.Seq2[K, *V] {
	return func(yield func(K, *V) bool) {
		s := m.store(c)
		visit := func(k K) bool {
			p := s.lookup(k, c.Now())
			if p == nil {
				return true
			}
			c.read(measure(m.lay, unsafe.Pointer(p)))
			return yield(k, p)
		}
		for i := range s.entries {
			if !visit(s.entries[i].key) {
				return
			}
		}
		for i := range s.over {
			if s.Dirty && !s.inBase(s.over[i].key) && !visit(s.over[i].key) {
				return
			}
		}
	}
}

func (m Map[K, V]) store(c *Ctx) *mapStore[K, V] { return c.cell(m.decl).(*mapStore[K, V]) }

// mapStore holds the entries in a slice with an index beside it. A staged
// change goes to over, which is short: what one invocation touches.
type mapStore[K comparable, V any] struct {
	plan.CellHead
	keys, lay *layout.Layout
	index     map[K]int
	entries   []mapEntry[K, V]
	over      []mapEntry[K, V] // val nil: deleted
	look      int              // where expired entries are looked for next
	spare     []*V
}

type mapEntry[K comparable, V any] struct {
	key     K
	val     *V
	expires Time
}

func (s *mapStore[K, V]) inBase(k K) bool {
	_, ok := s.index[k]
	return ok
}

// staged returns the staged entry at k, or nil.
func (s *mapStore[K, V]) staged(k K) *mapEntry[K, V] {
	if s.Dirty {
		for i := range s.over {
			if s.over[i].key == k {
				return &s.over[i]
			}
		}
	}
	return nil
}

func (s *mapStore[K, V]) lookup(k K, now Time) *V {
	if o := s.staged(k); o != nil {
		return o.val
	}
	if i, ok := s.index[k]; ok && now < s.entries[i].expires {
		return s.entries[i].val
	}
	return nil
}

// edit returns the memory of the entry at k that a handler may write.
func (s *mapStore[K, V]) edit(c *Ctx, k K, keep bool) *V {
	old := s.lookup(k, c.Now())
	if !staged(s.Decl) {
		return s.put(k, old, keep, c.Now())
	}
	s.stage(c)
	o := s.staged(k)
	if o == nil {
		s.over = append(s.over, mapEntry[K, V]{key: k})
		o = &s.over[len(s.over)-1]
	}
	if o.val == nil {
		o.val = s.fresh()
		if keep && old != nil {
			s.lay.Copy(unsafe.Pointer(o.val), unsafe.Pointer(old))
		} else if keep {
			clearValue(o.val)
		}
	}
	return o.val
}

// put returns the memory of a volatile entry.
func (s *mapStore[K, V]) put(k K, old *V, keep bool, now Time) *V {
	i, ok := s.index[k]
	if !ok {
		s.sweep(now)
		i = len(s.entries)
		s.index[k] = i
		s.entries = append(s.entries, mapEntry[K, V]{key: k, val: s.fresh()})
	}
	e := &s.entries[i]
	e.expires = expiry(&s.CellHead, now)
	if keep && old == nil {
		clearValue(e.val)
	}
	return e.val
}

// sweep looks at two entries for each new one and removes those that have
// expired, so that a map does not grow with entries that nobody can see.
func (s *mapStore[K, V]) sweep(now Time) {
	if s.Decl.TTL <= 0 {
		return
	}
	for range min(2, len(s.entries)) {
		if s.look++; s.look >= len(s.entries) {
			s.look = 0
		}
		if e := &s.entries[s.look]; now >= e.expires {
			s.drop(e.key)
		}
	}
}

func (s *mapStore[K, V]) stage(c *Ctx) {
	if !s.Dirty {
		s.over = s.over[:0]
		s.Dirty = true
		c.touch(s)
	}
}

func (s *mapStore[K, V]) fresh() *V {
	if n := len(s.spare); n > 0 {
		p := s.spare[n-1]
		s.spare = s.spare[:n-1]
		return p
	}
	return new(V)
}

func (s *mapStore[K, V]) remove(c *Ctx, k K) {
	if !staged(s.Decl) {
		s.drop(k)
		return
	}
	s.stage(c)
	if o := s.staged(k); o != nil {
		o.val = nil
		return
	}
	s.over = append(s.over, mapEntry[K, V]{key: k})
}

// drop removes an entry of the base; the last one takes its place.
func (s *mapStore[K, V]) drop(k K) {
	i, ok := s.index[k]
	if !ok {
		return
	}
	last := len(s.entries) - 1
	s.spare = append(s.spare, s.entries[i].val)
	s.entries[i] = s.entries[last]
	s.index[s.entries[i].key] = i
	s.entries[last] = mapEntry[K, V]{}
	s.entries = s.entries[:last]
	delete(s.index, k)
}

func (s *mapStore[K, V]) Apply(now Time) {
	s.Dirty = false
	for i := range s.over {
		o := &s.over[i]
		if o.val == nil {
			s.drop(o.key)
			continue
		}
		j, ok := s.index[o.key]
		if !ok {
			s.sweep(now)
			j = len(s.entries)
			s.index[o.key] = j
			s.entries = append(s.entries, mapEntry[K, V]{key: o.key})
		} else {
			s.spare = append(s.spare, s.entries[j].val)
		}
		s.entries[j].val, s.entries[j].expires = o.val, expiry(&s.CellHead, now)
	}
	clear(s.over)
	s.over = s.over[:0]
}

func (s *mapStore[K, V]) Discard() {
	s.Dirty = false
	clear(s.over)
	s.over = s.over[:0]
}

func (s *mapStore[K, V]) Encode(dst []byte, now Time) []byte {
	live := 0
	for i := range s.entries {
		if now < s.entries[i].expires {
			live++
		}
	}
	dst = binary.AppendUvarint(dst, uint64(live))
	for i := range s.entries {
		if e := &s.entries[i]; now < e.expires {
			dst = s.keys.Encode(dst, unsafe.Pointer(&e.key))
			dst = plan.AppendExpiry(dst, e.expires, now)
			dst = plan.AppendItem(dst, s.lay, unsafe.Pointer(e.val))
		}
	}
	return dst
}

func (s *mapStore[K, V]) Decode(src []byte, version int, now Time) error {
	n, src, err := base.CutCount(src, s.keys.Fixed+5)
	if err != nil {
		return err
	}
	s.entries, s.index = nil, make(map[K]int)
	for range n {
		e := mapEntry[K, V]{val: new(V)}
		if src, err = s.keys.Decode(unsafe.Pointer(&e.key), src); err != nil {
			return err
		}
		if e.expires, src, err = plan.CutExpiry(src, now); err != nil {
			return err
		}
		if src, err = s.Decl.CutItem(src, version, s.lay, unsafe.Pointer(e.val)); err != nil {
			return err
		}
		if s.inBase(e.key) {
			return base.ErrInvalid
		}
		s.index[e.key] = len(s.entries)
		s.entries = append(s.entries, e)
	}
	if len(src) != 0 {
		return base.ErrInvalid
	}
	return nil
}

func (s *mapStore[K, V]) Live(now Time) bool {
	for i := range s.entries {
		if now < s.entries[i].expires {
			return true
		}
	}
	return false
}

func (s *mapStore[K, V]) Clone() plan.CellStore {
	n := s.Decl.Make().(*mapStore[K, V])
	for i := range s.entries {
		e := s.entries[i]
		e.val = new(V)
		s.lay.Copy(unsafe.Pointer(e.val), unsafe.Pointer(s.entries[i].val))
		n.index[e.key] = i
		n.entries = append(n.entries, e)
	}
	return n
}
