// SPDX-License-Identifier: Apache-2.0

package core

import (
	"fmt"

	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/plan"
)

// Intake is what every shell needs to let host code push: the pools of the
// sources and the checks of a push. Its methods may be called concurrently.
//
// Sources run on other goroutines. They take messages from pools with a lock, and find
// out by counters that cores publish whether there is room. A core is reached by an event
// alone.
type Intake struct {
	app     *plan.App
	set     *Settings
	gauges  []gauge
	sources []*pool // by outlet
	arrived []*pool // the same, of messages from other processes: their memory is nobody else's
}

func newIntake(app *plan.App, set *Settings, gauges []gauge) *Intake {
	in := &Intake{app: app, set: set, gauges: gauges}
	for _, o := range app.Outlets {
		in.sources = append(in.sources, newPool(nil, o, 2*set.SourceLimit+poolLimit, set))
		in.arrived = append(in.arrived, newPool(nil, o, poolLimit, set))
	}
	return in
}

// Draft returns an empty message of a source under a key. It returns ErrBusy
// if an edge behind the source that may not drop is full.
// The check is made when the message is drafted, before a source fills it: a refused push
// costs nothing. Between the two, others may push, so that the capacity may be exceeded
// by as many messages as there are sources.
func (in *Intake) Draft(from SourceRef, key base.Key) (*Message, error) {
	return in.DraftIn(from, key, key.KeyGroup())
}

// DraftIn is Draft for a caller that knows the key group already.
func (in *Intake) DraftIn(from SourceRef, key base.Key, group uint8) (*Message, error) {
	o := from.Outlet
	if o == nil {
		var err error
		if o, err = in.app.Callee(from.Callee); err != nil {
			return nil, err
		}
	} else if o.ID >= len(in.app.Outlets) || in.app.Outlets[o.ID] != o {
		return nil, fmt.Errorf("sfaas: source %s is not part of graph %s", o.Name, in.app.Name)
	}
	for _, e := range o.Queues {
		if in.gauges[e.ID-1].full(e, 0) {
			return nil, base.ErrBusy
		}
	}
	m := in.sources[o.ID].getShared()
	m.Key, m.group = key, group
	return m, nil
}

// Event returns the event that brings a message of a source to its core.
func (in *Intake) Event(m *Message) (Event, error) {
	if err := in.Measure(m); err != nil {
		return Event{}, err
	}
	return Event{Kind: EventPush, Msg: m}, nil
}

// Measure sets the size of a message that is pushed, or releases it if it is too
// large. From here on it counts against the capacities of the edges behind its
// source, until its core has taken it in.
func (in *Intake) Measure(m *Message) error {
	if err := in.measure(m); err != nil {
		return err
	}
	if len(m.pool.from.Queues) > 0 {
		in.count(m)
	}
	return nil
}

func (in *Intake) count(m *Message) {
	for _, e := range m.pool.from.Edges {
		if e.Pushes() {
			in.gauges[e.ID-1].add(e, m.size)
		}
	}
}

func (in *Intake) measure(m *Message) error {
	if m.size = m.measure(); m.size > in.set.MaxMessage {
		err := &base.SizeError{Port: m.pool.from.Name, Bytes: m.size, Limit: in.set.MaxMessage}
		m.Release()
		return err
	}
	return nil
}

// Leaves counts what is on its way to another process on an AtMostOnce edge with a
// capacity, so that sources before it are refused as if it waited here. It reports false
// if the edge is to drop what it has no room for.
func (in *Intake) Leaves(e *plan.Edge, size int) bool {
	g := &in.gauges[e.ID-1]
	if e.Config.Drop != base.DropNone && g.full(e, size) {
		return false
	}
	g.add(e, size)
	return true
}

// Left ends what [Intake.Leaves] has counted.
func (in *Intake) Left(e *plan.Edge, size int) { in.gauges[e.ID-1].sub(e, size) }

// CallEvent returns the event that brings a call of host code to its core, or
// releases the message if it is too large. An EffectReply with the same id
// follows.
func (in *Intake) CallEvent(m *Message, id uint64, node base.NodeID, now base.Time) (Event, error) {
	if err := in.measure(m); err != nil {
		return Event{}, err
	}
	m.reply = replyTo{call: id, node: node}
	m.Source, m.Node, m.Due = m.Key, node, in.set.Due(m.Slot, now)
	m.ID, m.Seq, m.Index, m.Epoch, m.made = id, 0, 0, 0, m.Slot
	m.refs = 1
	return Event{Kind: EventMessage, Edge: m.pool.from.Edges[0].ID, Msg: m, Key: m.Key, From: Endpoint{Node: node}, Host: true}, nil
}

// Blank returns a message for what has arrived as bytes, with the payload of its last
// use; an answer without a result has none. [Intake.Fill] says what it is.
func (in *Intake) Blank(o *plan.Outlet, payload bool) *Message {
	if !payload {
		return &Message{pool: in.arrived[o.ID]}
	}
	return in.arrived[o.ID].getShared()
}

// LieOver says that tensors of a message's payload lie over a frame, which is released
// with the message.
func (m *Message) LieOver(f *base.Frame) { m.frame = f }

// Fill says of a message whose payload is there what else it is; the body of the state
// does not count. What it says is not checked: who reads it knows what is written.
func (in *Intake) Fill(m *Message, s *MessageState, now base.Time) { m.become(s, in.set, now) }

// MaxMessage returns the largest payload in bytes.
func (in *Intake) MaxMessage() int { return in.set.MaxMessage }

// SourceRef tells a host where a message enters its graph.
type SourceRef struct {
	Outlet *plan.Outlet    // where its messages come from, nil for a call
	Callee *plan.Reference // function that is called
}
