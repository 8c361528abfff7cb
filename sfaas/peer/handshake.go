// SPDX-License-Identifier: Apache-2.0

package peer

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/neuroran/neuroran/sfaas"
)

// watch closes a connection that takes too long, or when the node is closed.
func (n *Node) watch(conn net.Conn) (unwatch func()) {
	_ = conn.SetDeadline(time.Now().Add(greetingTime))
	stop := context.AfterFunc(n.ctx, func() { conn.Close() })
	return func() { stop() }
}

func (t *TLS) server(c net.Conn) *tls.Conn { return tls.Server(c, t.config()) }
func (t *TLS) client(c net.Conn) *tls.Conn { return tls.Client(c, t.config()) }

// handshake secures a connection, and returns which node its certificate is of.
func (n *Node) handshake(conn net.Conn, secure bool, end func(*TLS, net.Conn) *tls.Conn) (net.Conn, *bufio.Reader, sfaas.NodeID, error) {
	if !secure {
		return conn, bufio.NewReaderSize(conn, readBuffer), 0, nil
	}
	c := end(n.cfg.TLS, conn)
	if err := c.HandshakeContext(n.ctx); err != nil {
		return nil, nil, 0, err
	}
	id, err := n.cfg.TLS.node(c.ConnectionState())
	return c, bufio.NewReaderSize(c, readBuffer), id, err
}

// hear reads the greeting of a node, which is the one of the certificate.
func (n *Node) hear(in *bufio.Reader, secure bool, id sfaas.NodeID) (*greeting, error) {
	g, err := readGreeting(in)
	if err == nil && secure && g.node != id {
		return nil, fmt.Errorf("peer: node %d shows the certificate of node %d", g.node, id)
	}
	return g, err
}

// greeting returns what this node says first to one of which it may know.
func (n *Node) greeting(to sfaas.NodeID) (g *greeting, generation int) {
	g = &greeting{status: statusNew, node: n.rt.Node(), incarnation: n.rt.Incarnation(), hello: n.rt.Hello()}
	if s := n.session(to); s != nil {
		generation = s.begin()
		g.knows, g.received = s.incarnation, s.received.Load()
	}
	return g, generation
}

// enter goes on with a session if both ends can, or begins a new one. It returns what
// to answer, and no session if this node refuses.
func (n *Node) enter(g *greeting, resumes func(*session) bool) (*session, int, *greeting) {
	n.joining.Lock()
	defer n.joining.Unlock()
	answer := &greeting{node: n.rt.Node(), incarnation: n.rt.Incarnation(), knows: g.incarnation}
	old := n.session(g.node)
	if old != nil && old.incarnation == g.incarnation && resumes(old) {
		gen := old.begin()
		if old.resume(g.received) == nil {
			answer.status, answer.received = statusResume, old.received.Load()
			return old, gen, answer
		}
	}
	if old != nil {
		n.forget(old, errNewLife)
	}
	s := newSession(n, g.node, g.incarnation)
	answer.hello = n.rt.Hello()
	if node, life, err := n.rt.Connect(s, g.hello); err != nil || node != g.node || life != g.incarnation {
		if err == nil {
			n.rt.Disconnect(node, life)
			err = fmt.Errorf("%w: a greeting of node %d with the hello of node %d", errWire, g.node, node)
		}
		return nil, 0, &greeting{status: statusRefused, reason: err.Error()}
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed {
		n.rt.Disconnect(g.node, g.incarnation)
		return nil, 0, &greeting{status: statusRefused, reason: sfaas.ErrClosed.Error()}
	}
	n.sessions[g.node] = s
	return s, s.begin(), answer
}

var (
	errNewLife = errors.New("peer: the other runtime has begun another life")
	errTooLong = errors.New("peer: the other runtime was not there for too long")
)
