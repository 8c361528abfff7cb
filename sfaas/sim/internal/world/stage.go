// SPDX-License-Identifier: Apache-2.0

package world

import (
	"time"

	"github.com/neuroran/neuroran/sfaas"
)

// drawServices adds what stages send to: a function that is called, one that is sent
// to, one that is woken, and a topic with its subscribers. Nothing else leads there.
func (b *builder) drawServices() {
	g := b.p.graph
	receiver := func(kind string) (sfaas.Fn[token, token], int) {
		f := b.newFn(kind)
		consumer, cell := b.p.newConsumer(f.name), b.cell()
		x := sfaas.Define(f.name, func(c *sfaas.Ctx, out, in *token) error {
			if err := b.begin(consumer, in); err != nil {
				return err
			}
			b.count(c, f, cell, in)
			*out = *in
			return nil
		}, sfaas.Config{Cost: b.cost()}, cell)
		f.fn = x
		sfaas.Apply(sfaas.Source[token](g, "nothing for "+f.name), x)
		b.targets[kind] = consumer
		return x, consumer
	}
	service, _ := receiver("service")
	alarm, _ := receiver("alarm")
	mate, _ := receiver("mate")
	call, wake, send := sfaas.CallRef[token, token](service.Name()), sfaas.Ref[token](alarm.Name()), sfaas.Ref[token](mate.Name())
	b.service, b.alarm, b.mate = &call, &wake, &send
	topic := sfaas.NewTopic[token]("news")
	b.topic = &topic
	b.drawSubscriber(topic)
}

// drawSubscriber adds a function whose instances hear the topic once they have been
// pushed to.
func (b *builder) drawSubscriber(topic sfaas.Topic[token]) {
	f := b.newFn("subscriber")
	cell := b.cell()
	var port sfaas.TopicPort[token]
	x := sfaas.Define(f.name, func(c *sfaas.Ctx, _, _ *token) error {
		sfaas.Subscribe(c, port, b.p.keys[b.p.hub])
		return sfaas.ErrNoOutput
	}, sfaas.Config{}, cell)
	at := make([]int, len(b.p.keys))
	for i, k := range b.p.keys {
		at[i] = -1
		if b.draw.chance(0.3) || i == 0 {
			at[i] = b.p.newConsumer(f.name + " at " + k.String())
			b.heard = append(b.heard, at[i])
			b.subscribers = append(b.subscribers, i)
		}
	}
	port = sfaas.OnTopic(x, topic, func(c *sfaas.Ctx, in *token) error {
		if err := b.begin(at[b.p.index[c.Key()]], in); err != nil {
			return err
		}
		b.count(c, f, cell, in)
		return nil
	})
	f.fn = x
	b.subscribe = sfaas.Source[token](b.p.graph, "subscribe")
	sfaas.Apply(b.subscribe, x)
}

// habit is what a stage does besides its output.
type habit struct {
	self, call, wake, send, publish int // outlets, -1 for what it does not
	delay                           time.Duration
	timeout                         time.Duration
}

// drawHabit draws what a stage does, and declares what it needs for that.
func (b *builder) drawHabit(f *fn, consumer int) (h habit, self sfaas.Reference[token], declared []sfaas.Declared) {
	h = habit{self: -1, call: -1, wake: -1, send: -1, publish: -1}
	h.delay, h.timeout = b.draw.span(time.Millisecond, 300*time.Millisecond), b.draw.span(20*time.Millisecond, time.Second)
	outlet := func(what string, consumers ...int) int {
		o := b.p.newOutlet(f.name + " " + what)
		for _, c := range consumers {
			b.p.lead([]origin{{outlet: o}}, c, sfaas.AtMostOnce, false, false)
		}
		return o
	}
	if self = sfaas.Ref[token](f.name); b.draw.chance(0.3) {
		h.self = outlet("to itself", consumer)
		declared = append(declared, self)
	}
	if b.draw.chance(0.3) {
		h.call = outlet("calls", b.targets["service"])
		declared = append(declared, *b.service)
	}
	if b.draw.chance(0.3) {
		h.wake = outlet("wakes", b.targets["alarm"])
		declared = append(declared, *b.alarm)
	}
	if b.draw.chance(0.3) {
		h.send = outlet("sends", b.targets["mate"])
		declared = append(declared, *b.mate)
	}
	if b.draw.chance(0.3) {
		h.publish = outlet("publishes", b.heard...)
		declared = append(declared, *b.topic)
	}
	return h, self, declared
}

// drawStage adds a function with a counter that may send to itself, call, delay, send
// and publish.
func (b *builder) drawStage(s *strand) {
	f := b.newFn("stage")
	consumer, outlet := b.p.newConsumer(f.name), b.p.newOutlet(f.name)
	e, on := b.consume(s, f.name, "", consumer, false, false)
	h, self, declared := b.drawHabit(f, consumer)
	cell := b.cell()
	var port sfaas.ReplyPort[token]
	x := sfaas.Define(f.name, func(c *sfaas.Ctx, out, in *token) error {
		if err := b.begin(consumer, in); err != nil {
			return err
		}
		key, inst := b.count(c, f, cell, in)
		now := b.m.now()
		mix := hash(b.cfg.Seed, uint64(in.Stream), uint64(in.N), uint64(f.id))
		other := int(mix>>32) % len(b.p.keys)
		if h.self >= 0 && (in.Hops > 0 || mix%8 == 0) {
			hops := in.Hops - 1
			if in.Hops == 0 {
				hops = uint32(mix>>16)%3 + 1
			}
			if hops > 0 {
				t := sfaas.Send(c, self, b.p.keys[other])
				b.ledger.make(t, inst, h.self, other, now)
				t.Hops = hops
			}
		}
		if h.call >= 0 && mix>>3%4 == 0 {
			t, token := sfaas.Call(c, *b.service, b.p.keys[other], h.timeout, port)
			b.ledger.make(t, inst, h.call, other, now)
			b.ledger.calls[call{f.id, key, token}] = now.Add(h.timeout)
		}
		if h.wake >= 0 && mix>>5%4 == 0 {
			t, _ := sfaas.After(c, *b.alarm, b.p.keys[other], h.delay)
			b.ledger.make(t, inst, h.wake, other, now)
			t.Due = int64(now.Add(h.delay))
		}
		if h.send >= 0 && mix>>7%4 == 0 {
			b.ledger.make(sfaas.Send(c, *b.mate, b.p.keys[other]), inst, h.send, other, now)
		}
		if h.publish >= 0 && mix>>9%4 == 0 {
			b.ledger.make(sfaas.Publish(c, *b.topic, b.p.keys[b.p.hub]), inst, h.publish, b.p.hub, now)
		}
		b.ledger.make(out, inst, outlet, key, now)
		return nil
	}, sfaas.Config{Cost: b.cost()}, append(declared, cell)...)
	if h.call >= 0 {
		port = sfaas.OnReply(x, func(c *sfaas.Ctx, r sfaas.Reply[token]) error {
			b.replied(f, c, r)
			return nil
		})
	}
	f.fn = x
	on.sure = on.sure && h.self < 0 // what it sends to itself makes outputs of the same slot
	b.renew(sfaas.Apply(e, x), f, on, outlet)
}
