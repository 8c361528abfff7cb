// SPDX-License-Identifier: Apache-2.0

package sfaas

import "time"

// Send sends a message to the instance of another function. It returns a
// recycled message to fill in, which leaves when the handler succeeds.
//
//	*sfaas.Send(c, alarms, key) = Alarm{Level: 3}
func Send[In any](c *Ctx, to Reference[In], key Key) *In {
	return c.inv().Send(to.r, key).(*In)
}

// After is [Send] with a delay on the runtime's clock. The token cancels the
// message as long as it has not left; it is meant for the same instance.
func After[In any](c *Ctx, to Reference[In], key Key, d time.Duration) (*In, Token) {
	m, t := c.inv().After(to.r, key, d)
	return m.(*In), t
}

// Cancel stops a delayed message or gives up on the reply to a call, when the
// handler succeeds. A token that has taken effect already is ignored.
func Cancel(c *Ctx, t Token) { c.inv().Cancel(t) }
