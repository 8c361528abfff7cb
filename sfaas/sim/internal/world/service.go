// SPDX-License-Identifier: Apache-2.0

package world

import "github.com/neuroran/neuroran/sfaas"

// drawServices adds what stages send to: a function that is called, one that is sent
// to, one that is woken, and a topic with its subscribers. Nothing else leads there.
func (b *builder) drawServices() {
	service, alarm, mate := b.drawReceiver("service"), b.drawReceiver("alarm"), b.drawReceiver("mate")
	call := sfaas.CallRef[token, token](service.Name()).With(b.promise("service"))
	wake, send := sfaas.Ref[token](alarm.Name()).With(b.promise("alarm")), sfaas.Ref[token](mate.Name()).With(b.promise("mate"))
	b.service, b.alarm, b.mate = &call, &wake, &send
	cfg := sfaas.EdgeConfig{Guarantee: b.drawPromise()}
	topic := sfaas.NewTopic[token]("news").With(cfg)
	b.topic = &topic
	b.drawSubscriber(topic)
	for _, c := range b.heard {
		b.sends[c] = cfg.Guarantee
	}
}

// drawPromise draws what a reference or a topic promises.
func (b *builder) drawPromise() sfaas.Guarantee {
	return pick(b.draw, []sfaas.Guarantee{sfaas.AtMostOnce, sfaas.ExactlyOnce})
}

// promise draws what a reference to a receiver promises.
func (b *builder) promise(kind string) sfaas.EdgeConfig {
	g := b.drawPromise()
	if b.loose[b.targets[kind]] { // a parallel function has no part in exactly once
		g = min(g, sfaas.AtLeastOnce)
	}
	b.sends[b.targets[kind]] = g
	return sfaas.EdgeConfig{Guarantee: g}
}

// drawReceiver adds a function that is reached by reference alone. The service is
// parallel and without content in half of the worlds in which it may be.
func (b *builder) drawReceiver(kind string) sfaas.Fn[token, token] {
	f := b.newFn(kind)
	consumer, cell := b.p.newConsumer(f.name), b.store()
	farmed := kind == "service" && b.cfg.Farmed && b.draw.chance(0.5)
	cfg := sfaas.FunctionConfig{Cost: b.cost(), Parallel: farmed}
	h := func(c *sfaas.Ctx, out, in *token) error {
		if err := b.begin(consumer, in); err != nil {
			return err
		}
		if in.Call > 0 {
			b.ledger.served[in.Call] = true
		}
		if !farmed {
			b.count(c, f, cell, in)
		}
		*out = *in
		return nil
	}
	var x sfaas.Fn[token, token]
	if farmed {
		x = sfaas.Define(f.name, h, cfg)
	} else {
		x = sfaas.Define(f.name, h, cfg, cell.declared)
		b.p.kept[consumer] = cell.kept
	}
	f.fn = x
	sfaas.Apply(sfaas.Source[token](b.p.graph, "nothing for "+f.name), x)
	b.targets[kind] = consumer
	b.loose[consumer] = farmed
	return x
}

// drawSubscriber adds a function whose instances hear the topic once they have been
// pushed to.
func (b *builder) drawSubscriber(topic sfaas.Topic[token]) {
	f := b.newFn("subscriber")
	cell := b.store()
	at := make([]int, len(b.p.keys))
	for i, k := range b.p.keys {
		at[i] = -1
		if b.draw.chance(0.3) || i == 0 {
			at[i] = b.p.newConsumer(f.name + " at " + k.String())
			b.heard = append(b.heard, at[i])
			b.subscribers = append(b.subscribers, i)
		}
	}
	x := sfaas.Define(f.name, func(c *sfaas.Ctx, _, _ *token) error {
		topic.Subscribe(c, b.p.keys[b.p.hub])
		return sfaas.ErrNoOutput
	}, sfaas.FunctionConfig{}, cell.declared, topic.On(func(c *sfaas.Ctx, in *token) error {
		if err := b.begin(at[b.p.index[c.Key()]], in); err != nil {
			return err
		}
		b.count(c, f, cell, in)
		return nil
	}))
	f.fn = x
	b.subscribe = sfaas.Source[token](b.p.graph, "subscribe")
	sfaas.Apply(b.subscribe, x)
}

// letters reports whether what a consumer cannot process is to go to a dead-letter
// edge.
func (b *builder) letters(s *strand, consumer int) bool {
	return b.cfg.Faults && b.p.edge(s.origins, consumer) != sfaas.AtMostOnce && b.draw.chance(0.4)
}

// drawGrave adds the function that gets the dead letters of a consumer.
func (b *builder) drawGrave(of int) sfaas.Fn[token, token] {
	f := b.newFn("grave")
	b.p.graves[of] = true
	x := sfaas.Define(f.name, func(_ *sfaas.Ctx, _, in *token) error {
		b.ledger.bury(of, in)
		return sfaas.ErrNoOutput
	}, sfaas.FunctionConfig{Cost: b.cost()})
	f.fn = x
	return x
}
