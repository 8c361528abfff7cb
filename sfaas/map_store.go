// SPDX-License-Identifier: Apache-2.0

package sfaas

import (
	"encoding/binary"
	"fmt"
	"time"
	"unsafe"

	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/layout"
	"github.com/neuroran/neuroran/sfaas/internal/plan"
)

// mapStore holds the entries in a slice with an index beside it. A staged
// change goes to over: what one invocation touches.
//
// While a handler ranges over the entries none changes its place: one that is
// deleted leaves a hole, and the holes are closed when the last loop has ended.
type mapStore[K comparable, V any] struct {
	plan.CellHead
	keys, lay *layout.Layout
	index     map[K]int
	entries   []mapEntry[K, V] // val nil: a hole
	holes     int
	loops     int              // over the entries, under way
	look      int              // where expired entries are looked for next
	over      []mapEntry[K, V] // val nil: deleted
	overIndex map[K]int        // nil for a few
	spare     []*V             // memory of values that are gone
	kept      bool             // an engine has parts of it
	gone      []K              // expired and dropped, and the engine has them still
	loose     []K              // with a bound, and handed out for change in place
	in        scratch[V]
	inKey     scratch[K]
}

type mapEntry[K comparable, V any] struct {
	key     K
	val     *V
	expires Time
}

const (
	fewStaged  = 16 // staged entries without an index
	fewSpare   = 4  // spare values that even an empty map keeps
	fewEntries = 64 // entries whose memory an empty map keeps
)

func (s *mapStore[K, V]) inBase(k K) bool {
	_, ok := s.index[k]
	return ok
}

// staged returns the staged entry at k, or nil.
func (s *mapStore[K, V]) staged(k K) *mapEntry[K, V] {
	if !s.Dirty {
		return nil
	}
	if len(s.over) > fewStaged {
		if i, ok := s.overIndex[k]; ok {
			return &s.over[i]
		}
		return nil
	}
	for i := range s.over {
		if s.over[i].key == k {
			return &s.over[i]
		}
	}
	return nil
}

// addStaged adds a staged entry at a key that has none.
func (s *mapStore[K, V]) addStaged(k K) *mapEntry[K, V] {
	s.over = append(s.over, mapEntry[K, V]{key: k})
	last := len(s.over) - 1
	switch {
	case last > fewStaged:
		s.overIndex[k] = last
	case last == fewStaged:
		if s.overIndex == nil {
			s.overIndex = make(map[K]int, 2*fewStaged)
		}
		for i := range s.over {
			s.overIndex[s.over[i].key] = i
		}
	}
	return &s.over[last]
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
		o = s.addStaged(k)
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
		i = s.add(k, s.fresh())
	}
	e := &s.entries[i]
	e.expires = expiry(&s.CellHead, now)
	if keep && old == nil {
		clearValue(e.val)
	}
	return e.val
}

// add adds an entry and returns its place.
func (s *mapStore[K, V]) add(k K, val *V) int {
	s.index[k] = len(s.entries)
	s.entries = append(s.entries, mapEntry[K, V]{key: k, val: val})
	return len(s.entries) - 1
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
		if e := &s.entries[s.look]; e.val != nil && now >= e.expires {
			if s.kept {
				s.gone = append(s.gone, e.key)
			}
			s.drop(e.key)
		}
	}
}

func (s *mapStore[K, V]) stage(c *Ctx) {
	if !s.Dirty {
		s.Dirty = true
		c.touch(s)
	}
}

func (s *mapStore[K, V]) fresh() *V {
	if n := len(s.spare); n > 0 {
		p := s.spare[n-1]
		s.spare[n-1] = nil
		s.spare = s.spare[:n-1]
		return p
	}
	return new(V)
}

// recycle keeps the memory of a value that is gone, if there is not more of
// that already than of values. Sealed content does not stay in it.
func (s *mapStore[K, V]) recycle(p *V) {
	if s.Decl.Class == Sealed {
		s.lay.Wipe(unsafe.Pointer(p))
	}
	if len(s.spare) < len(s.index)+fewSpare {
		s.spare = append(s.spare, p)
	}
}

func (s *mapStore[K, V]) remove(c *Ctx, k K) {
	if !staged(s.Decl) {
		s.drop(k)
		c.wrote(0)
		return
	}
	s.stage(c)
	o := s.staged(k)
	if o == nil {
		s.addStaged(k)
	} else if o.val != nil {
		s.recycle(o.val)
		o.val = nil
	}
}

// drop removes an entry; the last one takes its place, unless a loop is under
// way.
func (s *mapStore[K, V]) drop(k K) {
	i, ok := s.index[k]
	if !ok {
		return
	}
	delete(s.index, k)
	s.recycle(s.entries[i].val)
	if s.loops > 0 {
		s.entries[i].val = nil
		s.holes++
		return
	}
	last := len(s.entries) - 1
	if i < last {
		s.entries[i] = s.entries[last]
		s.index[s.entries[i].key] = i
	}
	s.entries[last] = mapEntry[K, V]{}
	s.entries = s.entries[:last]
	s.shrink()
}

// endLoop ends a loop over the entries; the last one closes the holes.
func (s *mapStore[K, V]) endLoop() {
	if s.loops--; s.loops > 0 || s.holes == 0 {
		return
	}
	n := 0
	for i := range s.entries {
		if e := s.entries[i]; e.val != nil {
			s.entries[n], s.index[e.key] = e, n
			n++
		}
	}
	clear(s.entries[n:])
	s.entries, s.holes = s.entries[:n], 0
	s.shrink()
}

// shrink lets memory go that is far beyond what the map holds. It takes as long
// as a fraction of the deletions that have led to it.
func (s *mapStore[K, V]) shrink() {
	for n := len(s.spare) - 1; n >= len(s.index)+fewSpare; n-- {
		s.spare[n] = nil
		s.spare = s.spare[:n]
	}
	if n := len(s.entries); cap(s.entries) > fewEntries && n < cap(s.entries)/4 {
		s.entries = append(make([]mapEntry[K, V], 0, 2*n), s.entries...)
		s.spare = append(make([]*V, 0, len(s.spare)), s.spare...)
		s.index = make(map[K]int, n)
		for i := range s.entries {
			s.index[s.entries[i].key] = i
		}
	}
}

func (s *mapStore[K, V]) Apply(now Time) {
	for i := range s.over {
		o := &s.over[i]
		if o.val == nil {
			s.drop(o.key)
			continue
		}
		j, ok := s.index[o.key]
		if ok {
			s.recycle(s.entries[j].val)
			s.entries[j].val = o.val
		} else {
			s.sweep(now)
			j = s.add(o.key, o.val)
		}
		s.entries[j].expires = expiry(&s.CellHead, now)
	}
	s.unstage()
}

func (s *mapStore[K, V]) Discard() { s.unstage() }

// unstage forgets what is staged. As much memory stays as the map may need
// again: no more than in proportion to its content.
func (s *mapStore[K, V]) unstage() {
	s.Dirty = false
	if cap(s.over) > max(fewEntries, 2*len(s.entries)) {
		s.over, s.overIndex = nil, nil
		return
	}
	if len(s.over) > fewStaged {
		clear(s.overIndex)
	}
	clear(s.over)
	s.over = s.over[:0]
}

// Encode writes the form of the keys, and the entries.
func (s *mapStore[K, V]) Encode(dst []byte, now Time) []byte {
	live := 0
	for i := range s.entries {
		if now < s.entries[i].expires {
			live++
		}
	}
	dst = binary.AppendUvarint(base.AppendDigest(dst, s.keys.Digest()), uint64(live))
	for i := range s.entries {
		if e := &s.entries[i]; now < e.expires {
			dst = s.keys.Encode(dst, unsafe.Pointer(&e.key))
			dst = plan.AppendExpiry(dst, e.expires, now)
			dst = plan.AppendItem(dst, s.lay, unsafe.Pointer(e.val))
		}
	}
	return dst
}

func (s *mapStore[K, V]) Decode(src []byte, version int, at plan.Moments) error {
	src, err := s.cutForm(src)
	if err != nil {
		return err
	}
	n, src, err := base.CutCount(src, s.keys.Least()+5)
	if err != nil {
		return err
	}
	s.entries, s.index = nil, make(map[K]int)
	for range n {
		e := mapEntry[K, V]{val: new(V)}
		if src, err = s.keys.Decode(unsafe.Pointer(&e.key), src); err != nil {
			return err
		}
		if e.expires, src, err = plan.CutExpiry(src, at.Now); err != nil {
			return err
		}
		if src, err = s.Decl.CutItem(src, version, s.lay, unsafe.Pointer(e.val), at); err != nil {
			return err
		}
		s.keys.Shift(unsafe.Pointer(&e.key), at.Shift())
		if err := s.fits(&e.key, e.val); err != nil {
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
	n.kept, n.gone = s.kept, s.gone
	for i := range s.entries {
		e := s.entries[i]
		if e.val == nil {
			continue
		}
		e.val = new(V)
		s.lay.Copy(unsafe.Pointer(e.val), unsafe.Pointer(s.entries[i].val))
		n.index[e.key] = len(n.entries)
		n.entries = append(n.entries, e)
	}
	return n
}

// Changes implements [plan.CellStore]: each entry is a part, named by its key.
func (s *mapStore[K, V]) Changes(to plan.Parts, now, origin Time) {
	s.kept = true
	for i := range s.gone { // before those that have come again
		to.Delete(s.part(s.gone[i], origin))
	}
	s.gone = nil
	expires := expiry(&s.CellHead, now)
	for i := range s.over {
		if o := &s.over[i]; o.val == nil {
			to.Delete(s.part(o.key, origin))
		} else {
			to.Set(s.part(o.key, origin), s.content(o.val, expires, origin))
		}
	}
}

// AllParts implements [plan.CellStore].
func (s *mapStore[K, V]) AllParts(to plan.Parts, now, origin Time) {
	s.kept, s.gone = true, nil
	for i := range s.entries {
		if e := &s.entries[i]; e.val != nil && now < e.expires {
			to.Set(s.part(e.key, origin), s.content(e.val, e.expires, origin))
		}
	}
}

// part names an entry: moments in its key are relative to origin, so that it has the
// same name for another life of the runtime.
func (s *mapStore[K, V]) part(k K, origin Time) []byte {
	s.keys.Shift(unsafe.Pointer(&k), time.Duration(-origin))
	return s.keys.Encode(nil, unsafe.Pointer(&k))
}

// content returns what is written of an entry beside its key: the form of the key,
// which says how to read it, how long the entry lasts, and its value.
func (s *mapStore[K, V]) content(val *V, expires, origin Time) []byte {
	b := plan.AppendExpiry(base.AppendDigest(nil, s.keys.Digest()), expires, origin)
	return plan.AppendItem(b, s.lay, unsafe.Pointer(val))
}

// Merge implements [plan.CellStore].
func (s *mapStore[K, V]) Merge(part, content []byte, version int, at plan.Moments) error {
	s.kept = true
	src, err := s.cutForm(content)
	if err != nil {
		return err
	}
	e := mapEntry[K, V]{val: new(V)}
	rest, err := s.keys.Decode(unsafe.Pointer(&e.key), part)
	if err == nil && len(rest) > 0 {
		err = base.ErrInvalid
	}
	if err == nil {
		e.expires, src, err = plan.CutExpiry(src, at.Now)
	}
	if err == nil {
		src, err = s.Decl.CutItem(src, version, s.lay, unsafe.Pointer(e.val), at)
	}
	if err != nil {
		return err
	}
	s.keys.Shift(unsafe.Pointer(&e.key), time.Duration(at.Now))
	if err := s.fits(&e.key, e.val); err != nil {
		return err
	}
	if len(src) > 0 || s.inBase(e.key) {
		return base.ErrInvalid
	}
	s.index[e.key] = len(s.entries)
	s.entries = append(s.entries, e)
	return nil
}

// Merged implements [plan.CellStore].
func (s *mapStore[K, V]) Merged() error { return nil }

// keyBytes returns the payload of a key.
func (s *mapStore[K, V]) keyBytes(k K) int {
	if plain(s.keys) {
		return s.keys.Fixed
	}
	n := s.keys.Measure(unsafe.Pointer(s.inKey.hold(k)))
	s.inKey.clear()
	return n
}

// fits returns an error if an entry is beyond the bound.
func (s *mapStore[K, V]) fits(k *K, val *V) error {
	if s.Decl.Max == 0 {
		return nil
	}
	return s.Decl.Fits(s.keys.Measure(unsafe.Pointer(k)) + s.lay.Measure(unsafe.Pointer(val)))
}

// Check implements [plan.CellStore].
func (s *mapStore[K, V]) Check() (err error) {
	for i := range s.loose {
		k := &s.loose[i]
		p := s.lookup(*k, 0)
		if p == nil { // deleted since
			continue
		}
		if e := s.fits(k, p); e != nil {
			err = e
			if !staged(s.Decl) {
				s.drop(*k)
			}
		}
	}
	clear(s.loose)
	s.loose = s.loose[:0]
	return err
}

// cutForm checks the form of the keys, which content begins with.
func (s *mapStore[K, V]) cutForm(src []byte) ([]byte, error) {
	const form = 8
	if len(src) < form {
		return nil, base.ErrTruncated
	}
	if Digest(binary.LittleEndian.Uint64(src)) != s.keys.Digest() {
		return nil, fmt.Errorf("cell %s: its keys, now %v, had other fields: no upgrade changes keys", s.Decl.Name, s.keys.Type)
	}
	return src[form:], nil
}
