// SPDX-License-Identifier: Apache-2.0

package endure

import "github.com/neuroran/neuroran/sfaas"

// token is what all messages carry: its place in a stream.
type token struct {
	Stream, N uint64
	Due       int64 // moment before which a delayed one must not come
}

// entry is a number that an instance keeps.
type entry struct{ Name, N uint64 }

// book is where a function keeps its numbers: a cell of some form and class.
type book struct {
	cell sfaas.Declared
	get  func(c *sfaas.Ctx, name uint64) uint64
	set  func(c *sfaas.Ctx, name, n uint64) // 0 deletes
	all  func(c *sfaas.Ctx, f func(name, n uint64))
}

// drawBook draws a cell.
func (r *run) drawBook() book {
	class := []sfaas.Class{sfaas.Replicated, sfaas.Replicated, sfaas.Sealed}[r.draw.IntN(3)]
	switch r.draw.IntN(3) {
	case 0:
		return listBook(class)
	case 1:
		return valueBook(class)
	}
	return mapBook(class)
}

func mapBook(class sfaas.Class) book {
	m := sfaas.NewMap[uint64, uint64]("map", class)
	return book{
		cell: m,
		get:  func(c *sfaas.Ctx, name uint64) uint64 { n, _ := m.Get(c, name); return n },
		set: func(c *sfaas.Ctx, name, n uint64) {
			if n == 0 {
				m.Delete(c, name)
			} else {
				m.Set(c, name, n)
			}
		},
		all: func(c *sfaas.Ctx, f func(name, n uint64)) {
			for name, n := range m.All(c) {
				f(name, *n)
			}
		},
	}
}

func listBook(class sfaas.Class) book {
	l := sfaas.NewList[entry]("list", class)
	find := func(c *sfaas.Ctx, name uint64) int {
		for i, e := range l.All(c) {
			if e.Name == name {
				return i
			}
		}
		return -1
	}
	return book{
		cell: l,
		get: func(c *sfaas.Ctx, name uint64) uint64 {
			e, _ := l.Get(c, find(c, name))
			return e.N
		},
		set: func(c *sfaas.Ctx, name, n uint64) {
			i, last := find(c, name), l.Len(c)-1
			switch {
			case i < 0 && n > 0:
				l.Append(c, entry{name, n})
			case i >= 0 && n > 0:
				l.Mut(c, i).N = n
			case i >= 0:
				e, _ := l.Get(c, last)
				*l.Mut(c, i) = e
				l.Truncate(c, last)
			}
		},
		all: func(c *sfaas.Ctx, f func(name, n uint64)) {
			for _, e := range l.All(c) {
				f(e.Name, e.N)
			}
		},
	}
}

// most is how many numbers a book has that is one value.
const most = 256

func valueBook(class sfaas.Class) book {
	v := sfaas.NewValue[[most]entry]("value", class)
	find := func(x *[most]entry, name uint64) *entry {
		if x == nil {
			return nil
		}
		for i := range x {
			if x[i].Name == name {
				return &x[i]
			}
		}
		return nil
	}
	return book{
		cell: v,
		get: func(c *sfaas.Ctx, name uint64) uint64 {
			if e := find(v.View(c), name); e != nil {
				return e.N
			}
			return 0
		},
		set: func(c *sfaas.Ctx, name, n uint64) {
			x := v.Mut(c)
			e := find(x, name)
			if e == nil {
				e = find(x, 0)
			}
			if *e = (entry{name, n}); n == 0 {
				*e = entry{}
			}
		},
		all: func(c *sfaas.Ctx, f func(name, n uint64)) {
			for _, e := range v.View(c) {
				if e.N > 0 {
					f(e.Name, e.N)
				}
			}
		},
	}
}
