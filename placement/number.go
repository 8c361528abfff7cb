// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/neuroran/neuroran/sfaas"
	"github.com/neuroran/neuroran/sfaas/peer"
)

// Two nodes that live may have been given one number. Epochs name nodes by their numbers, so the
// two could own a unit under one epoch, and nobody could tell them apart. Therefore:
//
//  1. Who is connected with a node of that number, and gets an answer from it, refuses any other
//     one, and says where the first one is (package sfaas/peer). A node that joins and hears
//     that, from a seed or a member, or finds it at the address on a card, does not join; and
//     one that has joined alone, and looks for a zone, ends.
//  2. Two that have both joined, while the zone was cut, meet by their cards when it is whole
//     again. The one of the later life stays, as its epochs are the ones that whoever has heard
//     of both believes (see sfaas.Runtime.Connect). The other one ends as if its process had:
//     standbys take over, and who wants its units has them placed anew.
//
// A card alone ends nobody: it may be of a life that has ended. So the other one is dialled.
//
// And a node whose clock was set back has a life before its own last one, which those who knew
// that refuse. Where Join hears of it, it begins again with the next number. A node that hears of
// it later, since it had joined alone or a part of a cut zone, ends, and says so: nothing that it
// does would be believed, and the Join after that hears of it.

// meet takes in that there is, or was, another node of this number.
func (n *Node) meet(m Member) {
	if m.Address == n.at || m.Incarnation == n.incarnation {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.left || n.checks >= maxChecks || (n.member() && m.Incarnation < n.incarnation) {
		return
	}
	n.checks++
	n.wg.Go(func() {
		n.check(m.Address)
		n.mu.Lock()
		n.checks--
		n.wake()
		n.mu.Unlock()
	})
}

// maxChecks is how many such nodes are dialled at once.
const maxChecks = 8

// check dials a node that may have this number. If it has, onPeer hears of it.
func (n *Node) check(address string) {
	network, at := splitNetwork(address)
	if refuses(n.ctx, endpoint{network: network, address: at}) {
		return // nobody is there any more
	}
	ctx, stop := context.WithTimeout(n.ctx, joinPatience)
	defer stop()
	_, _ = n.peer.Dial(ctx, network, at)
}

// twin takes in that another node that lives has this number.
func (n *Node) twin(t *peer.TakenError) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if t.Address == "" && n.member() {
		return // its card says where it is
	}
	if n.member() && t.Incarnation < n.incarnation {
		return
	}
	n.forbid(t)
}

// outlive takes in that another node knows a later life of this one, or this one.
func (n *Node) outlive(last uint32) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if last <= n.outlived {
		return
	}
	n.outlived = last
	if !n.joining && last > n.incarnation {
		n.forbid(&sfaas.LifeError{Node: n.id, Life: n.incarnation, Last: last})
	}
	n.wake()
}

// forbid takes in why the node must not be: Join fails then, or, if it has returned, the node
// ends; n.mu is held.
func (n *Node) forbid(why error) {
	if n.barred != nil || n.left || n.leaving {
		return
	}
	n.barred = why
	n.wake()
	if !n.joining {
		n.log.Error("placement: this node ends", "life", n.incarnation, "err", why)
		go n.expel(why)
	}
}

// member reports whether the node has joined a zone, and others know it; n.mu is held.
func (n *Node) member() bool { return !n.joining && len(n.greeted) > 0 }

// expel ends the node at once, data plane first: nothing of it is moved, since another life of its
// number is believed.
func (n *Node) expel(why error) {
	n.once.Do(func() {
		n.mu.Lock()
		n.leaving = true
		carriers := n.sortedCarriers()
		n.mu.Unlock()
		errs := []error{why}
		for _, c := range carriers {
			errs = append(errs, c.close(n.ctx))
		}
		if m := n.cfg.Membership; m != nil {
			errs = append(errs, m.Leave())
		}
		n.end = errors.Join(append(errs, n.shut())...)
		close(n.ended)
	})
}

// admitted ends joining, and returns why the node cannot: another one has its number. If another
// node knows a life of this one that is not before it, and is after the one given, it returns
// that, and joining goes on: Join begins again.
func (n *Node) admitted(after uint32) (outlived uint32, err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.barred == nil && n.outlived > after && n.outlived < math.MaxUint32 {
		return n.outlived, nil
	}
	n.joining = false
	return 0, n.barred
}

// whyLeft returns why calls on a node that is no more fail.
func (n *Node) whyLeft() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.barred != nil {
		return fmt.Errorf("%w: %w", ErrLeft, n.barred)
	}
	return ErrLeft
}

// wake lets those look again who wait for members; n.mu is held.
func (n *Node) wake() {
	close(n.heard)
	n.heard = make(chan struct{})
}

// addressOf returns where the node is dialled that is connected under a number.
func (n *Node) addressOf(id sfaas.NodeID) string {
	n.mu.Lock()
	defer n.mu.Unlock()
	if k := n.cards[id]; k != nil && n.linked[id] == k.Incarnation {
		return k.Address
	}
	return ""
}
