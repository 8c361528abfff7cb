// SPDX-License-Identifier: Apache-2.0

package peer

import (
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
// until the node is closed. It returns once the runtimes are linked; what is pushed
// from then on goes by the routes of both. It returns a [*RefusedError] if the other node, or an error
// if this one, refuses; where nobody answers it tries until ctx ends.
func (n *Node) Dial(ctx context.Context, network, address string) (sfaas.NodeID, error) {
	secure, err := n.cfg.secure(network)
	if err != nil {
		return 0, err
	}
	d := &dialler{n: n, network: network, address: address, secure: secure, first: make(chan error, 1)}
	n.mu.Lock()
	if n.closed {
		n.mu.Unlock()
		return 0, sfaas.ErrClosed
	}
	n.wg.Go(d.run)
	n.mu.Unlock()
	select {
	case err := <-d.first:
		return d.node, err
	case <-ctx.Done():
		d.give(ctx.Err())
		err := <-d.first
		return d.node, err
	}
}

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
	first chan error // the outcome of the first connection
}

// tell reports the first outcome, and whether it was that.
func (d *dialler) tell(err error) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.told {
		return false
	}
	d.told = true
	d.first <- err
	return true
}

// give stops a dialler that has not connected yet.
func (d *dialler) give(err error) {
	d.mu.Lock()
	if !d.told {
		d.given = err
		if d.last != nil {
			err = errors.Join(err, d.last)
		}
		d.told = true
		d.first <- err
	}
	d.mu.Unlock()
}

func (d *dialler) stopped() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.given != nil
}

func (d *dialler) run() {
	n, wait := d.n, d.n.cfg.Backoff
	for n.ctx.Err() == nil && !d.stopped() {
		if d.node != 0 { // it may have dialled us
			if s := n.session(d.node); s != nil {
				if l := s.live(); l != nil {
					select {
					case <-l.done:
					case <-n.ctx.Done():
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
		case <-n.ctx.Done():
		}
		wait = min(2*wait, n.cfg.Backoff*maxBackoff)
	}
	d.tell(sfaas.ErrClosed)
}

// errMine wraps why this node does not want to be connected.
var errMine = errors.New("peer: not connected")

// connect dials once, and returns when the connection has ended.
func (d *dialler) connect() error {
	n := d.n
	conn, err := (&net.Dialer{Timeout: greetingTime}).DialContext(n.ctx, d.network, d.address)
	if err != nil {
		return err
	}
	unwatch := n.watch(conn)
	s, gen, l, err := d.greet(conn)
	unwatch()
	if err == nil && d.stopped() {
		err = sfaas.ErrClosed
	}
	if err != nil {
		conn.Close()
		n.refused(d.node, err)
		return err
	}
	_ = conn.SetDeadline(time.Time{})
	d.node = s.node
	n.run(s, gen, l, func() { d.tell(nil) })
	return nil
}

// greet is the dialling end of the two greetings.
func (d *dialler) greet(conn net.Conn) (*session, int, *link, error) {
	n := d.n
	c, in, id, err := n.handshake(conn, d.secure, (*TLS).client)
	if err != nil {
		return nil, 0, nil, err
	}
	mine, gen := n.greeting(d.node)
	if _, err := c.Write(mine.append(nil)); err != nil {
		return nil, 0, nil, err
	}
	g, err := n.hear(in, d.secure, id)
	if err != nil {
		return nil, 0, nil, err
	}
	s, now, answer := n.enter(g, func(s *session) bool {
		return g.status == statusResume && mine.knows == g.incarnation && s.current(gen)
	})
	if s == nil {
		return nil, 0, nil, fmt.Errorf("%w: %s", errMine, answer.reason)
	}
	return s, now, newLink(s, c, in, d.secure), nil
}
