// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"net/netip"

	"github.com/neuroran/neuroran/placement/internal/beat"
	"github.com/neuroran/neuroran/placement/meter"
	"github.com/neuroran/neuroran/sfaas"
)

// What an owner has counted is in the ledgers of others with its next usage letter, a round
// later. An owner that is killed takes along what it has not told, and its standbys see to it
// that this is a slot, and not a round:
//
//	owner    worker ── rows of the slot ── note ──> socket of each standby     per slot, before the next one
//	standby                                         socket ──> ledger          per round
//	owner    ×
//	standby  claims, reads the socket, and tells all what the owner had done   once
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

// readNotes takes in what owners have said since the last time.
func (d *Deployment) readNotes() {
	if d.site.meters == nil {
		return
	}
	d.notes.Read(func(node sfaas.NodeID, incarnation uint32, body []byte) {
		rows := d.noted[:0] // one note at a time
		for len(body) > 0 {
			row, rest, err := meter.CutRow(body)
			if err != nil || row.Node != node || uint32(row.Life>>32) != incarnation || row.Folded {
				d.site.log.Warn("placement: what an owner says of its units cannot be read", "deployment", d.cfg.Name, "from", node, "err", err)
				return
			}
			body = rest
			row.Owner.App, row.Owner.Tenant = d.cfg.Name, d.cfg.Tenant
			rows = append(rows, row)
		}
		d.site.meters.usage.Witness(rows)
		d.noted = rows
	})
}

// inherit takes in the last words of an owner that is lost, and passes them on to all.
func (d *Deployment) inherit(node sfaas.NodeID) {
	if d.site.meters == nil {
		return
	}
	d.readNotes()
	d.site.meters.inherit(node)
}
