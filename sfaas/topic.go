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
// beside its cells, one that hears it declares [Topic.On].
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
	if t.d == nil {
		return t
	}
	d := *t.d
	d.Config = cfg
	d.Ref = &plan.Reference{Name: d.Fn.Name, In: reflect.TypeFor[T](), Topic: &d, Config: cfg}
	return Topic[T]{&d}
}

func (t Topic[T]) declare(f *plan.Function) { f.Refs = append(f.Refs, t.d.Ref) }

// On declares that a function hears the topic, and what it does with a message. An
// instance hears a channel once it has subscribed to it, see [Topic.Subscribe].
//
//	var listen = sfaas.Define("listen", ..., sfaas.FunctionConfig{}, alarms.On(func(c *sfaas.Ctx, a *Alarm) error { ... }))
func (t Topic[T]) On(h func(c *Ctx, in *T) error) Declared {
	if t.d == nil {
		return flaw("hears the zero Topic")
	}
	return declaration(func(f *plan.Function) {
		newPort(f, plan.PortTopic, "topic "+t.d.Name, h).Topic = t.d
	})
}

// Publish sends a message to the subscribers of one channel. It returns a
// recycled message to fill in, which leaves when the handler succeeds.
func (t Topic[T]) Publish(c *Ctx, channel Key) *T {
	return c.inv().Send(t.d.Ref, channel).(*T)
}

// Subscribe lets the running instance hear a channel from the present slot on,
// when the handler succeeds. In a function that does not declare [Topic.On] it faults
// the invocation with a [*CellError].
func (t Topic[T]) Subscribe(c *Ctx, channel Key) { t.subscribe(c, channel, true) }

// Unsubscribe ends a subscription.
func (t Topic[T]) Unsubscribe(c *Ctx, channel Key) { t.subscribe(c, channel, false) }

func (t Topic[T]) subscribe(c *Ctx, channel Key, on bool) {
	who := subscriber{Port: c.inv().Listener(t.d), Key: c.Key()}
	*c.inv().SendPort(t.d.Fn.Ports[0], t.d.Config, channel).(*subscription) = subscription{Who: who, On: on}
}
