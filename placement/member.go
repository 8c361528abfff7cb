// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"os"
	"slices"
	"syscall"
	"time"

	"github.com/neuroran/neuroran/placement/internal/agent"
	"github.com/neuroran/neuroran/sfaas"
	"github.com/neuroran/neuroran/sfaas/peer"
)

// A node is a member when two things hold: there is a connection, and it has shown its card.
// It is none any more when the connection has been gone for a while, or when its card says
// that it has left. A connection that is lost makes it suspect: nothing new comes to it.

// seek dials the seeds, and waits until some members are reached.
func (n *Node) seek(ctx context.Context) {
	ctx, stop := context.WithTimeout(ctx, joinPatience)
	defer stop()
	waits := false
	for _, s := range n.cfg.Seeds {
		if s != n.at && s != n.cfg.Listen {
			waits = true
			n.dial(s)
		}
	}
	if !waits {
		return
	}
	reached := 0
	_ = n.await(ctx, func() bool { // an error says that not all of them have answered: they will
		if n.outlived > 0 || n.barred != nil {
			return true
		}
		reached = 0
		for id, k := range n.cards {
			if id == n.id || k.left {
				continue
			}
			if n.greeted[id] != k.Incarnation {
				return false
			}
			reached++
		}
		return reached > 0 && n.checks == 0
	})
	if reached == 0 && ctx.Err() != nil { // nobody has refused this node either
		n.log.Warn("placement: no seed has answered yet; they are dialled on", "seeds", n.cfg.Seeds)
	}
}

// greet notes that a member has written: it does so first when it has taken this node in.
func (n *Node) greet(id sfaas.NodeID, incarnation uint32) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.greeted[id] != incarnation {
		n.greeted[id] = incarnation
		n.wake()
	}
}

// await waits until a condition holds, which is looked at under the node's lock whenever
// members change.
func (n *Node) await(ctx context.Context, holds func() bool) error {
	for {
		n.mu.Lock()
		ok, heard := holds(), n.heard
		n.mu.Unlock()
		if ok {
			return nil
		}
		select {
		case <-heard:
		case <-ctx.Done():
			return ctx.Err()
		case <-n.ctx.Done():
			return n.whyLeft()
		}
	}
}

// Await waits until as many members are there, this node among them, as a program wants that
// deploys to all of them at once. It returns the error of ctx, or ErrLeft.
func (n *Node) Await(ctx context.Context, members int) error {
	return n.await(ctx, func() bool { return len(n.members()) >= members })
}

// Members returns the members of the zone as this node sees it, itself among them, by number.
func (n *Node) Members() []Member {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.members()
}

func (n *Node) members() []Member {
	all := []Member{n.cards[n.id].Member}
	for id := range n.linked {
		if k := n.cards[id]; k != nil && !k.left {
			all = append(all, k.Member)
		}
	}
	slices.SortFunc(all, func(a, b Member) int { return cmp.Compare(a.Node, b.Node) })
	return all
}

// dial connects to an address for as long as the node is there, once.
func (n *Node) dial(address string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.left || address == n.at || n.dialled[address] != nil {
		return
	}
	for id, k := range n.cards {
		if k.Address == address && n.linked[id] == k.Incarnation {
			return // who has dialled this node goes on to
		}
	}
	network, at := splitNetwork(address)
	x := newDialled(n.ctx, n.peer, network, at)
	n.dialled[address] = x
	n.wg.Go(func() {
		err := x.dial()
		if err != nil && x.ctx.Err() == nil {
			n.complain("placement: a node cannot be reached", 0, fmt.Errorf("%s: %w", address, err))
		}
		if err != nil { // it may be dialled again, see redial
			n.mu.Lock()
			if n.dialled[address] == x {
				delete(n.dialled, address)
			}
			n.mu.Unlock()
			x.end()
		}
	})
}

// dialled is an address to which this process connects, again and again, until end.
type dialled struct {
	node             *peer.Node
	network, address string
	ctx              context.Context // of the first connection
	stop             context.CancelFunc
}

func newDialled(ctx context.Context, node *peer.Node, network, address string) *dialled {
	x := &dialled{node: node, network: network, address: address}
	x.ctx, x.stop = context.WithCancel(ctx)
	return x
}

// dial waits for the first connection.
func (x *dialled) dial() error {
	_, err := x.node.Dial(x.ctx, x.network, x.address)
	return err
}

// end may come before dial, which ends at once then.
func (x *dialled) end() {
	x.stop()
	x.node.Undial(x.network, x.address)
}

// undial ends dialling an address at which a node was that is elsewhere now, or has left. Seeds
// are dialled as long as this node is there.
func (n *Node) undial(address string) {
	n.mu.Lock()
	used := slices.Contains(n.cfg.Seeds, address)
	for _, k := range n.cards {
		used = used || k.Address == address && !k.left
	}
	x := n.dialled[address]
	if !used {
		delete(n.dialled, address)
	}
	n.mu.Unlock()
	if !used && x != nil {
		x.end()
	}
}

// redial dials nodes again that have shown a card and were never members in that life: of two
// that dial each other each may refuse the other.
func (n *Node) redial() {
	n.mu.Lock()
	var missing []string
	for id, k := range n.cards {
		if id != n.id && !k.left && n.linked[id] != k.Incarnation && n.greeted[id] != k.Incarnation {
			missing = append(missing, k.Address)
		}
	}
	n.mu.Unlock()
	for _, at := range missing {
		n.dial(at)
	}
}

// onPeer hears what becomes of connections. It must not block.
func (n *Node) onPeer(e peer.Event) {
	switch e.Kind {
	case peer.Up:
		n.mu.Lock()
		n.linked[e.Node] = e.Incarnation
		k := n.cards[e.Node]
		n.mu.Unlock()
		n.showCards(e.Node)
		if k != nil && k.Incarnation == e.Incarnation && !k.left { // it was gone, and has shown its card before
			n.attend(k)
		}
	case peer.Lost:
		n.post(agent.Event{Kind: agent.MemberSuspect, Node: e.Node})
	case peer.Gone:
		n.mu.Lock()
		if n.linked[e.Node] == e.Incarnation {
			delete(n.linked, e.Node)
		}
		k := n.cards[e.Node]
		n.mu.Unlock()
		n.memberGone(e.Node)
		if k != nil && k.Incarnation != e.Incarnation && !k.left { // its next life has waited for that
			n.attend(k)
		}
	case peer.Refused:
		var t *peer.TakenError
		if errors.As(e.Err, &t) && t.Node == n.id {
			n.twin(t)
			return
		}
		var no *peer.RefusedError
		n.mu.Lock()
		_, linked := n.linked[e.Node]
		n.mu.Unlock()
		if errors.As(e.Err, &no) {
			n.outlive(no.Last)
		}
		if t != nil || (!linked && !cutShort(e.Err)) { // else it was one too many, or was closed before it said of whom it is, as one of two that dial each other does
			n.complain("placement: a connection is refused", e.Node, e.Err)
		}
	}
}

// cutShort reports whether a connection has ended before anybody said what was wrong.
func cutShort(err error) bool {
	return slices.ContainsFunc([]error{io.EOF, io.ErrUnexpectedEOF, net.ErrClosed, os.ErrDeadlineExceeded, syscall.ECONNRESET, syscall.EPIPE, context.Canceled}, func(x error) bool {
		return errors.Is(err, x)
	})
}

// How often the same complaint is logged, and of how many that is known.
const (
	complainAgain = 10 * time.Second
	complaints    = 64
)

// complain logs what happens again and again, now and then.
func (n *Node) complain(what string, node sfaas.NodeID, err error) {
	text := fmt.Sprint(node, " ", err)
	n.mu.Lock()
	last, known := n.complained[text]
	quiet := known && time.Since(last) < complainAgain
	if !quiet {
		if len(n.complained) >= complaints {
			clear(n.complained)
		}
		n.complained[text] = time.Now()
	}
	n.mu.Unlock()
	if !quiet {
		n.log.Warn(what, "with", node, "err", err)
	}
}

// welcome takes a node in as a member, if it is connected and has shown its card.
func (n *Node) welcome(id sfaas.NodeID) {
	n.mu.Lock()
	k, incarnation := n.cards[id], n.linked[id]
	ok := k != nil && !k.left && incarnation == k.Incarnation
	if ok {
		n.wake()
	}
	n.mu.Unlock()
	if ok {
		n.post(agent.Event{Kind: agent.MemberUp, Node: id, Incarnation: incarnation})
	}
}

// memberGone forgets a member, in both planes.
func (n *Node) memberGone(id sfaas.NodeID) {
	n.mu.Lock()
	carriers := n.sortedCarriers()
	n.wake()
	n.mu.Unlock()
	n.post(agent.Event{Kind: agent.MemberDown, Node: id})
	n.meters.gone(id)
	for _, c := range carriers {
		c.gone(id)
	}
}

// onMembership takes what a further membership says: whom to dial, and whom to suspect.
//
// A suspicion alone ends nothing while the connection answers: one that is slow is not gone.
func (n *Node) onMembership(m Member, c MemberChange) {
	switch {
	case m.Node == n.id:
	case c == MemberFound:
		n.dial(m.Address)
	default:
		n.mu.Lock()
		defer n.mu.Unlock()
		if _, member := n.linked[m.Node]; member && !n.left {
			n.wg.Go(func() { n.question(m.Node) })
		}
	}
}

// question asks a member that is said to be gone whether it is there.
func (n *Node) question(id sfaas.NodeID) {
	ctx, stop := context.WithTimeout(n.ctx, controlForget)
	defer stop()
	if n.peer.Ping(ctx, id) == nil || n.ctx.Err() != nil {
		return
	}
	n.peer.Forget(id, 0) // it is Gone at once
}

// suspected is what a deployment has found out about a node: that its process is dead, or
// only that it does not answer to heartbeats.
func (n *Node) suspected(id sfaas.NodeID, dead bool) {
	n.post(agent.Event{Kind: agent.MemberSuspect, Node: id})
	if dead {
		n.mu.Lock()
		defer n.mu.Unlock()
		if !n.left {
			n.wg.Go(func() { n.question(id) })
		}
	}
}

// sortedCards and the like return what is under n.mu in an order.
func (n *Node) sortedCards() (all []*card) {
	for _, id := range slices.Sorted(maps.Keys(n.cards)) {
		all = append(all, n.cards[id])
	}
	return all
}

func (n *Node) sortedLinks() []sfaas.NodeID { return slices.Sorted(maps.Keys(n.linked)) }

func (n *Node) sortedCarriers() (all []carrier) {
	for _, h := range slices.Sorted(maps.Keys(n.carriers)) {
		all = append(all, n.carriers[h])
	}
	return all
}
