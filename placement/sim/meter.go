// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"time"

	"github.com/neuroran/neuroran/sfaas"
)

// meter adds up the energy of a world.
type meter struct {
	watts  float64    // that are taken now
	joules float64    // of all watts so far
	extra  float64    // joules of moves, and of nodes that woke up
	step   sfaas.Time // of the last load step
	last   sfaas.Time
	trace  []sample // watts, at each change since the last load step
	moved  sfaas.Time
}

type sample struct {
	at    sfaas.Time
	watts float64
}

// pass counts the time until a moment.
func (m *meter) pass(w *world, until sfaas.Time) {
	if until > m.last {
		m.joules += m.watts * until.Sub(m.last).Seconds()
		m.last = until
	}
}

// changed takes in that the truth is another one.
func (m *meter) changed(w *world) {
	if watts := w.truth.Energy(); watts != m.watts {
		m.watts = watts
		m.trace = append(m.trace, sample{w.now, watts})
	}
}

// move counts what a move takes, before it is true.
func (m *meter) move(w *world, u int, to int32) {
	m.moved = w.now
	m.extra += w.view.MoveJoules(moveOf(w, u, to))
	m.wake(w, to)
}

// wake counts what a node takes to wake up, if it sleeps.
func (m *meter) wake(w *world, to int32) {
	if w.truth.Load(int(to)).Units == 0 {
		m.extra += w.view.Nodes[to].WakeJoules
	}
}

// begin begins a load step.
func (m *meter) begin(w *world) {
	m.step = w.now
	m.trace = append(m.trace[:0], sample{w.now, w.truth.Energy()})
}

// settled returns the time from the last load step to the moment from which on watts have
// stayed within 1 % of what they are in the end.
func (m *meter) settled() time.Duration {
	at := m.step
	for _, s := range m.trace {
		if d := s.watts - m.watts; d > 0.01*m.watts || d < -0.01*m.watts {
			at = sfaas.Time(-1)
			continue
		}
		if at < 0 {
			at = s.at
		}
	}
	return max(at, m.step).Sub(m.step)
}
