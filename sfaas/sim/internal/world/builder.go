// SPDX-License-Identifier: Apache-2.0

package world

import (
	"fmt"
	"time"

	"github.com/neuroran/neuroran/sfaas"
	"github.com/neuroran/neuroran/sfaas/sim"
)

// builder draws the program of a run.
type builder struct {
	*run
	open     []*strand
	lineages int
	service  *sfaas.Callee[token, token]
	sends    map[int]sfaas.Guarantee // of references and the topic, by consumer
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
		graves: map[int]bool{}, sent: map[int]bool{}, kept: map[int]bool{},
	}
	b := &builder{run: r, targets: map[string]int{}, loose: map[int]bool{}, sends: map[int]sfaas.Guarantee{}}
	b.drawKeys()
	b.drawServices()
	for range b.draw.between(2, 3) {
		b.drawSource(b.draw.chance(0.5) && r.restartable())
	}
	for range b.draw.between(5, 10) {
		b.drawFunction()
	}
	if b.cfg.Claims > 0 {
		b.drawSoft(claimed)
	}
	if b.cfg.Fed > 0 {
		b.drawSoft(fed)
	}
	if b.cfg.Releases > 0 {
		b.drawSoft(contested)
	}
	for _, s := range b.open {
		if s.uses == 0 || b.draw.chance(0.3) {
			b.drawSink(s)
		}
	}
	return r.p.freeze()
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
			Loss: 0.004 * b.draw.Float64(), Double: 0.1 * b.draw.Float64(),
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
		on.origins = append(on.origins, origin{o.outlet, min(o.guarantee, cfg.Guarantee), o.loose || parallel, consumer})
	}
	if s.apart || (!promising && b.draw.chance(0.3)) {
		on.sure, on.apart = false, false // the cut separates only what nothing joins again
		return s.with(cfg).Cut("to " + to), &on
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
	s.origins, s.farmed = []origin{unconsumed(outlet)}, false
	b.emerge(e, f, s)
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

// cost draws what an invocation takes.
func (b *builder) cost() time.Duration { return b.draw.span(time.Microsecond, 40*time.Microsecond) }
