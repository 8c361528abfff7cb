// SPDX-License-Identifier: Apache-2.0

package endure

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/neuroran/neuroran/sfaas"
)

// program is a graph that a seed has drawn.
type program struct {
	app     *sfaas.App
	graph   *sfaas.Graph
	keys    []sfaas.Key
	units   []sfaas.Unit
	fns     []*fn
	options []sfaas.Option
	sinks   int
	ends    []*fn // last stage of each chain

	alarm   sfaas.Reference[token]
	mate    sfaas.Reference[token]
	service sfaas.Callee[token, token]
}

// fn is one function, with what its instances had in their books when they last ran.
type fn struct {
	name  string
	id    int
	book  book
	twice bool // its input may come twice
	seen  map[int]map[uint64]uint64
}

// What a name in a book says beside the number of the stream.
const (
	made  = 1 << 60 // number of the last message of a stream
	taken = 2 << 60
	open  = 3 << 60 // a call that has not been answered
	came  = 4 << 60 // a delayed message that has come
)

var errDrawn = errors.New("the seed wants this invocation to fail")

// stream names what an instance makes for one consumer at one key.
func (r *run) stream(from, key, to, at int) uint64 {
	return ((uint64(from)*64+uint64(key))*64+uint64(to))*64 + uint64(at) + 1
}

func (r *run) key(c *sfaas.Ctx) int {
	for i, k := range r.p.keys {
		if k == c.Key() {
			return i
		}
	}
	panic("a key that nobody has made")
}

// newFn returns a new function of a kind.
func (r *run) newFn(kind string) *fn {
	f := &fn{id: len(r.p.fns) + 1, book: r.drawBook(), seen: map[int]map[uint64]uint64{}}
	f.name = fmt.Sprintf("%s%d", kind, f.id)
	r.p.fns = append(r.p.fns, f)
	return f
}

// take checks a message, and notes that it has come. It reports false for one that has
// come before, where that may be.
func (r *run) take(c *sfaas.Ctx, f *fn, t *token) bool {
	r.result.Messages++
	last := f.book.get(c, taken|t.Stream)
	if t.N != last+1 {
		if f.twice && t.N <= last {
			return false
		}
		r.violate("%v took %d of stream %x, and then %d", c.Self(), last, t.Stream, t.N)
	}
	f.book.set(c, taken|t.Stream, t.N)
	return true
}

// make gives a message its place in a stream.
func (r *run) make(c *sfaas.Ctx, f *fn, t *token, stream uint64) {
	n := f.book.get(c, made|stream) + 1
	f.book.set(c, made|stream, n)
	*t = token{Stream: stream, N: n}
}

// note keeps what an instance has in its book.
func (r *run) note(c *sfaas.Ctx, f *fn) {
	m := map[uint64]uint64{}
	f.book.all(c, func(name, n uint64) { m[name] = n })
	f.seen[r.key(c)] = m
}

// fails reports whether an invocation is to fail, as some do once.
func (r *run) fails(f *fn, t *token) bool {
	id := [3]uint64{uint64(f.id), t.Stream, t.N}
	if (t.N*2654435761+t.Stream*40503+uint64(f.id))%41 != 0 || r.failed[id] {
		return false
	}
	r.failed[id] = true
	return true
}

// compare looks at the end whether what was made was taken.
func (r *run) compare() {
	last := map[uint64]uint64{}
	for _, f := range r.p.fns {
		for _, book := range f.seen {
			for name, n := range book {
				switch {
				case name&^(1<<60-1) == taken:
					last[name&(1<<60-1)] = n
				case name&^(1<<60-1) == open:
					r.violate("%s: call %x was never answered", f.name, n)
				}
			}
		}
	}
	for _, f := range r.p.fns {
		for key, book := range f.seen {
			for name, n := range book {
				if slices.Contains(r.p.ends, f) && name == made|r.stream(f.id, key, 0, 0) {
					continue // a sink took them
				}
				if id := name & (1<<60 - 1); name&^(1<<60-1) == made && last[id] != n {
					r.violate("%s at key %d has made %d of stream %x, %d were taken", f.name, key, n, id, last[id])
				}
			}
		}
	}
	for _, f := range r.feeds {
		if last[f.id] != f.next-1 {
			r.violate("%d of %d were taken that a source has pushed under key %d", last[f.id], f.next-1, f.key)
		}
	}
}

// drawProgram draws the graph.
func (r *run) drawProgram(nodes int) error {
	r.p = &program{graph: sfaas.NewGraph("endure")}
	p := r.p
	for i := range 2 + r.draw.IntN(3) {
		p.keys = append(p.keys, sfaas.NewKey(sfaas.KindCell, uint64(i+1)))
		if r.draw.IntN(2) == 0 {
			p.keys = append(p.keys, sfaas.NewKey(sfaas.KindCell, uint64(i+1)).Child(sfaas.KindUE, 7))
		}
	}
	r.drawServices()
	for range 1 + r.draw.IntN(3) {
		r.drawChain(nodes)
	}
	var err error
	if p.app, err = p.graph.Build(); err != nil {
		return err
	}
	for _, part := range p.app.Parts() { // each is named after one of its functions
		p.options = append(p.options, sfaas.WithDefaultOwner(sfaas.NodeID(1+r.draw.IntN(nodes)), part.Name))
	}
	seen := map[sfaas.Unit]bool{}
	for _, f := range p.app.Functions() {
		for _, key := range p.keys {
			if u, err := p.app.Unit(f, key); err == nil && !seen[u] {
				seen[u] = true
				p.units = append(p.units, u)
			}
		}
	}
	return nil
}

var exact = sfaas.EdgeConfig{Guarantee: sfaas.ExactlyOnce}

// drawServices adds what others send to: the alarm takes what was delayed, in any order,
// the mate what is sent, and the service what is called.
func (r *run) drawServices() {
	p := r.p
	p.alarm, p.mate, p.service = sfaas.Ref[token]("alarm1").With(exact), sfaas.Ref[token]("mate2").With(exact), sfaas.CallRef[token, token]("service3").With(exact)
	alarm, mate, service := r.newFn("alarm"), r.newFn("mate"), r.newFn("service")
	alarm.book = mapBook(sfaas.Replicated) // it keeps more than others hold
	p.graph.Add(sfaas.Define(alarm.name, func(c *sfaas.Ctx, _, in *token) error {
		r.result.Messages++
		if sfaas.Time(in.Due) > c.Now() {
			r.violate("%v: a message came %v before its time", c.Self(), sfaas.Time(in.Due).Sub(c.Now()))
		}
		id := came | in.Stream<<12 | in.N&0xFFF
		if alarm.book.get(c, id) > 0 {
			r.violate("%v: %d of stream %x came twice", c.Self(), in.N, in.Stream)
		}
		alarm.book.set(c, id, 1)
		alarm.book.set(c, came|in.Stream<<12|(in.N-40)&0xFFF, 0)
		alarm.book.set(c, taken|in.Stream, alarm.book.get(c, taken|in.Stream)+1)
		r.note(c, alarm)
		return sfaas.ErrNoOutput
	}, sfaas.FunctionConfig{}, alarm.book.cell))
	p.graph.Add(sfaas.Define(mate.name, func(c *sfaas.Ctx, _, in *token) error {
		r.take(c, mate, in)
		r.note(c, mate)
		return sfaas.ErrNoOutput
	}, sfaas.FunctionConfig{}, mate.book.cell))
	p.graph.Add(sfaas.Define(service.name, func(c *sfaas.Ctx, out, in *token) error {
		r.take(c, service, in)
		r.note(c, service)
		*out = *in
		return nil
	}, sfaas.FunctionConfig{}, service.book.cell))
}

// drawChain adds a source and what follows from it.
func (r *run) drawChain(nodes int) {
	p := r.p
	chain := p.sinks
	p.sinks++
	e := r.drawHead(chain, nodes)
	for i := range 1 + r.draw.IntN(3) {
		if i > 0 && r.draw.IntN(2) == 0 {
			e = r.drawRelay(e)
		}
		e = r.drawStage(e, chain)
	}
	p.ends = append(p.ends, p.fns[len(p.fns)-1])
	out := sfaas.Sink(e.With(exact), fmt.Sprintf("out%d", chain))
	p.options = append(p.options, sfaas.WithOutput(out, func(h sfaas.Header, t *token) {
		for i, k := range p.keys {
			if at := [2]int{chain, i}; k == h.Key {
				r.acked[at] = max(r.acked[at], t.N)
			}
		}
	}))
}

// drawSource adds a source that is pushed at one node.
func (r *run) drawSource(name string, node, to int) sfaas.Input[token] {
	in := sfaas.Source[token](r.p.graph, name)
	for i := range r.p.keys {
		r.feeds = append(r.feeds, &feed{r: r, in: in, key: i, id: r.stream(32+len(r.feeds)/len(r.p.keys), i, to, i), node: node, every: r.every, next: 1})
	}
	return in
}

// drawHead adds the first function of a chain: one that joins two sources, one that waits
// for grants, one that has settings, or one with none of these.
func (r *run) drawHead(chain, nodes int) sfaas.Edge[token] {
	f := r.newFn("head")
	source := func(what string) sfaas.Edge[token] {
		in := r.drawSource(fmt.Sprintf("%s%d", what, chain), r.draw.IntN(nodes), f.id)
		e := in.With(exact)
		if r.draw.IntN(3) == 0 {
			e = in.With(sfaas.EdgeConfig{Guarantee: sfaas.ExactlyOnce, Messages: 8 + r.draw.IntN(32)})
		}
		return e
	}
	cfg := sfaas.FunctionConfig{Window: 1 << 30}
	run := func(c *sfaas.Ctx, out *token, in ...*token) error {
		if r.fails(f, in[0]) {
			return errDrawn
		}
		for _, t := range in {
			r.take(c, f, t)
		}
		r.make(c, f, out, r.stream(f.id, r.key(c), 0, 0))
		r.note(c, f)
		return nil
	}
	control := func(c *sfaas.Ctx, in *token) error {
		if r.fails(f, in) {
			return errDrawn
		}
		r.take(c, f, in)
		r.note(c, f)
		return nil
	}
	switch r.draw.IntN(4) {
	case 0:
		h := sfaas.Define(f.name, func(c *sfaas.Ctx, out *token, in *sfaas.Pair[token, token]) error {
			a, b := in.A, in.B
			if a.N != b.N {
				r.violate("%v joined %d with %d", c.Self(), a.N, b.N)
			}
			return run(c, out, a, b)
		}, cfg, f.book.cell)
		return sfaas.Apply(sfaas.Join(source("left"), source("right")), h)
	case 1:
		h := sfaas.Define(f.name, func(c *sfaas.Ctx, out, in *token) error { return run(c, out, in) }, cfg, f.book.cell)
		grant := sfaas.OnControl(h, control)
		out := sfaas.Apply(source("data"), h)
		sfaas.Control(source("grant"), grant)
		return out
	case 2:
		h := sfaas.Define(f.name, func(c *sfaas.Ctx, out, in *token) error { return run(c, out, in) }, cfg, f.book.cell)
		setting := sfaas.OnSetting(h, control)
		out := sfaas.Apply(source("data"), h)
		sfaas.Control(source("setting"), setting)
		return out
	}
	h := sfaas.Define(f.name, func(c *sfaas.Ctx, out, in *token) error { return run(c, out, in) }, cfg, f.book.cell)
	return sfaas.Apply(source("data"), h)
}

// drawEdge draws what an edge promises and whether it is cut.
func (r *run) drawEdge(e sfaas.Edge[token], f *fn) sfaas.Edge[token] {
	cfg := exact
	if f.twice {
		cfg.Guarantee = sfaas.AtLeastOnce
	}
	if r.draw.IntN(4) == 0 {
		cfg.Messages = 8 + r.draw.IntN(32)
	}
	if e = e.With(cfg); r.draw.IntN(2) == 0 {
		e = e.Cut("to " + f.name)
	}
	return e
}

// drawRelay adds a function that lets tokens pass, side by side or one by one.
func (r *run) drawRelay(e sfaas.Edge[token]) sfaas.Edge[token] {
	f := r.newFn("relay")
	f.twice = r.draw.IntN(2) == 0
	relay := sfaas.Define(f.name, func(_ *sfaas.Ctx, out, in *token) error {
		if r.fails(f, in) {
			return errDrawn
		}
		r.result.Messages++
		*out = *in
		return nil
	}, sfaas.FunctionConfig{Parallel: f.twice && r.draw.IntN(2) == 0})
	return sfaas.Apply(r.drawEdge(e, f), relay)
}

// drawStage adds a function that keeps count, and may send, call and delay.
func (r *run) drawStage(e sfaas.Edge[token], chain int) sfaas.Edge[token] {
	f := r.newFn("stage")
	f.twice = true // behind a relay a message may come twice
	p := r.p
	var acts []func(c *sfaas.Ctx, key int, in *token)
	declared := []sfaas.Declared{f.book.cell}
	add := func(d sfaas.Declared, act func(c *sfaas.Ctx, key int, in *token)) {
		declared, acts = append(declared, d), append(acts, act)
	}
	if r.draw.IntN(2) == 0 {
		delay := r.span(time.Millisecond, 400*time.Millisecond)
		add(p.alarm, func(c *sfaas.Ctx, key int, in *token) {
			t, _ := p.alarm.After(c, p.keys[key], delay)
			r.make(c, f, t, r.stream(f.id, key, 1, key))
			t.Due = int64(c.Now().Add(delay))
		})
	}
	if r.draw.IntN(2) == 0 {
		add(p.mate, func(c *sfaas.Ctx, key int, in *token) {
			to := int(in.N) % len(p.keys)
			r.make(c, f, p.mate.Send(c, p.keys[to]), r.stream(f.id, key, 2, to))
		})
	}
	if r.draw.IntN(2) == 0 {
		hear := func(c *sfaas.Ctx, x sfaas.Reply[token]) error {
			if x.Err != nil {
				r.violate("%v: a call failed: %v", c.Self(), x.Err)
				return nil
			}
			name := open | x.Out.Stream<<12 | x.Out.N&0xFFF
			if f.book.get(c, name) != x.Out.N {
				r.violate("%v: call %d of %x was answered twice, or was never made", c.Self(), x.Out.N, x.Out.Stream)
			}
			f.book.set(c, name, 0)
			r.note(c, f)
			return nil
		}
		add(p.service.OnReply(hear), func(c *sfaas.Ctx, key int, in *token) {
			to := int(in.N+1) % len(p.keys)
			t, _ := p.service.Call(c, p.keys[to], time.Hour)
			r.make(c, f, t, r.stream(f.id, key, 3, to))
			f.book.set(c, open|t.Stream<<12|t.N&0xFFF, t.N)
		})
	}
	h := sfaas.Define(f.name, func(c *sfaas.Ctx, out, in *token) error {
		if r.fails(f, in) {
			return errDrawn
		}
		key := r.key(c)
		stream := r.stream(f.id, key, 0, 0)
		if n := f.book.get(c, made|stream); n < r.acked[[2]int{chain, key}] && r.lastOf(f, chain) {
			r.violate("%v has made %d, and %d have come out: it has forgotten what it wrote", c.Self(), n, r.acked[[2]int{chain, key}])
		}
		if !r.take(c, f, in) {
			return sfaas.ErrNoOutput
		}
		for _, act := range acts {
			act(c, key, in)
		}
		r.make(c, f, out, stream)
		r.note(c, f)
		return nil
	}, sfaas.FunctionConfig{}, declared...)
	return sfaas.Apply(r.drawEdge(e, f), h)
}

// lastOf reports whether a stage is the last one of its chain: what it makes comes out.
func (r *run) lastOf(f *fn, chain int) bool { return r.p.ends[chain] == f }
