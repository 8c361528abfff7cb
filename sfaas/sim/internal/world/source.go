// SPDX-License-Identifier: Apache-2.0

package world

import (
	"fmt"

	"github.com/neuroran/neuroran/sfaas"
)

// drawKeys draws cells, users below them, and a hub.
func (b *builder) drawKeys() {
	p := b.p
	add := func(k sfaas.Key) { p.index[k], p.keys = len(p.keys), append(p.keys, k) }
	for c := range b.draw.between(1, 3) {
		cell := sfaas.NewKey(sfaas.KindCell, uint64(c+1))
		add(cell)
		for u := range b.draw.between(1, 4) {
			add(cell.Child(sfaas.KindUE, uint64(u+1)))
		}
	}
	p.hub = len(p.keys)
	add(sfaas.NewKey(sfaas.KindCell, 100))
}

// below returns the keys of users, or the keys of cells.
func (b *builder) below(users bool) (keys []int) {
	for i, k := range b.p.keys {
		if i != b.p.hub && (k.Depth() > 1) == users {
			keys = append(keys, i)
		}
	}
	return keys
}

// drawSource adds a source for users or for cells.
func (b *builder) drawSource(roams bool) {
	s := b.newFlow("source", b.below(b.draw.chance(0.6)), roams)
	b.lineages++
	b.open = append(b.open, &strand{
		stream: s.in, from: b.p.outlets[s.outlet], source: true, flow: s, keys: s.keys, lineage: b.lineages, sure: true,
		origins: []origin{unconsumed(s.outlet)},
	})
}

func (b *builder) newFlow(kind string, keys []int, roams bool) *flow {
	name := fmt.Sprintf("%s%d", kind, len(b.p.flows))
	s := &flow{id: len(b.p.flows), outlet: b.p.newOutlet(name), in: sfaas.Source[token](b.p.graph, name), keys: keys, roams: roams, leader: -1}
	s.rate = 60 / float64(len(keys)) * (0.5 + b.draw.Float64())
	for range keys {
		s.first = append(s.first, sfaas.Slot(b.draw.IntN(10000)))
		s.step = append(s.step, sfaas.Slot(b.draw.between(1, 5)))
	}
	b.p.flows = append(b.p.flows, s)
	return s
}
