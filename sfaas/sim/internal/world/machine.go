// SPDX-License-Identifier: Apache-2.0

package world

import (
	"errors"
	"log/slog"
	"time"

	"github.com/neuroran/neuroran/sfaas"
	"github.com/neuroran/neuroran/sfaas/sim"
)

// machine is all that the world knows of what it tests: what a shell offers.
type machine struct {
	w      *sim.World
	nodes  int
	pieces []*piece // each once
	by     []*piece // by function and key
	life   int      // counts crashes: what was asked for before one never ends
}

// piece is what moves as a whole: one unit.
type piece struct {
	unit   sfaas.Unit
	owner  int
	moving bool
}

// newMachine starts a program on some nodes, of which the first owns everything.
func newMachine(p *program, cfg sim.Config, opts ...sfaas.Option) (*machine, error) {
	opts = append(opts, sfaas.WithLogger(slog.New(slog.DiscardHandler)), sfaas.WithMode(sfaas.Replay), sfaas.WithSealer(sfaas.NewSealer([32]byte{1})))
	w, err := sim.New(p.app, cfg, append(opts, p.outputs...)...)
	if err != nil {
		return nil, err
	}
	m := &machine{w: w, nodes: cfg.Nodes}
	seen := map[sfaas.Unit]*piece{}
	for _, f := range p.fns {
		for _, k := range p.keys {
			u, err := p.app.Unit(f.name, k)
			if err != nil {
				return nil, err
			}
			if seen[u] == nil {
				seen[u] = &piece{unit: u}
				m.pieces = append(m.pieces, seen[u])
			}
			m.by = append(m.by, seen[u])
		}
	}
	return m, nil
}

func (m *machine) now() sfaas.Time                 { return m.w.Now() }
func (m *machine) after(d time.Duration, f func()) { m.w.At(m.w.Now().Add(d), f) }
func (m *machine) run(until sfaas.Time)            { m.w.RunUntil(until) }
func (m *machine) host(node int) sfaas.Host        { return m.w.Node(node) }
func (m *machine) halt()                           { m.w.Halt() }
func (m *machine) events() uint64                  { return m.w.Events() }
func (m *machine) close() error                    { return m.w.Close() }

// move brings a piece to another node; done gets the outcome.
func (m *machine) move(p *piece, to int, done func(error)) {
	life, from := m.life, p.owner
	p.moving = true
	m.w.MoveUnit(m.w.Node(from), m.w.Node(to), p.unit, sfaas.MoveConfig{}, func(err error) {
		if life != m.life {
			return
		}
		p.moving = false
		if err == nil {
			p.owner = to
		}
		done(err)
	})
}

// misplace asks for a move that cannot be: from a node that does not own the piece. It
// is refused.
func (m *machine) misplace(p *piece, from, to int, done func(error)) {
	m.w.MoveUnit(m.w.Node(from), m.w.Node(to), p.unit, sfaas.MoveConfig{}, done)
}

// owns reports whether a node owns a piece, or may own one soon.
func (m *machine) owns(node int) bool {
	for _, p := range m.pieces {
		if p.owner == node || p.moving {
			return true
		}
	}
	return false
}

// stop and start end a node and begin its next incarnation, without state.
func (m *machine) stop(node int) error  { return m.w.Stop(m.w.Node(node)) }
func (m *machine) start(node int) error { return m.w.Start(m.w.Node(node)) }

// snapshot returns the state of all nodes.
func (m *machine) snapshot() ([]byte, error) { return m.w.Snapshot() }

// crash ends all nodes and begins anew with a snapshot.
func (m *machine) crash(snapshot []byte) error {
	m.life++
	for _, p := range m.pieces {
		p.owner, p.moving = 0, false
	}
	return m.w.Crash(snapshot)
}

// dropped sums what the machine says it has dropped.
func (m *machine) dropped() (n uint64) {
	for i := range m.nodes {
		for _, s := range m.w.Node(i).Stats() {
			n += s.Dropped + s.Stale + s.Skipped + s.Unheard
		}
	}
	return n + m.w.Lost()
}

// refused reports whether a move was refused in good order.
func refused(err error) bool {
	var moved *sfaas.MovedError
	return errors.As(err, &moved) || errors.Is(err, sfaas.ErrMoving) || errors.Is(err, sfaas.ErrUnlinked) || errors.Is(err, sfaas.ErrClosed)
}
