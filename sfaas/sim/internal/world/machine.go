// SPDX-License-Identifier: Apache-2.0

package world

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/neuroran/neuroran/sfaas"
	"github.com/neuroran/neuroran/sfaas/sim"
)

// machine is all that the world knows of what it tests: what a shell offers.
type machine struct {
	w      *sim.World
	nodes  int
	pieces []*piece       // each once
	by     []*piece       // by function and key
	life   int            // counts crashes: what was asked for before one never ends
	rest   map[string]int // node that owns what has no route, by part
}

// piece is what moves as a whole: one unit.
type piece struct {
	unit   sfaas.Unit
	owner  int
	moving bool
	to     int  // node to which it moves
	routed bool // it has moved or was claimed
	lost   bool // its owner has gone, or has been told to, and nobody has claimed it yet

	turns int        // how often it was claimed or released, whatever was under way
	free  sfaas.Time // since when nobody shall have it, as all have heard, 0 if somebody may
}

// nobody is the owner of a piece that was released.
const nobody = -1

// newMachine starts a program on some nodes, of which the first owns everything.
func newMachine(p *program, cfg sim.Config, opts ...sfaas.Option) (*machine, error) {
	opts = append(opts, sfaas.WithLogger(slog.New(slog.DiscardHandler)), sfaas.WithMode(sfaas.Replay), sfaas.WithSealer(sfaas.NewSealer([32]byte{1})))
	w, err := sim.New(p.app, cfg, append(opts, p.outputs...)...)
	if err != nil {
		return nil, err
	}
	m := &machine{w: w, nodes: cfg.Nodes, rest: map[string]int{}}
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
	for _, s := range p.soft {
		s.piece = seen[sfaas.Unit{Part: s.name, Root: p.keys[s.flow.keys[0]]}]
	}
	return m, nil
}

func (m *machine) now() sfaas.Time                 { return m.w.Now() }
func (m *machine) after(d time.Duration, f func()) { m.w.At(m.w.Now().Add(d), f) }
func (m *machine) run(until sfaas.Time)            { m.w.RunUntil(until) }
func (m *machine) host(node int) sfaas.Host        { return m.w.Node(node) }
func (m *machine) halt()                           { m.w.Halt() }
func (m *machine) haltAfter(n uint64, f func())    { m.w.HaltAfter(m.w.Events()+n, f) }
func (m *machine) close() error                    { return m.w.Close() }

// move brings a piece to another node; done gets the outcome.
func (m *machine) move(p *piece, to int, cfg sfaas.MoveConfig, done func(error)) {
	life, from, turns := m.life, p.owner, p.turns
	p.moving, p.to = true, to
	m.w.MoveUnit(m.w.Node(from), m.w.Node(to), p.unit, cfg, func(err error) {
		if life == m.life && p.turns > turns { // what becomes of it was decided meanwhile
			done(sfaas.ErrStaleEpoch)
			return
		}
		if life != m.life || !p.moving || p.to != to {
			return
		}
		p.moving = false
		if err == nil {
			p.owner, p.routed = to, true
		} else { // it may have come back, under a newer epoch
			p.routed = p.routed || m.w.Node(from).Epoch(p.unit) > 0
		}
		done(err)
	})
}

// claim lets a node take a piece over, under an epoch that is newer than all, and than what a
// move makes of it that is under way.
func (m *machine) claim(p *piece, to int, done func(error)) {
	life, turns, epoch := m.life, p.turns, m.newest(p)+2
	if p.moving {
		epoch = m.newest(p) + ahead
	}
	p.moving, p.to, p.free = true, to, 0
	m.w.Claim(m.w.Node(to), p.unit, epoch, func(err error) {
		if life == m.life && p.turns > turns {
			done(sfaas.ErrStaleEpoch)
			return
		}
		if life != m.life || !p.moving || p.to != to {
			return
		}
		p.moving = false
		if err == nil {
			p.turns++
			p.owner, p.routed, p.lost = to, true, false
		}
		done(err)
	})
}

// newest returns the newest epoch of a piece that a node knows of.
func (m *machine) newest(p *piece) (epoch uint32) {
	for i := range m.nodes {
		epoch = max(epoch, m.w.Node(i).Epoch(p.unit))
	}
	return epoch
}

// ahead is by how much the epoch of a release is newer than all: newer than what a move or a
// claim will make of it that is under way.
const ahead = 8

// release lets nobody own a piece any more, whatever is under way for it; the node that says
// so need not own it.
func (m *machine) release(p *piece, at int, done func(error)) {
	life := m.life
	m.w.Release(m.w.Node(at), p.unit, m.newest(p)+ahead, func(err error) {
		if life != m.life {
			return
		}
		if err == nil {
			p.turns++
			p.owner, p.moving, p.to, p.routed, p.lost, p.free = nobody, false, nobody, true, true, 0
			if m.heard(at) {
				p.free = m.now()
			}
		}
		done(err)
	})
}

// heard reports whether all nodes will hear what one says now.
func (m *machine) heard(node int) bool {
	for i := range m.nodes {
		if i != node && !m.w.Linked(m.w.Node(i), m.w.Node(node)) {
			return false
		}
	}
	return true
}

// holders returns the nodes that believe that they own a piece.
func (m *machine) holders(p *piece) (all []int) {
	for i := range m.nodes {
		if m.w.Node(i).Owner(p.unit) == sfaas.NodeID(i+1) {
			all = append(all, i)
		}
	}
	return all
}

// disputed returns two different opinions on who owns a piece, or nothing.
func (m *machine) disputed(p *piece) (opinions []sfaas.Route) {
	for i := range m.nodes {
		n := m.w.Node(i)
		r := sfaas.Route{Unit: p.unit, Owner: n.Owner(p.unit), Epoch: n.Epoch(p.unit)}
		if opinions = append(opinions, r); r != opinions[0] {
			return opinions
		}
	}
	return nil
}

// passOn lets a node own what has no route of a part.
func (m *machine) passOn(part string, from, to int, done func(error)) {
	life := m.life
	m.w.Resign(m.w.Node(from), m.w.Node(to), part, func(used []sfaas.Route, err error) {
		if life != m.life {
			return
		}
		if err == nil {
			m.rest[part] = to
			stays := map[sfaas.Unit]bool{}
			for _, r := range used {
				stays[r.Unit] = true
			}
			for _, p := range m.pieces {
				if p.unit.Part == part && !p.routed && p.owner == from && !p.moving && !stays[p.unit] {
					p.owner = to
				}
			}
		}
		done(err)
	})
}

// misplace asks for a move that cannot be: from a node that does not own the piece. It
// is refused.
func (m *machine) misplace(p *piece, from, to int, done func(error)) {
	m.w.MoveUnit(m.w.Node(from), m.w.Node(to), p.unit, sfaas.MoveConfig{}, done)
}

// owns reports whether a node owns a piece, or may own one soon, but for those that it
// leaves behind.
func (m *machine) owns(node int, leaves func(*piece) bool) bool {
	n := m.w.Node(node)
	for _, p := range m.pieces {
		if !p.moving && n.Owner(p.unit) == sfaas.NodeID(node+1) { // what was passed on while it moved in vain
			p.owner = node
		}
		if leaves(p) {
			continue
		}
		if p.owner == node || (p.moving && p.to == node) {
			return true
		}
	}
	for _, n := range m.rest {
		if n == node {
			return true
		}
	}
	return false
}

// abandon forgets the moves of a node that stops, and returns the pieces that go with
// it.
func (m *machine) abandon(node int) (gone []*piece) {
	for _, p := range m.pieces {
		if p.owner == node || (p.moving && p.to == node) {
			p.moving, p.lost = false, true
			gone = append(gone, p)
		}
	}
	return gone
}

// stop and start end a node and begin its next incarnation, without state.
func (m *machine) stop(node int) error  { return m.w.Stop(m.w.Node(node)) }
func (m *machine) start(node int) error { return m.w.Start(m.w.Node(node)) }

// forget lets two nodes forget each other for a while.
func (m *machine) forget(a, b int, d time.Duration) { m.w.Forget(m.w.Node(a), m.w.Node(b), d) }

// snapshot returns the state of all nodes.
func (m *machine) snapshot() ([]byte, error) { return m.w.Snapshot() }

// crash ends all nodes and begins anew with a snapshot.
func (m *machine) crash(snapshot []byte) error {
	m.life++
	for _, p := range m.pieces {
		p.owner, p.moving, p.routed, p.lost, p.free = 0, false, false, false, 0
	}
	clear(m.rest)
	err := m.w.Crash(snapshot)
	for _, p := range m.pieces {
		p.routed = m.w.Node(0).Epoch(p.unit) > 0
	}
	return err
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

// metered returns an error if some node has counted something else by function than
// by unit: every invocation is one of a unit that is here.
func (m *machine) metered() error {
	var units []sfaas.UnitStats
	for i := range m.nodes {
		var byFunction, byUnit sfaas.Meter
		add := func(to *sfaas.Meter, x sfaas.Meter) {
			to.Invocations += x.Invocations
			to.StateRead += x.StateRead
			to.StateWritten += x.StateWritten
			to.Transferred += x.Transferred
		}
		for _, s := range m.w.Node(i).Stats() {
			add(&byFunction, s.Meter)
		}
		units = m.w.Node(i).Units(units)
		for j := range units {
			add(&byUnit, units[j].Meter)
		}
		if byFunction != byUnit {
			return fmt.Errorf("node %d has counted %+v by function and %+v by unit", i, byFunction, byUnit)
		}
	}
	return nil
}

// refused reports whether a move was refused in good order.
func refused(err error) bool {
	var moved *sfaas.MovedError
	return errors.As(err, &moved) || errors.Is(err, sfaas.ErrMoving) || errors.Is(err, sfaas.ErrFence) || errors.Is(err, sfaas.ErrStaleEpoch) || errors.Is(err, sfaas.ErrUnlinked) || errors.Is(err, sfaas.ErrClosed)
}
