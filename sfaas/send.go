// SPDX-License-Identifier: Apache-2.0

package sfaas

import "time"

// Send sends a message to the instance of the function under a key. It returns a
// recycled message to fill in, which leaves when the handler succeeds.
//
//	*alarms.Send(c, key) = Alarm{Level: 3}
func (r Reference[In]) Send(c *Ctx, key Key) *In {
	return c.inv().Send(r.r, key).(*In)
}

// After is [Reference.Send] with a delay on the runtime's clock. The token
// cancels the message as long as it has not left; it is meant for the same
// instance.
func (r Reference[In]) After(c *Ctx, key Key, d time.Duration) (*In, Token) {
	m, t := c.inv().After(r.r, key, d)
	return m.(*In), t
}

// Cancel stops a delayed message or gives up on the reply to a call, when the
// handler succeeds. A token that has taken effect already is ignored.
func (c *Ctx) Cancel(t Token) { c.inv().Cancel(t) }
