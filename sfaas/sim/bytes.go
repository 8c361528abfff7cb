// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"fmt"

	"github.com/neuroran/neuroran/sfaas"
	"github.com/neuroran/neuroran/sfaas/internal/core"
	"github.com/neuroran/neuroran/sfaas/internal/state"
)

// In a world of bytes what nodes say to each other is written into frames and read again,
// as it is between processes: what arrives shares no memory with who has sent it.

// clock names the virtual clock, which all nodes share.
const clock = 1

// meet lets a node read what another one will write.
func (n *Node) meet(other *Node) error {
	h := state.Hello{Node: other.id, Incarnation: other.set.Incarnation, Clock: clock, Now: n.w.now}
	p, err := n.wire.ReadHello(other.wire.AppendHello(nil, &h), n.w.now, clock)
	if n.met == nil {
		n.met = map[sfaas.NodeID]*state.Peer{}
	}
	n.met[other.id] = p
	return err
}

// byBytes returns an event as the node reads it that it is for.
func (w *World) byBytes(ev core.Event, to *Node) core.Event {
	if !w.cfg.Bytes || ev.From.Node == 0 || ev.From.Node == to.id {
		return ev
	}
	from := w.nodes[ev.From.Node-1]
	x, err := ev, error(nil)
	switch ev.Kind {
	case core.EventMessage:
		x, err = w.message(&ev, from, to)
	case core.EventAck:
		x, err = to.met[from.id].ReadAck(from.wire.AppendAck(nil, ev.Stamp, ev.Waits))
	case core.EventSignal:
		x.Signal, err = w.tell(ev.Signal, from, to)
	}
	if err != nil {
		panic(fmt.Sprintf("sim: what node %d has written node %d does not read: %v", from.id, to.id, err)) // they are of one version
	}
	x.From = ev.From
	return x
}

// message brings a message through a frame, and gives up the hold of the event.
func (w *World) message(ev *core.Event, from, to *Node) (core.Event, error) {
	e := &core.Effect{Kind: core.EffectSend, Edge: ev.Edge, Msg: ev.Msg, Key: ev.Key, Epoch: ev.Epoch, Stamp: ev.Stamp}
	b, _, err := from.wire.AppendMessage(state.AppendHead(nil, state.FrameMessage, 0), e, w.now, nil)
	if err != nil {
		return core.Event{}, err
	}
	ev.Msg.Release()
	f := w.frames.Get(0)
	f.SetBytes(b)
	return to.met[from.id].ReadMessage(f, to.cores.Intake, w.now)
}

// tell brings a signal through a frame.
func (w *World) tell(s *core.Signal, from, to *Node) (*core.Signal, error) {
	b, err := from.wire.AppendSignal(nil, core.Endpoint{Node: to.id}, s, w.now)
	if err != nil {
		return nil, err
	}
	s, _, err = to.met[from.id].ReadSignal(b)
	return s, err
}
