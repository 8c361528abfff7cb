// SPDX-License-Identifier: Apache-2.0

package core

import (
	"time"

	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/plan"
)

// send is one effect of a running handler. It takes place if the handler
// succeeds.
//
// A handler gets memory for the message at once and fills it; the send is noted, and
// performed or thrown away with the outcome. So a handler that fails has sent nothing.
type send struct {
	kind    sendKind
	msg     *Message
	edge    *plan.Edge // destination port, nil for sendEmit
	key     base.Key
	delay   time.Duration
	token   base.Token
	replyTo *plan.Edge // port of the caller
	place   int        // of an emission among those under its key
	slot    base.Slot  // of an emission
}

type sendKind uint8

const (
	sendEmit sendKind = iota // a message of a DefineEach function
	sendNow
	sendAfter
	sendCall
	sendCancel
	sendForward // the input, under another key
)

// Emit returns an empty output that goes to key, for a slot that is not before
// that of the input.
func (c *Invocation) Emit(key base.Key, slot base.Slot) any {
	m := c.draft(c.node.Outlet)
	c.sends = append(c.sends, send{kind: sendEmit, msg: m, key: key, slot: slot})
	return m.body
}

// Send returns an empty message that goes to the instance of another function.
func (c *Invocation) Send(to *plan.Reference, key base.Key) any {
	m, i := c.draftTo(to)
	c.sends = append(c.sends, send{kind: sendNow, msg: m, edge: c.node.Refs[i], key: key})
	return m.body
}

// SendPort is [Invocation.Send] to a port of a function.
func (c *Invocation) SendPort(to *plan.Port, cfg base.EdgeConfig, key base.Key) any {
	m, edge := c.draftPort(to, cfg)
	c.sends = append(c.sends, send{kind: sendNow, msg: m, edge: edge, key: key})
	return m.body
}

// After is [Invocation.Send] with a delay; the token cancels the message.
func (c *Invocation) After(to *plan.Reference, key base.Key, d time.Duration) (any, base.Token) {
	m, i := c.draftTo(to)
	t := c.newToken()
	c.sends = append(c.sends, send{kind: sendAfter, msg: m, edge: c.node.Refs[i], key: key, delay: d, token: t})
	return m.body, t
}

// Call returns an empty message that calls another function. What becomes of
// it arrives at the port for replies that the running one has declared with the
// reference.
func (c *Invocation) Call(to *plan.Reference, key base.Key, timeout time.Duration) (any, base.Token) {
	m, i := c.draftTo(to)
	t := c.newToken()
	c.sends = append(c.sends, send{
		kind: sendCall, msg: m, edge: c.node.Refs[i], key: key, delay: timeout, token: t, replyTo: c.node.Replies[i],
	})
	return m.body, t
}

// Cancel stops a delayed message or gives up on a call.
func (c *Invocation) Cancel(t base.Token) {
	c.sends = append(c.sends, send{kind: sendCancel, token: t})
}

// Forward sends the input on to the instance of a port. A port that the graph
// does not have any more hears nothing.
func (c *Invocation) Forward(port base.Digest, key base.Key) {
	if e := c.lane.app.ByPort[port]; e != nil {
		c.sends = append(c.sends, send{kind: sendForward, edge: e, key: key})
	}
}

// Listener returns what stands in state for the port of the running function at which
// it hears a topic. It panics as [Invocation.Cell] does if there is none.
func (c *Invocation) Listener(t *plan.TopicDecl) base.Digest {
	for _, e := range c.node.Ports {
		if e.Port.Topic == t {
			return e.Stable
		}
	}
	panic(&base.CellError{Function: c.node.Fn.Name, Cell: "topic " + t.Name, Reason: "is not heard: declare the handler of its messages with On"})
}

// newToken returns a token that the instance has not used: it must stay so
// where the instance moves, and after a restore.
//
// Epoch and count make it unique over all owners of the unit: the epoch rises with each,
// the count goes on. A function that keeps nothing has no instance, and takes the lane's.
func (c *Invocation) newToken() base.Token {
	if c.inst != nil {
		c.inst.sent++
		return base.Token(uint64(c.inst.unit.epoch)<<tokenBits | c.inst.sent&tokenCount)
	}
	c.lane.tokens++
	return base.Token(c.lane.tokens)
}

// draft returns an empty message of an outlet.
func (c *Invocation) draft(o *plan.Outlet) *Message { return c.lane.pools[o.ID].get() }

// draftTo returns an empty message for a declared reference, and the reference's index.
func (c *Invocation) draftTo(r *plan.Reference) (*Message, int) {
	for i, x := range c.node.Fn.Refs {
		if x.Same(r) {
			return c.draft(c.node.Refs[i].From), i
		}
	}
	panic(&base.CellError{Function: c.node.Fn.Name, Cell: r.Name, Reason: "is a reference that is not declared"})
}

// draftPort returns an empty message for a port of another function.
func (c *Invocation) draftPort(p *plan.Port, cfg base.EdgeConfig) (*Message, *plan.Edge) {
	n := c.lane.app.ByName[p.Fn.Name]
	edge := n.Variant(n.Ports[p.Index()], cfg)
	return c.draft(edge.From), edge
}
