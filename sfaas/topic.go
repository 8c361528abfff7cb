// SPDX-License-Identifier: Apache-2.0

package sfaas

import "reflect"

// Topic names a stream of T that instances subscribe to while they run. A
// topic has one channel per key; it remembers its subscribers by address, so a
// subscription follows its instance when that moves.
type Topic[T any] struct{ d *topicDecl }

type topicDecl struct {
	name string
	fn   *function
}

// subscriber is one subscription: the port and the key of an instance.
type subscriber struct {
	Edge EdgeID
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
	d := &topicDecl{name: name}
	fn := DefineEach("topic/"+name, func(c *Ctx, _ Emitter[T], _ *T) error {
		for who := range members.All(c) {
			c.forward(who.Edge, who.Key)
		}
		return nil
	}, Config{}, members)
	OnSetting(fn, func(c *Ctx, s *subscription) error {
		if s.On {
			members.Set(c, s.Who, true)
		} else {
			members.Delete(c, s.Who)
		}
		return nil
	})
	fn.f.topic = true
	d.fn = fn.f
	return Topic[T]{d}
}

func (t Topic[T]) declare(f *function) {
	f.refs = append(f.refs, &reference{name: t.d.fn.name, in: reflect.TypeFor[T](), topic: t.d})
}

// TopicPort is a port of a function at which messages of a topic arrive.
type TopicPort[T any] struct{ p *port }

// OnTopic declares a port of f for a topic. Instances of f hear a channel once
// they [Subscribe].
func OnTopic[T any](f Function, t Topic[T], h func(c *Ctx, in *T) error) TopicPort[T] {
	p := newPort(f, portTopic, "topic "+t.d.name, h)
	p.topic = t.d
	return TopicPort[T]{p}
}

// Publish sends a message to the subscribers of one channel. It returns a
// recycled message to fill in, which leaves when the handler succeeds.
func Publish[T any](c *Ctx, t Topic[T], channel Key) *T {
	m, conn := c.draftTo(&reference{name: t.d.fn.name})
	c.sends = append(c.sends, send{kind: sendNow, msg: m, conn: conn, key: channel})
	return m.body.(*T)
}

// Subscribe lets the running instance hear a channel from the present slot on,
// when the handler succeeds.
func Subscribe[T any](c *Ctx, at TopicPort[T], channel Key) { subscribe(c, at.p, channel, true) }

// Unsubscribe ends a subscription.
func Unsubscribe[T any](c *Ctx, at TopicPort[T], channel Key) { subscribe(c, at.p, channel, false) }

func subscribe(c *Ctx, p *port, channel Key, on bool) {
	m, conn := c.draftPort(p.topic.fn.ports[0])
	*m.body.(*subscription) = subscription{Who: subscriber{Edge: c.portConn(p).id, Key: c.ks.key}, On: on}
	c.sends = append(c.sends, send{kind: sendNow, msg: m, conn: conn, key: channel})
}
