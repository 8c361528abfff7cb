// SPDX-License-Identifier: Apache-2.0

package resource

import (
	"fmt"
	"time"

	"github.com/neuroran/neuroran/sfaas"
)

// Owner is for whom something is leased: a unit of an app, and who pays for it.
type Owner struct {
	App    string     // name of the deployed app
	Unit   sfaas.Unit // what runs there
	Tenant string     // who is billed; "" is nobody in particular
}

// String returns a form such as "uplink demodulate/cell7 of lab".
func (o Owner) String() string {
	s := o.App + " " + o.Unit.String()
	if o.Tenant != "" {
		s += " of " + o.Tenant
	}
	return s
}

// Request asks a [Table] for a lease.
type Request struct {
	Need  Need
	Owner Owner
	Epoch uint32        // of the ownership under which the unit is to run
	TTL   time.Duration // for which it stands unless it is renewed; more than 0
	// Proposal is the number of whatever needs this lease, unique for each owner and
	// epoch. The same request again is answered by the lease that stands, so a request
	// that comes twice takes nothing twice. 0 is never the same.
	Proposal uint64
	// Here says that the unit runs here already: nobody can give back what it takes, so that
	// is granted whether it is free or not, unless the node has no accelerator of a kind.
	Here bool
}

// validate returns a [*FieldError] for a need that cannot be.
func (r *Request) validate() error {
	if r.Here {
		return r.Need.validate()
	}
	return r.Need.Validate()
}

// LeaseID names a lease of one table, and is never used again.
type LeaseID uint64

// String returns the place of the lease in its table, and how many it had: "3.1".
func (id LeaseID) String() string { return fmt.Sprintf("%d.%d", uint32(id), uint32(id>>32)) }

// State is how far a lease is.
type State uint8

// States of a lease.
const (
	Reserved  State = iota // taken, and waits for the other nodes of its proposal
	Committed              // for good, as long as it is renewed
)

// String returns "reserved" or "committed".
func (s State) String() string {
	if s == Committed {
		return "committed"
	}
	return "reserved"
}

// Lease is a part of a node that belongs to a unit until it is released or its time to
// live has passed. It is a copy: only the table changes what stands. Its slices are
// shared and read-only.
type Lease struct {
	ID       LeaseID    // for the calls of the table
	State    State      // how far it is
	Owner    Owner      // whom it belongs to
	Epoch    uint32     // as in the request
	Proposal uint64     // as in the request
	Need     Need       // what it holds
	On       []int      // which accelerator of the inventory each of Need.Accelerators is on
	Until    sfaas.Time // when it ends unless it is renewed
	Lacks    []Lack     // what the node could not read, and by what means it cannot isolate
}

// String returns a form such as "lease 3.1 (committed): uplink decode/cell7: cpu 2".
func (l Lease) String() string {
	return fmt.Sprintf("lease %v (%v): %v: %v", l.ID, l.State, l.Owner, l.Need)
}
