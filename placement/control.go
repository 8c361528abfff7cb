// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"encoding/binary"
	"errors"
	"sync"
	"time"

	"github.com/neuroran/neuroran/placement/internal/agent"
	"github.com/neuroran/neuroran/sfaas"
	"github.com/neuroran/neuroran/sfaas/peer"
)

// The manager is an app of the framework. Its graph is small:
//
//	letters ──> agent        one instance per node, under the node's key, which never moves
//	              │  ▲
//	              └──┘       to each other's instance by reference
//	                ▲
//	rows ─────> planner      one instance, under the zone's key, which is anywhere
//
// A letter is an envelope with bytes, which package agent reads and writes: so two builds of
// this module with different letters refuse each other's letters, and not each other's
// connections. What an agent wants from its process goes through a mailbox, which the
// function empties whenever it is woken.

// agentFunction is the name of the agents' function, and of its part.
const agentFunction = "agent"

// Kinds of keys of the control app.
const (
	kindNode = sfaas.KindUser + 100 + iota // an agent
	kindZone                               // a planner
)

// nodeKey returns the key of a node's agent.
func nodeKey(n sfaas.NodeID) sfaas.Key { return sfaas.NewKey(kindNode, uint64(n)) }

// envelope is what agents get.
type envelope struct {
	Class uint8
	Data  []byte
}

// Classes of envelopes.
const (
	classWake   = iota // there is something in the mailbox
	classLetter        // of package agent
	classCard          // what a node says of itself
	classPing          // a question how long a message takes
	classPong          // its answer
	classUsage         // what units have used, see usageLetter
	classFile          // of registries, see fileMessage
)

// maxEnvelope bounds the bytes of an envelope.
const maxEnvelope = 64 << 10

// How soon a lost process and a silent one are noticed: a process that ends at once; one
// that is silent after a second, and half a second later it is no member any more.
const (
	controlHeartbeat = 200 * time.Millisecond
	controlSilence   = time.Second
	controlForget    = 400 * time.Millisecond
)

// startRuntime builds the control app of this node and starts it, in a life after one that is
// known, if that is not 0. It owns nothing yet.
func (n *Node) startRuntime(after uint32) error {
	n.agents = sfaas.Ref[envelope](agentFunction)
	f := sfaas.Define(agentFunction, func(c *sfaas.Ctx, _ *sfaas.None, in *envelope) error {
		n.handle(c, in)
		return nil
	}, sfaas.FunctionConfig{}, n.agents)
	g := sfaas.NewGraph("placement")
	n.letters = sfaas.Source[envelope](g, "letters")
	sfaas.Apply(n.letters, f)
	n.addPlanner(g)
	app, err := g.Build()
	if err != nil {
		return err
	}
	opts := []sfaas.Option{
		sfaas.WithNode(n.id), sfaas.WithDefaultOwner(nobody), sfaas.WithWorkers(2), sfaas.WithMaxMessage(maxEnvelope), sfaas.WithLogger(n.log),
	}
	if after > 0 {
		opts = append(opts, sfaas.WithIncarnation(after+1))
	}
	if n.rt, err = sfaas.NewRuntime(app, opts...); err != nil {
		return err
	}
	n.incarnation = n.rt.Incarnation()
	return nil
}

// startPeer opens the socket on which other nodes reach this one.
func (n *Node) startPeer(network, address string) (err error) {
	n.peer, err = peer.New(n.rt, peer.Config{
		TLS: n.cfg.TLS, Plain: n.cfg.plain(), Heartbeat: controlHeartbeat, Silence: controlSilence, Forget: controlForget,
		OnEvent: n.onPeer, Address: n.addressOf, Logger: n.log,
	})
	if err != nil {
		return err
	}
	_, err = n.peer.Listen(network, address)
	return err
}

// handle is the agent's function: one event of the network, and all of the mailbox. If an earlier one
// still runs, which the runtime has given up since it takes too long, what comes is lost, as a letter
// may be, and what is in the mailbox stays there.
func (n *Node) handle(c *sfaas.Ctx, in *envelope) {
	if !n.handles.TryLock() {
		return
	}
	defer n.handles.Unlock()
	switch in.Class {
	case classLetter:
		n.readLetter(c, in.Data)
	case classCard:
		n.readCard(in.Data)
	case classPing, classPong:
		n.readPing(c, in)
	case classUsage:
		n.readUsage(c.Header().Node, in.Data)
	case classFile:
		n.readFile(c.Header().Node, in.Data)
	}
	for _, m := range n.mail.take() {
		if m.look != nil {
			m.look(n.agent)
			continue
		}
		if m.unit.deployment != "" {
			n.mu.Lock()
			n.names[m.event.Row.Unit] = m.unit
			n.mu.Unlock()
		}
		n.step(c, &m.event)
	}
	n.mail.recycle()
}

// readLetter gives a letter to the agent, if it is from the member that it says it is from.
func (n *Node) readLetter(c *sfaas.Ctx, b []byte) {
	if err := n.in.Parse(b); err != nil {
		n.log.Warn("placement: a letter cannot be read", "from", c.Header().Node, "err", err)
		return
	}
	if n.in.From != c.Header().Node || !n.trusts(n.in.From, n.in.Incarnation) {
		return
	}
	n.step(c, &agent.Event{Kind: agent.Arrived, Letter: &n.in})
	n.greet(n.in.From, n.in.Incarnation)
}

// step lets the agent take an event, and does what it says: letters leave with the handler,
// everything else is done by other goroutines, in order by unit.
func (n *Node) step(c *sfaas.Ctx, e *agent.Event) {
	n.out = n.agent.Step(sfaas.Now(), e, n.out[:0])
	for i := range n.out {
		x := &n.out[i]
		if x.Kind != agent.Send {
			n.perform(*x)
			continue
		}
		m := n.agents.Send(c, nodeKey(x.Node))
		m.Class, m.Data = classLetter, x.Letter.Append(m.Data[:0])
		x.Letter.Release()
	}
	clear(n.out)
}

// post puts an event into the mailbox, and wakes the agent.
func (n *Node) post(e agent.Event) { n.drop(mail{event: e}) }

// postOf is post of an event after which the agent has a row of a unit: its name is known here until
// the agent has forgotten that.
func (n *Node) postOf(c carrier, u sfaas.Unit, e agent.Event) {
	n.drop(mail{event: e, unit: unitName{c.name(), u}})
}

// look calls f with the agent, between two events of it, and waits; it reports whether it has.
func (n *Node) look(f func(a *agent.Agent)) bool {
	done := make(chan struct{})
	n.drop(mail{look: func(a *agent.Agent) { f(a); close(done) }})
	poll := time.NewTicker(lookPoll)
	defer poll.Stop()
	for {
		select {
		case <-done:
			return true
		case <-n.ctx.Done():
			return false
		case <-poll.C:
			if errors.Is(n.push(n.id, classWake, nil), sfaas.ErrClosed) {
				return false
			}
		}
	}
}

// lookPoll is how often look asks whether the agent is there: the program may have closed the
// runtime under it.
const lookPoll = 100 * time.Millisecond

func (n *Node) drop(m mail) {
	n.mail.put(m)
	// A wake that is refused is made good by the next tick.
	_ = n.push(n.id, classWake, nil)
}

// push sends an envelope to an agent. The slot says when, for who looks at traces.
func (n *Node) push(to sfaas.NodeID, class uint8, b []byte) error {
	return n.letters.Push(n.rt, nodeKey(to), sfaas.Slot(n.mail.slot()), func(m *envelope) error {
		m.Class, m.Data = class, append(m.Data[:0], b...)
		return nil
	})
}

// mail is an event for the agent, or somebody who wants to look at it.
type mail struct {
	event agent.Event
	unit  unitName // of an event after which the agent has its row
	look  func(a *agent.Agent)
}

// mailbox is what waits for the agent's function.
type mailbox struct {
	mu    sync.Mutex
	next  []mail
	spare []mail
	last  uint64
}

func (b *mailbox) put(m mail) {
	b.mu.Lock()
	b.next = append(b.next, m)
	b.mu.Unlock()
}

// take returns all that waits; it is the caller's until recycle.
func (b *mailbox) take() []mail {
	b.mu.Lock()
	defer b.mu.Unlock()
	all := b.next
	b.next, b.spare = b.spare[:0], all
	return all
}

// recycle forgets what was taken, and keeps its memory.
func (b *mailbox) recycle() {
	b.mu.Lock()
	clear(b.spare)
	b.mu.Unlock()
}

// slot returns the present millisecond: sources push the slots of a key in rising order.
func (b *mailbox) slot() uint64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.last = max(b.last, uint64(time.Now().UnixMilli()))
	return b.last
}

// unitID returns the name of a unit among agents.
func unitID(deployment uint32, u sfaas.Unit) agent.UnitID {
	b := binary.LittleEndian.AppendUint32(nil, deployment)
	return agent.UnitID(hash(u.Root.AppendBinary(append(b, u.Part...))))
}
