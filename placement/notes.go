// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"net/netip"
	"sync"
	"time"

	"github.com/neuroran/neuroran/placement/internal/beat"
	"github.com/neuroran/neuroran/placement/meter"
	"github.com/neuroran/neuroran/sfaas"
)

// What an owner has counted is in the ledgers of others with its next usage letter, a round
// later. An owner that is killed takes along what it has not told, and its standbys see to it
// that this is a slot, and not a round:
//
//	owner    worker ── rows of the slot ── note ──> socket of each standby     per slot, before the next one
//	standby                                         socket ──> said            per round
//	owner    ×
//	standby  claims,                           socket, said ──> ledger ──> all once
//
// Where there are no standbys it is said to the nodes that push.

// openNotes opens the socket for notes, and lets workers write some.
func (d *Deployment) openNotes() (err error) {
	d.notes, err = beat.OpenNotes(beat.Config{Node: d.ctl.ID(), Incarnation: d.rt.Incarnation(), Key: d.site.noteKey(d.cfg.Name), Host: d.site.ip()})
	if err != nil {
		return err
	}
	d.rt.WatchUnits(d.writeNotes)
	return nil
}

// pushedBy says which nodes push into units of this one. They are told where nobody stands by.
func (d *Deployment) pushedBy(nodes []sfaas.NodeID) {
	if d.cfg.SLA.Standbys > 0 {
		return
	}
	var to []netip.AddrPort
	d.mu.Lock()
	for _, n := range nodes {
		if x := d.others[n]; x != nil && x.at.notes.IsValid() {
			to = append(to, x.at.notes)
		}
	}
	d.mu.Unlock()
	d.notes.Tell(to)
}

// writeNotes tells the standbys what units have used by now. Workers call it between two
// handlers.
func (d *Deployment) writeNotes(rows []sfaas.UnitStats) {
	if !d.notes.Heard() {
		return
	}
	x := d.notes.Begin()
	for i := range rows {
		if _, warm := rows[i].Unit.Root.ID(kindWarm); warm {
			continue
		}
		row := meter.RowOf(&rows[i])
		begun := len(x.Body)
		body, err := row.AppendBinary(x.Body)
		switch {
		case err != nil: // a part with such a name is told of per round
			x.Body = body[:begun]
		case len(body) > beat.MaxBody && begun > 0:
			x.Body = body[:begun]
			d.notes.Send(x)
			x = d.notes.Begin()
			if x.Body, err = row.AppendBinary(x.Body); err != nil {
				x.Body = x.Body[:0]
			}
		default:
			x.Body = body
		}
	}
	d.notes.Send(x)
}

// said is the last that owners have said of their units. It is apart from the ledger: gates count
// on that what is in the ledger has come with a letter, which says as of when.
type said struct {
	mu   sync.Mutex
	rows map[saidName]meter.Row
}

// saidName names what a node has said of a unit.
type saidName struct {
	node sfaas.NodeID
	unit sfaas.Unit
}

func newSaid() *said { return &said{rows: map[saidName]meter.Row{}} }

// take takes a row, unless it has been overtaken.
func (s *said) take(row *meter.Row) {
	name := saidName{row.Node, row.Owner.Unit}
	s.mu.Lock()
	defer s.mu.Unlock()
	if old, known := s.rows[name]; known && (row.Life < old.Life || row.Life == old.Life && row.Invocations < old.Invocations) {
		return
	}
	s.rows[name] = *row
}

// covered takes in that a letter of an owner says as much of a unit: what it has said of it in
// notes is no more its last word, and forgotten. So what is kept is that of units at work.
func (s *said) covered(row *meter.Row) {
	name := saidName{row.Node, row.Owner.Unit}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch old, known := s.rows[name]; {
	case !known || row.Life>>32 != old.Life>>32:
	case row.Folded && row.Life >= old.Life, row.Life == old.Life && row.Invocations >= old.Invocations:
		delete(s.rows, name)
	}
}

// of returns what a node has said last, and forgets it.
func (s *said) of(node sfaas.NodeID) (rows []meter.Row) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name, row := range s.rows {
		if name.node == node {
			rows = append(rows, row)
			delete(s.rows, name)
		}
	}
	return rows
}

// readNotes takes in what owners have said since the last time.
func (d *Deployment) readNotes() {
	d.notes.Read(func(node sfaas.NodeID, incarnation uint32, body []byte) {
		for len(body) > 0 {
			row, rest, err := meter.CutRow(body)
			if err != nil || row.Node != node || uint32(row.Life>>32) != incarnation || row.Folded {
				d.site.log.Warn("placement: what an owner says of its units cannot be read", "deployment", d.cfg.Name, "from", node, "err", err)
				return
			}
			body = rest
			row.Owner.App, row.Owner.Tenant = d.cfg.Name, d.cfg.Tenant
			d.said.take(&row)
		}
	})
}

// covered implements carrier.
func (d *Deployment) covered(row *meter.Row) { d.said.covered(row) }

// inheritAfter is for how long the last words of a lost owner lie where they are: claims and the
// first slots of what was claimed come before the bill.
const inheritAfter = 20 * time.Millisecond

// inherit enters the last words of an owner that is lost into the ledger, and passes them on to
// all.
func (d *Deployment) inherit(node sfaas.NodeID) {
	d.readNotes()
	rows := d.said.of(node)
	if len(rows) > 0 && d.site.meters != nil {
		d.site.meters.usage.Witness(rows)
		d.site.meters.inherit(node)
	}
}
