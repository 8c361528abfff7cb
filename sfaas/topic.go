// SPDX-License-Identifier: Apache-2.0

package sfaas

import (
	"reflect"

	"github.com/neuroran/neuroran/sfaas/internal/plan"
)

// Topic names a stream of T that instances subscribe to while they run. A
// topic has one channel per key; it remembers its subscribers by address, so a
// subscription follows its instance when that moves.
type Topic[T any] struct{ d *plan.TopicDecl }

// subscriber is one subscription: the port and the key of an instance. The port
// goes by the hash of its name, which stays when functions are added.
type subscriber struct {
	Port Digest
	Key  Key
}

// subscription is the control message that changes a topic's subscribers.
type subscription struct {
	Who subscriber
	On  bool
}

// NewTopic declares a topic. A function that publishes to it declares it
// beside its cells.
func NewTopic[T any](name string) Topic[T] {
	members := NewMap[subscriber, bool]("subscribers", Replicated)
	d := &plan.TopicDecl{Name: name}
	fn := DefineEach("topic/"+name, func(c *Ctx, _ Emitter[T], _ *T) error {
		for who := range members.All(c) {
			c.inv().Forward(who.Port, who.Key)
		}
		return nil
	}, FunctionConfig{}, members)
	OnSetting(fn, func(c *Ctx, s *subscription) error {
		if s.On {
			members.Set(c, s.Who, true)
		} else {
			members.Delete(c, s.Who)
		}
		return nil
	})
	fn.f.Topic = true
	d.Fn = fn.f
	d.Ref = &plan.Reference{Name: d.Fn.Name, In: reflect.TypeFor[T](), Topic: d}
	return Topic[T]{d}
}

// With returns the topic with edges as cfg says: subscriptions, what is
// published and what subscribers hear. All functions of a graph use the topic
// that With returns.
func (t Topic[T]) With(cfg EdgeConfig) Topic[T] {
	d := *t.d
	d.Config = cfg
	d.Ref = &plan.Reference{Name: d.Fn.Name, In: reflect.TypeFor[T](), Topic: &d, Config: cfg}
	return Topic[T]{&d}
}

func (t Topic[T]) declare(f *plan.Function) { f.Refs = append(f.Refs, t.d.Ref) }

// TopicPort is a port of a function at which messages of a topic arrive.
type TopicPort[T any] struct{ p *plan.Port }

// OnTopic declares a port of f for a topic. Instances of f hear a channel once
// they subscribe, see [TopicPort.Subscribe].
func OnTopic[T any](f Function, t Topic[T], h func(c *Ctx, in *T) error) TopicPort[T] {
	p := newPort(f, plan.PortTopic, "topic "+t.d.Name, h)
	p.Topic = t.d
	return TopicPort[T]{p}
}

// Publish sends a message to the subscribers of one channel. It returns a
// recycled message to fill in, which leaves when the handler succeeds.
func (t Topic[T]) Publish(c *Ctx, channel Key) *T {
	return c.inv().Send(t.d.Ref, channel).(*T)
}

// Subscribe lets the running instance hear a channel from the present slot on,
// when the handler succeeds.
func (at TopicPort[T]) Subscribe(c *Ctx, channel Key) { subscribe(c, at.p, channel, true) }

// Unsubscribe ends a subscription.
func (at TopicPort[T]) Unsubscribe(c *Ctx, channel Key) { subscribe(c, at.p, channel, false) }

func subscribe(c *Ctx, p *plan.Port, channel Key, on bool) {
	who := subscriber{Port: c.inv().PortName(p), Key: c.Key()}
	*c.inv().SendPort(p.Topic.Fn.Ports[0], p.Topic.Config, channel).(*subscription) = subscription{Who: who, On: on}
}
