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
	"sync"
	"time"

	"github.com/neuroran/neuroran/sfaas"
)

// Node is a runtime's place in the network: it connects the runtime with those of
// other processes. All methods may be called concurrently.
type Node struct {
	rt  *sfaas.Runtime
	cfg Config

	mu        sync.Mutex
	sessions  map[sfaas.NodeID]*session
	listeners []net.Listener
	closed    bool
	joining   sync.Mutex // one session begins, or goes on, at a time

	ctx  context.Context // ends with the node
	stop context.CancelFunc
	wg   sync.WaitGroup
}

// greetingTime bounds how long two nodes take to know each other.
const greetingTime = 10 * time.Second

// New returns the node of a runtime. It is connected with nobody until
// [Node.Listen] or [Node.Dial]. The caller closes it, after the runtime.
func New(rt *sfaas.Runtime, cfg Config) (*Node, error) {
	if err := cfg.fill(); err != nil {
		return nil, err
	}
	n := &Node{rt: rt, cfg: cfg, sessions: map[sfaas.NodeID]*session{}}
	n.ctx, n.stop = context.WithCancel(context.Background())
	return n, nil
}

// Listen accepts other nodes at an address, of network "tcp", "tcp4", "tcp6" or "unix",
// until the node is closed. It returns the address, which has the port if that was 0.
func (n *Node) Listen(network, address string) (net.Addr, error) {
	secure, err := n.cfg.secure(network)
	if err != nil {
		return nil, err
	}
	l, err := (&net.ListenConfig{}).Listen(n.ctx, network, address)
	if err != nil {
		return nil, err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed {
		l.Close()
		return nil, sfaas.ErrClosed
	}
	n.listeners = append(n.listeners, l)
	n.wg.Go(func() { n.serve(l, secure) })
	return l.Addr(), nil
}

func (n *Node) serve(l net.Listener, secure bool) {
	for {
		conn, err := l.Accept()
		if err != nil {
			if n.ctx.Err() != nil || errors.Is(err, net.ErrClosed) {
				return
			}
			time.Sleep(n.cfg.Backoff) // such as too many open files
			continue
		}
		n.mu.Lock()
		if n.closed {
			n.mu.Unlock()
			conn.Close()
			return
		}
		n.wg.Go(func() { n.accept(conn, secure) })
		n.mu.Unlock()
	}
}

// accept greets a node that has dialled, and runs the connection.
func (n *Node) accept(conn net.Conn, secure bool) {
	unwatch := n.watch(conn)
	c, in, id, err := n.handshake(conn, secure, (*TLS).server)
	var g *greeting
	if err == nil {
		g, err = n.hear(in, secure, id)
	}
	if err != nil {
		unwatch()
		conn.Close()
		n.refused(0, err)
		return
	}
	s, gen, answer := n.enter(g, func(s *session) bool { return g.knows == n.rt.Incarnation() })
	_, err = c.Write(answer.append(nil))
	unwatch()
	if s == nil || err != nil {
		conn.Close()
		if s == nil {
			n.refused(g.node, &RefusedError{answer.reason})
		}
		return
	}
	_ = conn.SetDeadline(time.Time{})
	n.run(s, gen, newLink(s, c, in, secure))
}

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
	s := &session{n: n, node: g.node, incarnation: g.incarnation}
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

// current reports whether nobody has begun to connect after a generation.
func (s *session) current(generation int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.generation == generation
}

// run runs a connection of a session until it ends.
func (n *Node) run(s *session, generation int, l *link, up ...func()) {
	defer close(l.done)
	if !s.attach(l, generation) {
		l.conn.Close()
		return
	}
	n.event(Event{Kind: Up, Node: s.node, Incarnation: s.incarnation})
	for _, f := range up {
		f()
	}
	unwatch := context.AfterFunc(n.ctx, func() { l.close(sfaas.ErrClosed) })
	err := l.run()
	unwatch()
	n.event(Event{Kind: Lost, Node: s.node, Incarnation: s.incarnation, Err: err})
	s.detach(l)
	if errors.Is(err, sfaas.ErrFrame) || errors.Is(err, errWire) {
		n.cfg.Logger.Error("peer: a node sends what it must not", "node", s.node, "err", err)
		n.forget(s, err)
		return
	}
	n.awaitNext(s)
}

// awaitNext forgets a session that has no other connection in time.
func (n *Node) awaitNext(s *session) {
	s.mu.Lock()
	attached := s.attached
	s.mu.Unlock()
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed {
		return
	}
	n.wg.Go(func() {
		t := time.NewTimer(n.cfg.Forget)
		defer t.Stop()
		select {
		case <-n.ctx.Done():
			return
		case <-t.C:
		}
		s.mu.Lock()
		alone := s.attached == attached
		s.mu.Unlock()
		if alone {
			n.forget(s, errTooLong)
		}
	})
}

// forget ends a session: the runtimes are not linked any more.
func (n *Node) forget(s *session, err error) {
	n.mu.Lock()
	known := n.sessions[s.node] == s
	if known {
		delete(n.sessions, s.node)
	}
	n.mu.Unlock()
	if !known {
		return
	}
	n.rt.Disconnect(s.node, s.incarnation)
	s.end(err)
	n.event(Event{Kind: Gone, Node: s.node, Incarnation: s.incarnation, Err: err})
}

// deliver hands a frame to the runtime. What is wrong with it alone, such as an edge
// about which the two graphs disagree, is no reason to end the connection.
func (n *Node) deliver(s *session, class sfaas.FrameClass, f *sfaas.Frame) error {
	err := n.rt.Receive(s.node, s.incarnation, class, f)
	switch {
	case err == nil, errors.Is(err, sfaas.ErrUnlinked):
		return nil
	case errors.Is(err, sfaas.ErrDigest):
		n.cfg.Logger.Warn("peer: refused", "node", s.node, "err", err)
		return nil
	}
	return err
}

func (n *Node) session(node sfaas.NodeID) *session {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.sessions[node]
}

func (n *Node) event(e Event) {
	if n.cfg.OnEvent != nil {
		n.cfg.OnEvent(e)
	}
}

func (n *Node) refused(node sfaas.NodeID, err error) {
	if n.ctx.Err() == nil {
		n.event(Event{Kind: Refused, Node: node, Err: err})
	}
}

// Close ends all connections. What is on its way to other nodes gets up to a second to
// arrive. No goroutine of the node is left when it returns. Close is idempotent.
func (n *Node) Close() error {
	n.mu.Lock()
	if n.closed {
		n.mu.Unlock()
		n.wg.Wait()
		return nil
	}
	n.closed = true
	listeners := n.listeners
	var all []*session
	for _, s := range n.sessions {
		all = append(all, s)
	}
	n.mu.Unlock()
	for _, l := range listeners {
		l.Close()
	}
	for _, s := range all {
		s.ask()
	}
	for end := time.Now().Add(time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
		busy := false
		for _, s := range all {
			busy = busy || (s.live() != nil && !s.idle())
		}
		if !busy {
			break
		}
	}
	n.stop()
	for _, s := range all {
		n.forget(s, sfaas.ErrClosed)
	}
	n.wg.Wait()
	return nil
}

// Connected reports whether there is a connection to a node at this moment.
func (n *Node) Connected(node sfaas.NodeID) bool {
	s := n.session(node)
	return s != nil && s.live() != nil
}
