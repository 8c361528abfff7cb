// SPDX-License-Identifier: Apache-2.0

package world

import (
	"slices"

	"github.com/neuroran/neuroran/sfaas"
)

// wide is a window that nothing outlives: what waits for its grant or its partner
// waits until it comes.
const wide = 1 << 20

// drawJoin joins two strands of one lineage, or adds a stage where there are none.
func (b *builder) drawJoin(s *strand) {
	if !s.sure || s.flow.roams {
		b.drawStage(s)
		return
	}
	var other *strand
	for _, o := range b.open {
		if o != s && o.from != s.from && o.sure && o.lineage == s.lineage && !overlap(o.origins, s.origins) {
			other = o
		}
	}
	if other == nil {
		b.drawStage(s)
		return
	}
	f := b.newFn("join")
	left, right, outlet := b.p.newConsumer(f.name+".left"), b.p.newConsumer(f.name+".right"), b.p.newOutlet(f.name)
	e1, on := b.consume(s, f.name, "", left, true, false)
	e2, _ := b.consume(other, f.name, "", right, true, false)
	cell := b.store()
	x := sfaas.Define(f.name, func(c *sfaas.Ctx, out *token, both *sfaas.Pair[token, token]) error {
		in, too := both.A, both.B
		if err := b.begin(left, in); err != nil {
			return err
		}
		b.ledger.take(right, too, b.m.now())
		key, inst := b.count(c, f, cell, in, too)
		b.ledger.make(out, inst, outlet, key, b.m.now())
		return nil
	}, sfaas.FunctionConfig{Cost: b.cost(), Window: wide}, cell.declared)
	f.fn = x
	b.renew(sfaas.Apply(sfaas.Join(e1, e2), x), f, on, outlet)
}

// overlap reports whether tokens of one outlet come by both.
func overlap(a, b []origin) bool {
	return slices.ContainsFunc(a, func(x origin) bool {
		return slices.ContainsFunc(b, func(y origin) bool { return x.outlet == y.outlet })
	})
}

// drawGated adds a function whose data wait for a grant of their slot.
func (b *builder) drawGated(s *strand) {
	if !s.sure {
		b.drawStage(s)
		return
	}
	f := b.newFn("gated")
	consumer, granted, outlet := b.p.newConsumer(f.name), b.p.newConsumer(f.name+".grant"), b.p.newOutlet(f.name)
	e, on := b.consume(s, f.name, "", consumer, true, false)
	cell := b.store()
	x := sfaas.Define(f.name, func(c *sfaas.Ctx, out, in *token) error {
		if err := b.begin(consumer, in); err != nil {
			return err
		}
		key, inst := b.count(c, f, cell, in)
		b.ledger.make(out, inst, outlet, key, b.m.now())
		return nil
	}, sfaas.FunctionConfig{Cost: b.cost(), Window: wide}, cell.declared)
	port := sfaas.OnControl(x, func(c *sfaas.Ctx, in *token) error {
		b.ledger.take(granted, in, b.m.now())
		b.count(c, f, cell, in)
		return nil
	})
	f.fn = x
	grants := b.newFlow("grants", s.flow.keys, false)
	grants.leader, grants.rate, grants.first, grants.step = s.flow.id, s.flow.rate, s.flow.first, s.flow.step
	b.p.lead([]origin{unconsumed(grants.outlet)}, granted, sfaas.ExactlyOnce, false, false)
	out := sfaas.Apply(e, x)
	sfaas.Control(grants.in.With(sfaas.EdgeConfig{Guarantee: sfaas.ExactlyOnce}), port)
	b.renew(out, f, on, outlet)
}
