// SPDX-License-Identifier: Apache-2.0

package world

import (
	"time"

	"github.com/neuroran/neuroran/sfaas"
)

// act is what a stage does in an invocation besides its output; mix is drawn for the
// token that it has taken.
type act func(c *sfaas.Ctx, i *instance, key int, in *token, mix uint64)

// stage is a function with content while it is drawn.
type stage struct {
	*fn
	consumer int
	cell     store
	acts     []act
	declared []sfaas.Declared
	alone    bool // one output for each input
}

// drawStage adds a function with content, which may send to itself, call, delay, send
// and publish.
func (b *builder) drawStage(s *strand) {
	f := b.newFn("stage")
	x := &stage{fn: f, consumer: b.p.newConsumer(f.name), cell: b.store(), alone: true}
	outlet := b.p.newOutlet(f.name)
	e, on := b.consume(s, f.name, "", x.consumer, false, false)
	x.declared = append(x.declared, x.cell.declared)
	for _, draw := range []func(*stage){b.drawSelf, b.drawCall, b.drawWake, b.drawSend, b.drawPublish, b.drawScratch} {
		if b.draw.chance(0.3) {
			draw(x)
		}
	}
	b.p.kept[x.consumer] = x.cell.kept
	h := sfaas.Define(f.name, func(c *sfaas.Ctx, out, in *token) error {
		if err := b.begin(x.consumer, in); err != nil {
			return err
		}
		key, i := b.count(c, f, x.cell, in)
		mix := hash(b.cfg.Seed, uint64(in.Stream), uint64(in.N), uint64(f.id))
		for _, act := range x.acts {
			act(c, i, key, in, mix)
		}
		b.ledger.make(out, i, outlet, key, b.m.now())
		return nil
	}, sfaas.FunctionConfig{Cost: b.cost()}, x.declared...)
	f.fn = h
	if b.draw.chance(0.2) {
		b.drawSetting(s, h, x)
	}
	on.sure = on.sure && x.alone
	out := sfaas.Apply(e, h)
	if b.letters(s, x.consumer) {
		sfaas.DeadLetter(s.promising(), h, b.drawGrave(x.consumer))
		on.sure = false
	}
	b.renew(out, f, on, outlet)
}

// other draws a key for a token.
func (b *builder) other(mix uint64) int { return int(mix>>32) % len(b.p.keys) }

// outlet adds an outlet of a stage to some consumers, which are reached by reference
// or topic.
func (b *builder) outlet(f *fn, what string, consumers ...int) int {
	o := b.p.newOutlet(f.name + " " + what)
	b.p.sent[o] = true
	for _, c := range consumers {
		b.p.lead([]origin{unconsumed(o)}, c, b.sends[c], false, b.loose[c])
	}
	return o
}

// drawSelf lets a stage send to itself, under any key, a few times in a row.
func (b *builder) drawSelf(x *stage) {
	b.sends[x.consumer] = b.drawPromise()
	self, outlet := sfaas.Ref[token](x.name).With(sfaas.EdgeConfig{Guarantee: b.sends[x.consumer]}), b.outlet(x.fn, "to itself", x.consumer)
	x.alone = false
	x.declared = append(x.declared, self)
	x.acts = append(x.acts, func(c *sfaas.Ctx, i *instance, _ int, in *token, mix uint64) {
		hops := in.Hops - 1
		if in.Hops == 0 {
			if mix%8 != 0 {
				return
			}
			hops = uint32(mix>>16)%3 + 1
		}
		if hops > 0 {
			t := self.Send(c, b.p.keys[b.other(mix)])
			b.ledger.make(t, i, outlet, b.other(mix), b.m.now())
			t.Hops = hops
		}
	})
}

// drawCall lets a stage call the service.
func (b *builder) drawCall(x *stage) {
	outlet, timeout := b.outlet(x.fn, "calls", b.targets["service"]), b.draw.span(20*time.Millisecond, time.Second)
	sure := b.sends[b.targets["service"]] != sfaas.AtMostOnce
	patience := timeout
	if sure { // what is promised comes before
		timeout, patience = time.Hour, longest
	}
	x.declared = append(x.declared, (*b.service).OnReply(func(c *sfaas.Ctx, r sfaas.Reply[token]) error {
		b.replied(x.fn, c, r)
		return nil
	}))
	x.acts = append(x.acts, func(c *sfaas.Ctx, i *instance, key int, _ *token, mix uint64) {
		if mix>>3%4 == 0 {
			t, token := (*b.service).Call(c, b.p.keys[b.other(mix)], timeout)
			b.ledger.make(t, i, outlet, b.other(mix), b.m.now())
			b.ledger.called++
			t.Call = b.ledger.called
			b.ledger.calls[call{x.id, key, token}] = pending{b.m.now().Add(patience), t.Call, sure}
		}
	})
}

// drawWake lets a stage delay messages to the alarm, and now and then cancel the last
// one.
func (b *builder) drawWake(x *stage) {
	outlet, delay := b.outlet(x.fn, "wakes", b.targets["alarm"]), b.draw.span(time.Millisecond, 300*time.Millisecond)
	cancels := b.draw.chance(0.5) && b.sends[b.targets["alarm"]] == sfaas.AtMostOnce
	x.declared = append(x.declared, *b.alarm)
	x.acts = append(x.acts, func(c *sfaas.Ctx, i *instance, _ int, _ *token, mix uint64) {
		if mix>>5%4 != 0 {
			return
		}
		if now := b.m.now(); cancels && mix>>11%2 == 0 && i.wake.t.Due > int64(now) {
			c.Cancel(i.wake.token)
			b.ledger.cancel(b.targets["alarm"], &i.wake.t)
		}
		t, token := (*b.alarm).After(c, b.p.keys[b.other(mix)], delay)
		b.ledger.make(t, i, outlet, b.other(mix), b.m.now())
		t.Due = int64(b.m.now().Add(delay))
		i.wake = wake{token, *t}
	})
}

// drawSend lets a stage send to its mate.
func (b *builder) drawSend(x *stage) {
	outlet := b.outlet(x.fn, "sends", b.targets["mate"])
	x.declared = append(x.declared, *b.mate)
	x.acts = append(x.acts, func(c *sfaas.Ctx, i *instance, _ int, _ *token, mix uint64) {
		if mix>>7%4 == 0 {
			b.ledger.make((*b.mate).Send(c, b.p.keys[b.other(mix)]), i, outlet, b.other(mix), b.m.now())
		}
	})
}

// drawPublish lets a stage publish to the topic.
func (b *builder) drawPublish(x *stage) {
	outlet, channel := b.outlet(x.fn, "publishes", b.heard...), b.p.hub
	x.declared = append(x.declared, *b.topic)
	x.acts = append(x.acts, func(c *sfaas.Ctx, i *instance, _ int, _ *token, mix uint64) {
		if mix>>9%4 == 0 {
			b.ledger.make((*b.topic).Publish(c, b.p.keys[channel]), i, outlet, channel, b.m.now())
		}
	})
}

// drawScratch gives a stage a resource, which must be open wherever it runs.
func (b *builder) drawScratch(x *stage) {
	open := func() (*bool, error) { b.opened++; y := true; return &y, nil }
	b.scratches++
	scratch := sfaas.NewScratch("scratch of "+x.name, open, func(y *bool) error { b.opened--; *y = false; return nil })
	x.declared = append(x.declared, scratch)
	x.acts = append(x.acts, func(c *sfaas.Ctx, _ *instance, _ int, _ *token, _ uint64) {
		if y := scratch.Get(c); y == nil || !*y {
			b.violate(Broken, "%v runs, and its resource is not open", c.Self())
		}
	})
}

// drawSetting gives a stage a port for settings, which come for every few slots.
func (b *builder) drawSetting(s *strand, h sfaas.Fn[token, token], x *stage) {
	consumer := b.p.newConsumer(x.name + ".setting")
	port := sfaas.OnSetting(h, func(c *sfaas.Ctx, in *token) error {
		b.ledger.take(consumer, in, b.m.now())
		b.count(c, x.fn, x.cell, in)
		return nil
	})
	settings := b.newFlow("settings", s.flow.keys, false)
	settings.leader, settings.rate, settings.first = s.flow.id, s.flow.rate, s.flow.first
	for i, step := range s.flow.step {
		settings.step[i] = 5 * step
	}
	b.p.lead([]origin{unconsumed(settings.outlet)}, consumer, sfaas.ExactlyOnce, false, false)
	at := [2]int{settings.outlet, consumer}
	path := b.p.table[at]
	path.waits = true
	b.p.table[at] = path
	sfaas.Control(settings.in.With(sfaas.EdgeConfig{Guarantee: sfaas.ExactlyOnce}), port)
}
