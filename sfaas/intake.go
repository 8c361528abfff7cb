// SPDX-License-Identifier: Apache-2.0

package sfaas

import "fmt"

// Intake is what every shell needs to let host code push: the pools of the
// sources and the checks of a push. Its methods may be called concurrently.
type Intake struct {
	app     *App
	set     *settings
	gauges  []gauge
	sources []*pool // by outlet
}

func newIntake(app *App, set *settings, gauges []gauge) *Intake {
	in := &Intake{app: app, set: set, gauges: gauges}
	for _, o := range app.outlets {
		in.sources = append(in.sources, &pool{from: o, limit: 2*set.sourceLimit + poolLimit})
	}
	return in
}

// Draft returns an empty message of a source under a key. It returns ErrBusy
// if an edge behind the source that may not drop is full.
func (in *Intake) Draft(from SourceRef, key Key) (*Message, error) {
	return in.draft(from, key, key.KeyGroup())
}

func (in *Intake) draft(from SourceRef, key Key, group uint8) (*Message, error) {
	o := from.outlet
	if o == nil {
		var err error
		if o, err = in.app.callee(from.callee); err != nil {
			return nil, err
		}
	} else if o.id >= len(in.app.outlets) || in.app.outlets[o.id] != o {
		return nil, fmt.Errorf("sfaas: source %s is not part of graph %s", o.name, in.app.name)
	}
	for _, e := range o.queues {
		if in.gauges[e.id-1].full(e, 0) {
			return nil, ErrBusy
		}
	}
	m := in.sources[o.id].getShared()
	m.Key, m.group = key, group
	return m, nil
}

// Event returns the event that brings a message of a source to its core.
func (in *Intake) Event(m *Message) (Event, error) {
	if err := in.measure(m); err != nil {
		return Event{}, err
	}
	return Event{Kind: EventPush, Msg: m}, nil
}

// measure sets the size of a message, or releases it if it is too large.
func (in *Intake) measure(m *Message) error {
	if m.size = m.measure(); m.size > in.set.maxMessage {
		err := &SizeError{Port: m.pool.from.name, Bytes: m.size, Limit: in.set.maxMessage}
		m.Release()
		return err
	}
	return nil
}

// CallEvent returns the event that brings a call of host code to its core. An
// EffectReply with the same id follows.
func (in *Intake) CallEvent(m *Message, id uint64, node NodeID, now Time) Event {
	m.size = m.measure()
	m.reply = replyTo{call: id, node: node}
	m.Source, m.Node, m.Due = m.Key, node, in.set.due(m.Slot, now)
	m.ID, m.Seq, m.Index, m.Epoch = id, 0, 0, 0
	m.refs = 1
	return Event{Kind: EventMessage, Edge: m.pool.from.conns[0].id, Msg: m, Key: m.Key, From: Endpoint{Node: node}}
}

// callee returns the outlet of messages sent to a function by host code.
func (a *App) callee(r *reference) (*outlet, error) {
	n := a.byName[r.name]
	switch {
	case n == nil || n.direct == nil:
		return nil, fmt.Errorf("sfaas: no function %s of one input", r.name)
	case n.fn.ins[0] != r.in:
		return nil, fmt.Errorf("sfaas: %s takes %v, not %v", r.name, n.fn.ins[0], r.in)
	case n.fn.out != r.out || n.fn.each:
		return nil, fmt.Errorf("sfaas: %s does not return one %v", r.name, r.out)
	}
	return n.direct.from, nil
}
