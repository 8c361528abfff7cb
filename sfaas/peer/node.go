// SPDX-License-Identifier: Apache-2.0

package peer

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
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
	diallers  map[*dialler]bool
	closed    bool
	joining   sync.Mutex                 // one session begins, or goes on, at a time
	dials     map[sfaas.NodeID]*dialling // guarded by joining
	greetings greetings

	ctx   context.Context // ends with the node
	stop  context.CancelFunc
	wg    sync.WaitGroup
	ended chan struct{} // closed when Close has ended everything
}

// How long two nodes may take to know each other, and until who has dialled has said who it is.
const (
	greetingTime = 10 * time.Second
	whoTime      = 3 * time.Second
)

// New returns the node of a runtime. It is connected with nobody until
// [Node.Listen] or [Node.Dial]. The caller closes it, after the runtime.
func New(rt *sfaas.Runtime, cfg Config) (*Node, error) {
	if rt == nil {
		return nil, &sfaas.OptionError{Option: "peer.New", Got: "nil", Want: "a runtime"}
	}
	if err := cfg.fill(); err != nil {
		return nil, err
	}
	n := &Node{rt: rt, cfg: cfg, sessions: map[sfaas.NodeID]*session{}, diallers: map[*dialler]bool{}, dials: map[sfaas.NodeID]*dialling{}, ended: make(chan struct{})}
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
		n.greetings.add(conn, n.cfg.MaxGreetings)
		n.wg.Go(func() { n.accept(conn, secure) })
		n.mu.Unlock()
	}
}

// Accept takes a connection that was made by other means, such as one end of a socket
// pair of which a child process has the other, as if it had come to [Node.Listen] at that
// network, which says whether it must be secure. The other end calls [Node.Dial] with a
// [Config.Dial]. The node closes the connection, also with an error.
func (n *Node) Accept(network string, conn net.Conn) error {
	secure, err := n.cfg.secure(network)
	if conn == nil {
		return &sfaas.OptionError{Option: "peer.Node.Accept", Got: "nil", Want: "a connection"}
	}
	if err != nil {
		conn.Close()
		return err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed {
		conn.Close()
		return sfaas.ErrClosed
	}
	n.greetings.add(conn, n.cfg.MaxGreetings)
	n.wg.Go(func() { n.accept(conn, secure) })
	return nil
}

// accept greets a node that has dialled, and runs the connection.
func (n *Node) accept(conn net.Conn, secure bool) {
	unwatch := n.watch(conn, whoTime)
	defer n.greetings.remove(conn)
	c, in, id, err := n.handshake(conn, secure, (*TLS).server)
	var g *greeting
	if err == nil {
		g, err = n.heard(c, in, secure, id)
	}
	if err != nil {
		unwatch()
		conn.Close()
		n.refused(0, err)
		return
	}
	if t := n.taken(g.node, g.incarnation); t != nil {
		_, _ = c.Write((&greeting{status: statusTaken, incarnation: t.Incarnation, reason: t.Address}).append(nil))
		unwatch()
		conn.Close()
		n.refused(g.node, t)
		return
	}
	s, gen, says := n.answer(g)
	if s == nil {
		_, _ = c.Write(says.append(nil))
		unwatch()
		conn.Close()
		if says.reason != "" { // else this node connects from its end
			n.refused(g.node, &RefusedError{Reason: says.reason})
		}
		return
	}
	l := newLink(s, c, in, secure)
	if !s.attach(l, gen) {
		unwatch()
		conn.Close()
		return
	}
	_, err = c.Write(says.append(nil)) // attached: from now on the other end takes it for connected
	unwatch()
	if err != nil {
		l.close(err)
		close(l.done)
		s.detach(l)
		n.awaitNext(s)
		return
	}
	_ = conn.SetDeadline(time.Time{})
	n.greetings.remove(conn)
	n.run(s, l)
}

// heard is the first round at the end that has accepted, and what comes in the second.
func (n *Node) heard(c net.Conn, in *bufio.Reader, secure bool, id sfaas.NodeID) (*greeting, error) {
	first, err := n.hear(in, secure, id, maxWho)
	if err != nil {
		return nil, err
	}
	if first.status != statusWho {
		return nil, fmt.Errorf("%w: greeting", errWire)
	}
	if _, err := c.Write(n.who().append(nil)); err != nil {
		return nil, err
	}
	_ = c.SetDeadline(time.Now().Add(greetingTime)) // its hello may be long
	g, err := n.hear(in, secure, id, maxGreeting)
	if err == nil && (g.node != first.node || g.incarnation != first.incarnation || g.status > statusResume) {
		return nil, fmt.Errorf("%w: greeting", errWire)
	}
	return g, err
}

// current reports whether nobody has begun to connect after a generation.
func (s *session) current(generation int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.generation == generation
}

// run runs a connection that is attached to a session until it ends.
func (n *Node) run(s *session, l *link, up ...func()) {
	defer close(l.done)
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
	defer s.mu.Unlock()
	if s.ended || s.link != nil {
		return
	}
	attached := s.attached
	if s.alone != nil {
		s.alone.Stop()
	}
	s.alone = time.AfterFunc(n.cfg.Forget, func() {
		n.mu.Lock()
		defer n.mu.Unlock()
		if n.closed {
			return
		}
		n.wg.Go(func() {
			s.mu.Lock()
			alone := s.attached == attached
			s.mu.Unlock()
			if alone {
				n.forget(s, errTooLong)
			}
		})
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
	s.delivers.Lock()
	if s.replaced {
		s.delivers.Unlock()
		f.Release()
		return nil
	}
	err := n.rt.Receive(s.node, s.incarnation, class, f)
	s.delivers.Unlock()
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
// arrive. No goroutine of the node is left when it returns, but one in which
// [Config.OnEvent] has not returned after seconds, as it waits for Close: then Close returns an
// [*sfaas.OptionError]. Close is idempotent.
func (n *Node) Close() error {
	n.mu.Lock()
	if !n.closed {
		n.closed = true
		go n.end()
	}
	n.mu.Unlock()
	select {
	case <-n.ended:
		return nil
	case <-time.After(closeTime):
		return &sfaas.OptionError{Option: "peer.Config.OnEvent", Got: "a call that has not returned", Want: "one that does not wait for Close"}
	}
}

// closeTime is for how long Close waits, of which what is on its way takes a second at most.
const closeTime = 5 * time.Second

// end is what Close does once: nothing begins any more, since the node is closed.
func (n *Node) end() {
	defer close(n.ended)
	n.mu.Lock()
	listeners := n.listeners
	all := slices.Collect(maps.Values(n.sessions))
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
}

// Connected reports whether there is a connection to a node at this moment.
func (n *Node) Connected(node sfaas.NodeID) bool {
	s := n.session(node)
	return s != nil && s.live() != nil
}
