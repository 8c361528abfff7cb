// SPDX-License-Identifier: Apache-2.0

package world

import (
	"fmt"
	"slices"
	"time"

	"github.com/neuroran/neuroran/sfaas"
	"github.com/neuroran/neuroran/sfaas/sim"
)

// wide is a window that nothing outlives: what waits for its grant or its partner
// waits until it comes.
const wide = 1 << 20

// builder draws the program of a run.
type builder struct {
	*run
	open     []*strand
	lineages int
	service  *sfaas.Callee[token, token]
	alarm    *sfaas.Reference[token]
	mate     *sfaas.Reference[token]
	topic    *sfaas.Topic[token]
	heard    []int          // consumers of the topic
	targets  map[string]int // consumers of the services, by kind
	loose    map[int]bool   // those that take in any order
}

// drawProgram draws keys, sources, functions and edges.
func (r *run) drawProgram() error {
	r.p = &program{
		graph: sfaas.NewGraph("world"), index: map[sfaas.Key]int{}, table: map[[2]int]path{}, commits: map[[2]string]int{},
		graves: map[int]bool{}, kept: map[int]bool{},
	}
	b := &builder{run: r, targets: map[string]int{}, loose: map[int]bool{}}
	b.drawKeys()
	b.drawServices()
	for range b.draw.between(2, 3) {
		b.drawSource(b.draw.chance(0.5) && r.restartable())
	}
	for range b.draw.between(5, 10) {
		b.drawFunction()
	}
	for _, s := range b.open {
		if s.uses == 0 || b.draw.chance(0.3) {
			b.drawSink(s)
		}
	}
	return r.p.freeze()
}

// drawKeys draws cells, users below them, and a hub.
func (b *builder) drawKeys() {
	p := b.p
	add := func(k sfaas.Key) { p.index[k], p.keys = len(p.keys), append(p.keys, k) }
	for c := range b.draw.between(1, 3) {
		cell := sfaas.Cell(uint64(c + 1))
		add(cell)
		for u := range b.draw.between(1, 4) {
			add(cell.UE(uint64(u + 1)))
		}
	}
	p.hub = len(p.keys)
	add(sfaas.Cell(100))
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

// drawEdge draws what the edge of a consumer promises, and what happens to it.
func (b *builder) drawEdge(s *strand, to string, promising, parallel bool) sfaas.EdgeConfig {
	cfg := sfaas.EdgeConfig{Guarantee: pick(b.draw, []sfaas.Guarantee{
		sfaas.ExactlyOnce, sfaas.ExactlyOnce, sfaas.ExactlyOnce, sfaas.AtLeastOnce, sfaas.AtMostOnce,
	})}
	if promising {
		cfg.Guarantee = sfaas.ExactlyOnce
	}
	if s.farmed || parallel {
		cfg.Guarantee = min(cfg.Guarantee, sfaas.AtLeastOnce)
	}
	if b.draw.chance(0.2) {
		cfg.Messages = b.draw.between(8, 64)
		if cfg.Guarantee == sfaas.AtMostOnce && b.draw.chance(0.5) {
			cfg.Drop = pick(b.draw, []sfaas.Drop{sfaas.DropOldest, sfaas.DropNewest})
		}
	}
	if b.cfg.Network && cfg.Guarantee != sfaas.AtMostOnce && b.draw.chance(0.3) {
		b.p.faults = append(b.p.faults, sim.Fault{
			From: s.from, To: to, Jitter: b.draw.span(0, 500*time.Microsecond),
			Loss: 0.1 * b.draw.Float64(), Double: 0.1 * b.draw.Float64(),
		})
	}
	return cfg
}

// consume lets a consumer take a strand, and returns the edge and the strand as it is
// behind it.
func (b *builder) consume(s *strand, to, port string, consumer int, promising, parallel bool) (sfaas.Edge[token], *strand) {
	cfg := b.drawEdge(s, to, promising, parallel)
	commits := !s.source && cfg.Guarantee == sfaas.ExactlyOnce
	b.p.lead(s.origins, consumer, cfg.Guarantee, commits, parallel)
	if commits {
		b.p.commits[[2]string{s.from, to + port}] = consumer
	}
	s.uses++
	on := *s
	on.sure, on.origins, on.uses = s.sure && cfg.Guarantee == sfaas.ExactlyOnce, nil, 0
	for _, o := range s.origins {
		on.origins = append(on.origins, origin{o.outlet, min(o.guarantee, cfg.Guarantee), o.loose || parallel})
	}
	return s.with(cfg), &on
}

// with returns the edge with a configuration.
func (s *strand) with(cfg sfaas.EdgeConfig) sfaas.Edge[token] {
	if in, ok := s.stream.(sfaas.Input[token]); ok {
		return in.With(cfg)
	}
	return s.stream.(sfaas.Edge[token]).With(cfg)
}

// promising returns the edge as one that promises as much as it can.
func (s *strand) promising() sfaas.Edge[token] {
	if s.farmed {
		return s.with(sfaas.EdgeConfig{Guarantee: sfaas.AtLeastOnce})
	}
	return s.with(sfaas.EdgeConfig{Guarantee: sfaas.ExactlyOnce})
}

// newFn gives a function a number and a name.
func (b *builder) newFn(kind string) *fn {
	f := &fn{id: len(b.p.fns)}
	f.name = fmt.Sprintf("%s%d", kind, f.id)
	b.p.fns = append(b.p.fns, f)
	return f
}

// emerge adds the output of a function that lets a strand pass.
func (b *builder) emerge(e sfaas.Edge[token], f *fn, s *strand) {
	s.stream, s.from, s.source = e, f.name, false
	b.open = append(b.open, s)
}

// renew is emerge for a function that makes tokens of its own.
func (b *builder) renew(e sfaas.Edge[token], f *fn, s *strand, outlet int) {
	s.origins, s.farmed = []origin{{outlet: outlet, guarantee: sfaas.ExactlyOnce}}, false
	b.emerge(e, f, s)
}

// drawSource adds a source for users or for cells.
func (b *builder) drawSource(roams bool) {
	s := b.newFlow("source", b.below(b.draw.chance(0.6)), roams)
	b.lineages++
	b.open = append(b.open, &strand{
		stream: s.in, from: b.p.outlets[s.outlet], source: true, flow: s, keys: s.keys, lineage: b.lineages, sure: true,
		origins: []origin{{outlet: s.outlet, guarantee: sfaas.ExactlyOnce}},
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

// drawFunction consumes a strand by a function of some kind.
func (b *builder) drawFunction() {
	s := pick(b.draw, b.open)
	if s.uses > 1 {
		s = b.open[len(b.open)-1]
	}
	switch x := b.draw.IntN(10); {
	case x < 4:
		b.drawStage(s)
	case x < 5:
		b.drawRelay(s, false)
	case x < 6 && b.cfg.Parallel:
		b.drawRelay(s, true)
	case x < 8:
		b.drawGather(s)
	case x < 9 && !s.flow.roams:
		b.drawGated(s)
	default:
		b.drawJoin(s)
	}
}

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
	}, sfaas.Config{Cost: b.cost(), Parallel: parallel})
	f.fn = x
	on.farmed = parallel
	b.emerge(sfaas.Apply(e, x), f, on)
}

// cost draws what an invocation takes.
func (b *builder) cost() time.Duration { return b.draw.span(time.Microsecond, 40*time.Microsecond) }

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
	}, sfaas.Config{Cost: b.cost()}, cell.declared)
	f.fn = x
	on.keys, on.sure = slices.Compact(targets), false
	b.renew(sfaas.Apply(e, x), f, on, outlet)
}

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
	x := sfaas.Define2(f.name, func(c *sfaas.Ctx, out, in, too *token) error {
		if err := b.begin(left, in); err != nil {
			return err
		}
		b.ledger.take(right, too, b.m.now())
		key, inst := b.count(c, f, cell, in, too)
		b.ledger.make(out, inst, outlet, key, b.m.now())
		return nil
	}, sfaas.Config{Cost: b.cost(), Window: wide}, cell.declared)
	f.fn = x
	b.renew(sfaas.Apply2(e1, e2, x), f, on, outlet)
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
	}, sfaas.Config{Cost: b.cost(), Window: wide}, cell.declared)
	port := sfaas.OnControl(x, func(c *sfaas.Ctx, in *token) error {
		b.ledger.take(granted, in, b.m.now())
		b.count(c, f, cell, in)
		return nil
	})
	f.fn = x
	grants := b.newFlow("grants", s.flow.keys, false)
	grants.leader, grants.rate, grants.first, grants.step = s.flow.id, s.flow.rate, s.flow.first, s.flow.step
	b.p.lead([]origin{{outlet: grants.outlet, guarantee: sfaas.ExactlyOnce}}, granted, sfaas.ExactlyOnce, false, false)
	out := sfaas.Apply(e, x)
	sfaas.Control(grants.in.With(sfaas.EdgeConfig{Guarantee: sfaas.ExactlyOnce}), port)
	b.renew(out, f, on, outlet)
}
