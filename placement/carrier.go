// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"context"

	"github.com/neuroran/neuroran/placement/meter"
	"github.com/neuroran/neuroran/sfaas"
)

// carrier is the data plane of one deployment at this node, as the control plane sees it.
// Calls come from goroutines of the node and may block until ctx ends; those without one must
// not block.
type carrier interface {
	name() string        // equal at all nodes of the deployment
	address() string     // where the deployment is reached at this node, as text that only connect reads
	build() sfaas.Digest // of what is placed: see build.go
	spec() Spec
	// unit reports whether a unit is soft, or why it is none of the deployment.
	unit(root sfaas.Key, part string) (soft bool, err error)
	// route returns who owns a unit, as far as this node knows.
	route(u sfaas.Unit) sfaas.Route
	// connect keeps a connection to the deployment at another node from now on; it is called
	// with every news of an address, with the same one too.
	connect(node sfaas.NodeID, address string)
	// gone says that a node has left, or is dead: what waits for it ends.
	gone(node sfaas.NodeID)

	// own makes this node the owner of a unit that nobody serves.
	own(ctx context.Context, u sfaas.Unit, epoch uint32) error
	// prepare makes this node a standby of an owner: of number rank, 0 claims first.
	prepare(ctx context.Context, u sfaas.Unit, owner sfaas.NodeID, rank int) error
	// unprepare ends that.
	unprepare(u sfaas.Unit)
	// follow says who stands by for a unit of this node.
	follow(u sfaas.Unit, standbys []sfaas.NodeID)
	// move brings a unit of this node to another one.
	move(ctx context.Context, u sfaas.Unit, to sfaas.NodeID) (sfaas.MoveReport, error)
	// release lets nobody own a unit, under an epoch that is newer than its owner's.
	release(u sfaas.Unit, epoch uint32) error
	// mode says in which mode a unit of this node works from now on: with an accelerator of
	// a kind, or "" for none.
	mode(u sfaas.Unit, kind string)
	// cuts returns the edges on which units of the deployment send to others of it.
	cuts() []cut
	// stats appends what units of this node have used.
	stats(dst []sfaas.UnitStats) []sfaas.UnitStats
	// readNotes takes in what owners have said to this node.
	readNotes()
	// covered takes in that the ledger has a row of a unit of the deployment by its owner's letter.
	covered(row *meter.Row)
	// pushedBy says which nodes push into units of this one.
	pushedBy(nodes []sfaas.NodeID)
	// drained reports whether this node owns no unit.
	drained() bool
	// close ends the deployment at this node. No goroutine of it is left.
	close(ctx context.Context) error
}

// route implements carrier.
func (d *Deployment) route(u sfaas.Unit) sfaas.Route {
	r, err := d.rt.Route(u)
	if err != nil || r.Owner == nobody {
		r.Owner = 0
	}
	return r
}

// cut is an edge between two parts that are placed.
type cut struct {
	edge int    // its identifier
	from string // part
	to   string // part
}

// mode implements carrier.
func (d *Deployment) mode(u sfaas.Unit, kind string) {
	if d.opts.onMode != nil {
		d.opts.onMode(u, kind)
	}
}

// cuts implements carrier.
func (d *Deployment) cuts() (all []cut) {
	for _, e := range d.app.Edges() {
		from, to := d.makers[e.ID], ""
		if f, err := d.app.Function(e.To); err == nil {
			to = f.Part
		}
		if from != to && d.places(from) && d.places(to) {
			all = append(all, cut{int(e.ID), from, to})
		}
	}
	return all
}
