// SPDX-License-Identifier: Apache-2.0

package world

import "github.com/neuroran/neuroran/sfaas"

// store is the cell in which a function keeps its counter, of any form and class.
type store struct {
	declared sfaas.Declared
	kept     bool // it survives a handler that does not return
	get      func(c *sfaas.Ctx) counter
	set      func(c *sfaas.Ctx, x counter)
}

// store draws a cell.
func (b *builder) store() store {
	class := pick(b.draw, []sfaas.Class{sfaas.Replicated, sfaas.Replicated, sfaas.Volatile, sfaas.Sealed})
	s := pick(b.draw, []func(sfaas.Class) store{newValue, newValue, newMap, newList})(class)
	s.kept = class != sfaas.Volatile
	return s
}

func newValue(class sfaas.Class) store {
	v := sfaas.NewValue[counter]("value", class)
	return store{
		declared: v,
		get:      func(c *sfaas.Ctx) counter { return *v.Mut(c) },
		set:      func(c *sfaas.Ctx, x counter) { *v.Mut(c) = x },
	}
}

// newMap keeps a counter in two entries of a map.
func newMap(class sfaas.Class) store {
	m := sfaas.NewMap[string8, uint64]("map", class)
	count, sum := string8{'c'}, string8{'s'}
	return store{
		declared: m,
		get: func(c *sfaas.Ctx) (x counter) {
			x.Count, _ = m.Get(c, count)
			x.Sum, _ = m.Get(c, sum)
			return x
		},
		set: func(c *sfaas.Ctx, x counter) {
			m.Set(c, count, x.Count)
			m.Set(c, sum, x.Sum)
			m.Set(c, string8{'x', byte(x.Count % 5)}, x.Count) // others come and go
			m.Delete(c, string8{'x', byte((x.Count + 2) % 5)})
		},
	}
}

// string8 is a map key of fixed size.
type string8 [8]byte

// newList keeps the last counters in a list.
func newList(class sfaas.Class) store {
	l := sfaas.NewList[counter]("list", class)
	return store{
		declared: l,
		get: func(c *sfaas.Ctx) counter {
			x, _ := l.Get(c, l.Len(c)-1)
			return x
		},
		set: func(c *sfaas.Ctx, x counter) {
			if l.Len(c) > 5 {
				l.Truncate(c, 0)
			}
			l.Append(c, x)
		},
	}
}
