// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/cespare/xxhash/v2"

	"github.com/neuroran/neuroran/placement/internal/agent"
	"github.com/neuroran/neuroran/placement/internal/wire"
	"github.com/neuroran/neuroran/sfaas"
)

// card is what a node says of itself: who it is, where it is dialled, and where its
// deployments are. A node shows its card, and those that it has, to whoever it is connected
// with; and its own to all again when it changes.
//
// A card is signed by the token of the zone: whoever does not know it has none that others
// take, and whose letters are read is who has shown one. A card that is copied says what it
// said, of whom it said it, and nothing else.
type card struct {
	Member
	version     uint32 // the higher one of a life counts
	left        bool   // the node has gone on purpose
	deployments []deployed
}

// deployed is where a deployment is at a node.
type deployed struct {
	name    string
	address string
	build   sfaas.Digest
}

// deployment returns where a deployment is at the node.
func (k *card) deployment(name string) (deployed, bool) {
	i := slices.IndexFunc(k.deployments, func(d deployed) bool { return d.name == name })
	if i < 0 {
		return deployed{}, false
	}
	return k.deployments[i], true
}

// Bounds of a card.
const (
	cardVersion    = 2
	maxAddress     = 256
	maxName        = 128
	maxDeployments = 64
)

// cardPeriod is how often a node shows its cards to some member again, in case one was lost.
const cardPeriod = time.Second

var errCard = errors.New("placement: not a card")

func hash(b []byte) uint64 { return xxhash.Sum64(b) }

// deploymentHash returns a name of a deployment that is short; it is never 0.
func deploymentHash(name string) uint32 { return uint32(xxhash.Sum64String(name)) | 1 }

// append appends the bytes of a card, with its signature behind them.
func (k *card) append(b []byte, token []byte) []byte {
	w := wire.Writer{B: b}
	w.Byte(cardVersion)
	w.Uint(uint64(k.Node))
	w.Uint(uint64(k.Incarnation))
	w.Uint(uint64(k.version))
	w.Bool(k.left)
	w.Text(k.Address)
	w.Uint(uint64(len(k.deployments)))
	for _, d := range k.deployments {
		w.Text(d.name)
		w.Text(d.address)
		w.Fixed64(uint64(d.build))
	}
	w.Bytes(signature(w.B[len(b):], token))
	return w.B
}

func signature(b, token []byte) []byte {
	m := hmac.New(sha256.New, token)
	m.Write([]byte("neuroran card\x00"))
	m.Write(b)
	return m.Sum(nil)
}

// parseCard reads a card, and checks its signature before anything else.
func parseCard(b, token []byte) (*card, error) {
	n := len(b) - sha256.Size
	if n < 0 || !hmac.Equal(b[n:], signature(b[:n], token)) {
		return nil, fmt.Errorf("%w: it is not signed by the token of the zone", errCard)
	}
	r := wire.Read(b[:n], errCard)
	r.Version(cardVersion)
	k := new(card)
	k.Node = sfaas.NodeID(r.Uint("node", uint64(agent.MaxNode)))
	k.Incarnation, k.version, k.left = r.Uint32("incarnation"), r.Uint32("number"), r.Bool("left")
	k.Address = r.Text("address", maxAddress)
	for range r.Uint("deployments", maxDeployments) {
		d := deployed{name: r.Text("deployment", maxName), address: r.Text("address of a deployment", maxAddress)}
		d.build = sfaas.Digest(r.Fixed64("build of a deployment"))
		k.deployments = append(k.deployments, d)
	}
	if r.Err() == nil && k.Node == 0 {
		r.Fail("node: got 0, want a number")
	}
	return k, r.End()
}

// readCard takes in what a node says of itself.
func (n *Node) readCard(b []byte) {
	k, err := parseCard(b, n.cfg.Token)
	if err != nil {
		n.log.Warn("placement: a card is refused", "err", err)
		return
	}
	if k.Node == n.id {
		if !k.left {
			n.meet(k.Member)
		}
		return
	}
	n.mu.Lock()
	old := n.cards[k.Node]
	if old != nil && (k.Incarnation < old.Incarnation || (k.Incarnation == old.Incarnation && k.version <= old.version)) {
		n.mu.Unlock()
		return
	}
	n.cards[k.Node] = k
	fresh := old == nil || old.Incarnation != k.Incarnation
	life, linked := n.linked[k.Node]
	n.mu.Unlock()
	if old != nil && (k.left || old.Address != k.Address) {
		n.undial(old.Address)
	}
	if k.left {
		n.memberGone(k.Node)
		return
	}
	if fresh {
		n.passOn(k.Node, b)
	}
	if linked && life != k.Incarnation { // an earlier life, which may live: see number.go
		_ = n.push(k.Node, classCard, b)
		return // until it is gone
	}
	n.attend(k)
}

// attend connects with the node that a card is of, in both planes.
func (n *Node) attend(k *card) {
	n.dial(k.Address)
	n.mu.Lock()
	carriers := n.sortedCarriers()
	n.mu.Unlock()
	for _, c := range carriers {
		n.connect(c, k)
	}
	n.welcome(k.Node)
}

// connect connects a deployment with the same one at another node, if that has it.
func (n *Node) connect(c carrier, k *card) {
	d, ok := k.deployment(c.name())
	if !ok {
		return
	}
	if err := otherBuild(c, k.Node, d); err != nil {
		n.complain("placement: two builds of one name are deployed: each has units of its own", k.Node, err)
		return
	}
	c.connect(k.Node, d.address)
}

// passOnTo is how many members a card is passed on to that is the first of a life.
const passOnTo = 8

// passOn shows the card of another node to some members. Two that join at once may each have
// been shown this node's cards before the other's had come: nobody else would tell them of
// each other soon.
func (n *Node) passOn(of sfaas.NodeID, card []byte) {
	n.mu.Lock()
	to := slices.DeleteFunc(n.sortedLinks(), func(id sfaas.NodeID) bool { return id == of })
	n.mu.Unlock()
	rand.Shuffle(len(to), func(i, j int) { to[i], to[j] = to[j], to[i] })
	for _, id := range to[:min(len(to), passOnTo)] {
		_ = n.push(id, classCard, card) // it is shown again
	}
}

// trusts reports whether a node has shown its card, in the life in which it writes.
func (n *Node) trusts(id sfaas.NodeID, incarnation uint32) bool {
	if id == n.id {
		return true
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	k := n.cards[id]
	return k != nil && k.Incarnation == incarnation && !k.left
}

// showCards shows a node all cards that this one has.
func (n *Node) showCards(to sfaas.NodeID) {
	n.mu.Lock()
	var all [][]byte
	for _, k := range n.sortedCards() {
		all = append(all, k.append(nil, n.cfg.Token))
	}
	n.mu.Unlock()
	for _, b := range all {
		_ = n.push(to, classCard, b) // it is shown again
	}
}

// changeCard changes what this node says of itself, and tells all.
func (n *Node) changeCard(change func(k *card)) {
	n.mu.Lock()
	k := n.cards[n.id]
	change(k)
	k.version++
	b := k.append(nil, n.cfg.Token)
	to := n.sortedLinks()
	n.mu.Unlock()
	for _, id := range to {
		_ = n.push(id, classCard, b)
	}
}

// repeatCards shows all cards to one member, in turn: a card that was lost on the way, or that
// came when nobody was there to be told, gets to everybody in the end.
func (n *Node) repeatCards() {
	n.mu.Lock()
	to := n.sortedLinks()
	n.turn++
	turn := n.turn
	n.mu.Unlock()
	if len(to) > 0 {
		n.showCards(to[turn%len(to)])
	}
}
