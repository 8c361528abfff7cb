// SPDX-License-Identifier: Apache-2.0

package sfaas

import "time"

// send is one effect of a running handler. It takes place if the handler
// succeeds.
type send struct {
	kind    sendKind
	msg     *Message
	conn    *conn // destination port, nil for sendEmit
	key     Key
	delay   time.Duration
	token   Token
	replyTo *conn // port of the caller
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

// Token names a delayed message or a call of one instance.
type Token uint64

// Send sends a message to the instance of another function. It returns a
// recycled message to fill in, which leaves when the handler succeeds.
//
//	*sfaas.Send(c, alarms, key) = Alarm{Level: 3}
func Send[In any](c *Ctx, to Reference[In], key Key) *In {
	m, conn := c.draftTo(to.r)
	c.sends = append(c.sends, send{kind: sendNow, msg: m, conn: conn, key: key})
	return m.body.(*In)
}

// After is [Send] with a delay on the runtime's clock. The token cancels the
// message as long as it has not left; it is meant for the same instance.
func After[In any](c *Ctx, to Reference[In], key Key, d time.Duration) (*In, Token) {
	m, conn := c.draftTo(to.r)
	t := c.newToken()
	c.sends = append(c.sends, send{kind: sendAfter, msg: m, conn: conn, key: key, delay: d, token: t})
	return m.body.(*In), t
}

// Cancel stops a delayed message or gives up on the reply to a call, when the
// handler succeeds. A token that has taken effect already is ignored.
func Cancel(c *Ctx, t Token) {
	c.sends = append(c.sends, send{kind: sendCancel, token: t})
}
