// SPDX-License-Identifier: Apache-2.0

package peer

import (
	"context"
	"net"
	"slices"
	"sync"

	"github.com/neuroran/neuroran/sfaas"
)

// taken returns whether a node is connected in another life than one that wants to be, and
// lives: it is asked, since a process that has ended, or was cut off, may not be known to be
// gone yet, and its next life is not to wait for that. It takes a heartbeat at most.
func (n *Node) taken(node sfaas.NodeID, incarnation uint32) *TakenError {
	s := n.session(node)
	if s == nil || s.incarnation == incarnation {
		return nil
	}
	ctx, stop := context.WithTimeout(n.ctx, n.cfg.Heartbeat)
	defer stop()
	if n.Ping(ctx, node) != nil || n.session(node) != s {
		return nil
	}
	t := &TakenError{Node: node, Incarnation: s.incarnation}
	if n.cfg.Address != nil {
		t.Address = n.cfg.Address(node)
	}
	return t
}

// greetings is the connections that have been accepted and are of no session yet. Anybody can
// make one and say nothing, so they are few: the one that has come first gives way.
type greetings struct {
	mu    sync.Mutex
	conns []net.Conn
}

func (g *greetings) add(c net.Conn, most int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.conns) == most {
		g.conns[0].Close()
		g.conns = slices.Delete(g.conns, 0, 1)
	}
	g.conns = append(g.conns, c)
}

func (g *greetings) remove(c net.Conn) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.conns = slices.DeleteFunc(g.conns, func(x net.Conn) bool { return x == c })
}
