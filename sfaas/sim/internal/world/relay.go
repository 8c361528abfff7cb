// SPDX-License-Identifier: Apache-2.0

package world

import (
	"fmt"
	"slices"

	"github.com/neuroran/neuroran/sfaas"
)

// drawSink ends a strand.
func (b *builder) drawSink(s *strand) {
	name := fmt.Sprintf("sink of %s.%d", s.from, s.uses)
	consumer := b.p.newConsumer(name)
	e, _ := b.consume(s, name, "", consumer, false, false)
	out := sfaas.Sink(e, name)
	b.p.outputs = append(b.p.outputs, sfaas.WithOutput(out, func(_ sfaas.Header, t *token) {
		b.ledger.take(consumer, t, b.m.now())
	}))
}

// drawRelay adds a function without cells, which passes tokens on.
func (b *builder) drawRelay(s *strand, parallel bool) {
	kind := "relay"
	if parallel {
		kind = "parallel"
	}
	f := b.newFn(kind)
	consumer := b.p.newConsumer(f.name)
	e, on := b.consume(s, f.name, "", consumer, false, parallel)
	x := sfaas.Define(f.name, func(_ *sfaas.Ctx, out, in *token) error {
		b.ledger.take(consumer, in, b.m.now())
		*out = *in
		return nil
	}, sfaas.FunctionConfig{Cost: b.cost(), Parallel: parallel})
	f.fn = x
	on.farmed = parallel
	b.emerge(sfaas.Apply(e, x), f, on)
}

// drawGather adds a function that sends what it gets to a key above, and now and then
// to another one: keys of unequal slots meet there.
func (b *builder) drawGather(s *strand) {
	f := b.newFn("gather")
	consumer, outlet := b.p.newConsumer(f.name), b.p.newOutlet(f.name)
	e, on := b.consume(s, f.name, "", consumer, false, false)
	up := make([]int, len(b.p.keys))
	var targets []int
	toHub, both := b.draw.chance(0.3), b.draw.chance(0.4)
	for i, k := range b.p.keys {
		up[i] = b.p.hub
		if parent, ok := b.p.index[k.Parent()]; ok && !toHub {
			up[i] = parent
		}
	}
	for _, k := range s.keys {
		if targets = append(targets, up[k]); both {
			targets = append(targets, k)
		}
	}
	slices.Sort(targets)
	cell := b.store()
	x := sfaas.DefineEach(f.name, func(c *sfaas.Ctx, out sfaas.Emitter[token], in *token) error {
		if err := b.begin(consumer, in); err != nil {
			return err
		}
		key, inst := b.count(c, f, cell, in)
		b.ledger.make(out.Add(b.p.keys[up[key]]), inst, outlet, up[key], b.m.now())
		if both {
			b.ledger.make(out.Add(c.Key()), inst, outlet, key, b.m.now())
		}
		return nil
	}, sfaas.FunctionConfig{Cost: b.cost()}, cell.declared)
	f.fn = x
	on.keys, on.sure, on.apart = slices.Compact(targets), false, true
	b.renew(sfaas.Apply(e, x), f, on, outlet)
}
