// SPDX-License-Identifier: Apache-2.0

package peer

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"time"

	"github.com/neuroran/neuroran/sfaas"
)

// watch closes a connection that takes too long, or when the node is closed.
func (n *Node) watch(conn net.Conn, limit time.Duration) (unwatch func()) {
	_ = conn.SetDeadline(time.Now().Add(limit))
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

// hear reads a greeting of a node, which is the one of the certificate.
func (n *Node) hear(in *bufio.Reader, secure bool, id sfaas.NodeID, most uint32) (*greeting, error) {
	g, err := readGreeting(in, most)
	if err == nil && secure && g.node != id {
		return nil, fmt.Errorf("peer: node %d shows the certificate of node %d", g.node, id)
	}
	return g, err
}

// who is what this node says in the first round.
func (n *Node) who() *greeting {
	return &greeting{status: statusWho, node: n.rt.Node(), incarnation: n.rt.Incarnation()}
}

// dialling is an attempt to connect to a node, from the first round to the end of the
// second one: at most one per node. It is void once this node has accepted that one.
type dialling struct {
	conn net.Conn
	void bool
}

var (
	errNewLife   = errors.New("peer: the other runtime has begun another life")
	errTooLong   = errors.New("peer: the other runtime was not there for too long")
	errForgotten = errors.New("peer: this node was told to forget the other runtime")
	errOtherWay  = errors.New("peer: the other node connects from its end")
	errConnected = errors.New("peer: connected already")
)

// propose begins the second round at the end that dials: it says with which session it
// would go on. It returns errConnected if there is a connection to this life of the
// node, and other errors if it is not the time for one.
func (n *Node) propose(conn net.Conn, to *greeting) (mine *greeting, d *dialling, generation int, err error) {
	n.joining.Lock()
	defer n.joining.Unlock()
	mine = &greeting{status: statusNew, node: n.rt.Node(), incarnation: n.rt.Incarnation(), hello: n.rt.Hello()}
	if n.dials[to.node] != nil {
		return nil, nil, 0, errOtherWay
	}
	if s := n.session(to.node); s != nil {
		live := s.live() != nil
		switch {
		case live && s.incarnation == to.incarnation:
			return nil, nil, 0, errConnected
		case live && s.incarnation > to.incarnation:
			return nil, nil, 0, fmt.Errorf("%w: a later life of node %d is connected", errLater, to.node)
		case s.incarnation == to.incarnation:
			generation = s.begin()
			mine.status, mine.session, mine.received = statusResume, s.id, s.received.Load()
		}
	}
	d = &dialling{conn: conn}
	n.dials[to.node] = d
	return mine, d, generation, nil
}

// conclude ends the second round at the end that dials: it takes what the other one has
// answered, unless that is nil.
func (n *Node) conclude(d *dialling, mine, g *greeting, generation int, to sfaas.NodeID) (s *session, now int, err error) {
	n.joining.Lock()
	defer n.joining.Unlock()
	if n.dials[to] == d {
		delete(n.dials, to)
	}
	switch {
	case d.void:
		return nil, 0, errOtherWay
	case g == nil:
		return nil, 0, nil
	case g.status == statusNew:
		return n.enter(g, g.session)
	}
	s = n.session(to)
	if s == nil || g.status != statusResume || mine.status != statusResume || s.id != mine.session || !s.current(generation) {
		return nil, 0, errOtherWay // the session has ended meanwhile
	}
	now = s.begin()
	if err := s.resume(g.received); err != nil {
		return nil, 0, err
	}
	return s, now, nil
}

// answer is the second round at the end that has accepted: it goes on with a session
// if both ends have it, or begins a new one. It returns what to say, and no session if
// this node does not want to be connected.
//
// Nodes that dial each other at the same time would end each other's connections for
// ever, so the one with the lower number has its way. And a life of a node that is
// connected is believed: neither an earlier life, nor another runtime that says that it
// is the same, takes its place before its connection is lost; a later one does if it does not
// answer any more, see taken.
func (n *Node) answer(g *greeting) (s *session, generation int, says *greeting) {
	n.joining.Lock()
	defer n.joining.Unlock()
	later := func(reason string) (*session, int, *greeting) {
		return nil, 0, &greeting{status: statusLater, reason: reason}
	}
	if d := n.dials[g.node]; d != nil {
		if n.rt.Node() < g.node {
			return later("")
		}
		d.void = true
		d.conn.Close()
		delete(n.dials, g.node)
	}
	says = &greeting{node: n.rt.Node(), incarnation: n.rt.Incarnation()}
	if old := n.session(g.node); old != nil {
		same := old.incarnation == g.incarnation && g.status == statusResume && g.session == old.id
		switch {
		case same && old.stale(g.received):
			return later("") // it was said before what has come since
		case same:
			generation = old.begin()
			if old.resume(g.received) == nil {
				says.status, says.session, says.received = statusResume, old.id, old.received.Load()
				return old, generation, says
			}
		case old.live() != nil && old.incarnation > g.incarnation:
			return later(fmt.Sprintf("a later life of node %d is connected", g.node))
		case old.live() != nil && old.incarnation == g.incarnation:
			return later(fmt.Sprintf("node %d is connected", g.node))
		}
	}
	says.session = rand.Uint64() | 1
	s, generation, err := n.enter(g, says.session)
	if err != nil {
		says = &greeting{status: statusRefused, reason: err.Error()}
		if life := (*sfaas.LifeError)(nil); errors.As(err, &life) {
			says.status, says.incarnation = statusStale, life.Last
		}
		return nil, 0, says
	}
	says.hello = n.rt.Hello()
	return s, generation, says
}

// enter begins a session, in place of the one that there may be with the same node: that
// one ends only if the runtimes can be linked. N.joining is held.
func (n *Node) enter(g *greeting, id uint64) (*session, int, error) {
	s := newSession(n, g.node, g.incarnation, id)
	old := n.swap(g.node, s)
	if old != nil {
		old.delivers.Lock() // nothing of the old one comes into the new one
	}
	node, life, err := n.rt.Connect(s, g.hello)
	if err == nil && (node != g.node || life != g.incarnation) {
		n.rt.Disconnect(node, life)
		err = fmt.Errorf("%w: a greeting of node %d with the hello of node %d", errWire, g.node, node)
	}
	if old != nil {
		old.replaced = err == nil
		old.delivers.Unlock()
	}
	if err != nil {
		n.swap(g.node, old)
		if old != nil && old.live() == nil {
			n.awaitNext(old)
		}
		return nil, 0, err
	}
	if old != nil {
		old.end(errNewLife)
		n.event(Event{Kind: Gone, Node: old.node, Incarnation: old.incarnation, Err: errNewLife})
	}
	n.mu.Lock()
	closed := n.closed
	n.mu.Unlock()
	if closed {
		n.forget(s, sfaas.ErrClosed)
		return nil, 0, sfaas.ErrClosed
	}
	return s, s.begin(), nil
}

// swap makes a session, or none, the one with a node, and returns the one that was.
func (n *Node) swap(node sfaas.NodeID, s *session) (old *session) {
	n.mu.Lock()
	defer n.mu.Unlock()
	old = n.sessions[node]
	if s == nil {
		delete(n.sessions, node)
	} else {
		n.sessions[node] = s
	}
	return old
}
