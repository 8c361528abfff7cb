// SPDX-License-Identifier: Apache-2.0

package peer

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"time"

	"github.com/neuroran/neuroran/sfaas"
)

// Dial connects to the node at an address, and again whenever the connection is lost,
// until the node is closed, or [Node.Undial]. It returns once the runtimes are linked; what is pushed
// from then on goes by the routes of both, or are so already. It returns a
// [*RefusedError] if the other node, or an error if this one, refuses; where nobody
// answers, or another runtime is connected under the same number, it tries until ctx
// ends, and then says what the matter was last, such as a [*TakenError].
func (n *Node) Dial(ctx context.Context, network, address string) (sfaas.NodeID, error) {
	secure, err := n.cfg.secure(network)
	if err != nil {
		return 0, err
	}
	d := &dialler{n: n, network: network, address: address, secure: secure, first: make(chan outcome, 1), ended: make(chan struct{})}
	n.mu.Lock()
	if n.closed {
		n.mu.Unlock()
		return 0, sfaas.ErrClosed
	}
	n.diallers[d] = true
	n.wg.Go(func() {
		d.run()
		n.mu.Lock()
		delete(n.diallers, d)
		n.mu.Unlock()
	})
	n.mu.Unlock()
	select {
	case o := <-d.first:
		return o.node, o.err
	case <-ctx.Done():
		d.give(ctx.Err())
		o := <-d.first
		return o.node, o.err
	}
}

// Undial ends what [Node.Dial] has begun for an address: where nobody will listen any more.
// A connection that is there stays, and is not made again once it is lost; a Dial that waits
// for its first one returns an error.
func (n *Node) Undial(network, address string) {
	n.mu.Lock()
	var all []*dialler
	for d := range n.diallers {
		if d.network == network && d.address == address {
			delete(n.diallers, d) // once
			all = append(all, d)
		}
	}
	n.mu.Unlock()
	for _, d := range all {
		close(d.ended)
		d.give(errUndialled)
	}
}

var errUndialled = errors.New("not to be dialled any more")

// dialler keeps one connection.
type dialler struct {
	n       *Node
	network string
	address string
	secure  bool

	mu    sync.Mutex
	node  sfaas.NodeID // once it is known
	given error        // it is not to go on
	last  error        // of the last attempt
	told  bool
	first chan outcome  // of the first connection
	ended chan struct{} // closed when it is not to connect again
}

// outcome is what became of a first connection.
type outcome struct {
	node sfaas.NodeID
	err  error
}

// tell reports the first outcome, and whether it was that.
func (d *dialler) tell(err error) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.told {
		return false
	}
	d.told = true
	d.first <- outcome{d.node, err}
	return true
}

// give stops a dialler that has not connected yet.
func (d *dialler) give(err error) {
	d.mu.Lock()
	if !d.told {
		d.given = err
		err = fmt.Errorf("peer: %s %s: %w", d.network, d.address, err)
		if d.last != nil {
			err = fmt.Errorf("%w: %w", err, d.last)
		}
		d.told = true
		d.first <- outcome{d.node, err}
	}
	d.mu.Unlock()
}

// knows notes which node has answered, and reports whether it is to be connected: a
// dialler that was stopped stays as it is.
func (d *dialler) knows(node sfaas.NodeID) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.given == nil {
		d.node = node
	}
	return d.given == nil
}

func (d *dialler) stopped() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.given != nil
}

// over reports whether it is not to connect again.
func (d *dialler) over() bool {
	select {
	case <-d.ended:
		return true
	default:
		return false
	}
}

func (d *dialler) run() {
	n, wait := d.n, d.n.cfg.Backoff
	for n.ctx.Err() == nil && !d.stopped() && !d.over() {
		if d.node != 0 { // it may have dialled us
			if s := n.session(d.node); s != nil {
				if l := s.live(); l != nil {
					select {
					case <-l.done:
					case <-d.ended:
					case <-n.ctx.Done():
					}
					if d.over() {
						return
					}
				}
			}
		}
		began := time.Now()
		err := d.connect()
		var no *RefusedError
		refused := errors.As(err, &no) || errors.Is(err, errMine)
		if refused && d.tell(err) {
			return
		}
		d.mu.Lock()
		d.last = err
		d.mu.Unlock()
		if time.Since(began) > n.cfg.Backoff*maxBackoff {
			wait = n.cfg.Backoff // it was connected
		}
		select {
		case <-time.After(wait/2 + rand.N(wait)):
		case <-d.ended:
		case <-n.ctx.Done():
		}
		wait = min(2*wait, n.cfg.Backoff*maxBackoff)
	}
	d.tell(sfaas.ErrClosed)
}

// connect dials once, and returns when the connection has ended. It returns nil if there
// was one, or is one already.
func (d *dialler) connect() error {
	n := d.n
	dial := n.cfg.Dial
	if dial == nil {
		dial = (&net.Dialer{Timeout: greetingTime}).DialContext
	}
	conn, err := dial(n.ctx, d.network, d.address)
	if bad := (*net.AddrError)(nil); errors.As(err, &bad) {
		return fmt.Errorf("%w: %w", errMine, err) // it will never be an address
	}
	if err != nil {
		return err
	}
	unwatch := n.watch(conn, greetingTime)
	s, gen, l, err := d.greet(conn)
	unwatch()
	if err != nil {
		conn.Close()
		if errors.Is(err, errConnected) {
			d.tell(nil)
			return nil
		}
		if !errors.Is(err, errOtherWay) {
			n.refused(d.node, err)
		}
		return err
	}
	if !s.attach(l, gen) {
		conn.Close()
		return nil
	}
	_ = conn.SetDeadline(time.Time{})
	n.run(s, l, func() {
		if d.tell(nil); d.stopped() {
			l.close(context.Canceled) // whoever has called Dial does not wait for it any more
		}
	})
	return nil
}

// errMine wraps why this node does not want to be connected.
var errMine = errors.New("peer: not connected")

// greet is the dialling end of the greetings.
func (d *dialler) greet(conn net.Conn) (*session, int, *link, error) {
	n := d.n
	c, in, id, err := n.handshake(conn, d.secure, (*TLS).client)
	if err != nil {
		return nil, 0, nil, err
	}
	if _, err := c.Write(n.who().append(nil)); err != nil {
		return nil, 0, nil, err
	}
	to, err := n.hear(in, d.secure, id, maxWho)
	if err != nil {
		return nil, 0, nil, err
	}
	if to.node == n.rt.Node() && to.incarnation != n.rt.Incarnation() {
		return nil, 0, nil, fmt.Errorf("%w: %w", errMine, &TakenError{to.node, to.incarnation, d.address})
	}
	if to.node == n.rt.Node() {
		return nil, 0, nil, fmt.Errorf("%w: node %d answers at %s, want another number than this runtime's own", errMine, to.node, d.address)
	}
	if !d.knows(to.node) {
		return nil, 0, nil, context.Canceled
	}
	if t := n.taken(to.node, to.incarnation); t != nil {
		return nil, 0, nil, fmt.Errorf("%w: %w", errLater, t)
	}
	mine, attempt, gen, err := n.propose(conn, to)
	if err != nil {
		return nil, 0, nil, err
	}
	g, err := d.offer(c, in, id, mine)
	s, gen, no := n.conclude(attempt, mine, g, gen, to.node)
	switch {
	case errors.Is(no, errOtherWay) || errors.Is(no, errWire):
		return nil, 0, nil, no
	case err != nil:
		return nil, 0, nil, err
	case no != nil:
		return nil, 0, nil, fmt.Errorf("%w: %w", errMine, no)
	}
	return s, gen, newLink(s, c, in, d.secure), nil
}

// offer says what this node would go on with, and hears what holds.
func (d *dialler) offer(c net.Conn, in *bufio.Reader, id sfaas.NodeID, mine *greeting) (*greeting, error) {
	if _, err := c.Write(mine.append(nil)); err != nil {
		return nil, err
	}
	g, err := d.n.hear(in, d.secure, id, maxGreeting)
	if t := (*TakenError)(nil); errors.As(err, &t) {
		t.Node = d.n.rt.Node()
	}
	return g, err
}
