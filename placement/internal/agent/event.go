// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"github.com/neuroran/neuroran/sfaas"
)

// EventKind says what has happened.
type EventKind uint8

// Kinds of events, with the fields that they use beside Kind.
const (
	Tick          EventKind = iota // a round is over; once per Config.Round
	Arrived                        // a letter: Letter
	MemberUp                       // a node is there: Node, Incarnation
	MemberSuspect                  // a node does not answer, perhaps: Node
	MemberDown                     // a node is gone: Node
	Wish                           // the host wants a unit placed: Row (Unit, Deployment, Want, Kept, Columns), Name, Token; Node and Epoch of the route that it knows
	Stand                          // the wish of a Token stands, whoever withdraws another one: Row.Unit, Token
	Withdraw                       // the wish, or the Retire, of a Token is taken back: Row.Unit, Token
	Retire                         // the host wants a unit out of service, answered by Placed: Row.Unit, Name, Token
	Owned                          // this node owns a unit: Row as of Wish, Epoch, Name
	Routed                         // another node owns a unit: Row.Unit, Node, Epoch
	Measured                       // what a unit that this node owns takes: Row.Unit, Row.Columns
	Changed                        // what this node has: Columns, Deployed
	Outcome                        // an effect with a deal has ended: Deal, Index, Row.Unit, Failure, and of Own its Epoch
	Drain                          // all units shall leave this node, and none come
	Proposed                       // moves to lead as one deal: Moves
	Relocate                       // the host wants a unit at a node, answered by Placed: Row.Unit, Node, Name, Token
)

// Event is something that has happened.
type Event struct {
	Kind        EventKind
	Node        NodeID               // which member, or which owner
	Incarnation uint32               // life of the member
	Epoch       uint32               // of an ownership
	Row         UnitRow              // which unit, and what is known of it
	Name        string               // what the host knows the unit by, at most [MaxName] bytes
	Token       uint64               // of the answer, above 0
	Columns     [NodeColumns]float32 // of this node's row
	Deployed    uint64               // of this node's row
	Deal        DealID               // of the effect that has ended
	Index       uint16               // its item there
	Failure     Refusal              // why it failed; zero if it is done
	Letter      *Letter              // the agent reads it in Step and keeps nothing of it
	Moves       []Move               // what is proposed
}

// EffectKind says what is to be done.
type EffectKind uint8

// Kinds of effects, with the fields that they use beside Kind. Own, Prepare and MoveUnit
// are answered by an Outcome with their Deal and Index.
const (
	Send      EffectKind = iota // bring Letter to Node, or lose it
	Own                         // take Unit over under Epoch
	Prepare                     // stand by for Unit as number Rank, owned by Node
	MoveUnit                    // bring Unit, which this node owns, to Node
	Unprepare                   // stand by for Unit no more
	Follow                      // Standbys stand by for Unit, which this node owns
	Placed                      // Token is answered: Unit is at Node under Epoch; or it is not: Refusals; of Retire nobody has it, without any
	LetGo                       // nobody owns Unit from now on, under Epoch
	Forgot                      // there is no row of Unit any more
	Drained                     // nothing is here any more; a unit that nobody takes is told by Placed with Token 0
)

// Effect is something to be done.
type Effect struct {
	Kind     EffectKind
	Node     NodeID              // to which letter or unit goes, or who owns the unit
	Epoch    uint32              // of an ownership
	Rank     uint8               // of a standby, from 0
	Unit     UnitID              // what it is about
	Name     string              // what the host knows the unit by
	Letter   *Letter             // to be released when it has been delivered
	Deal     DealID              // to be named in the Outcome
	Index    uint16              // to be named in the Outcome
	Standbys [MaxStandbys]NodeID // who stands by, 0 for nobody
	Token    uint64              // of the event that it answers; 0 for none
	Refusals []Refusal           // by node, the caller's to keep
}

// LeaseState says how a lease stands.
type LeaseState uint8

// States of a lease.
const (
	LeaseStands    LeaseState = iota // there is room for what it covers
	LeaseDisplaced                   // there is not, and what it covers has to go; it holds its room until then
	LeaseEnded                       // there is no such lease: its time is over
)

// Ledger is what an agent asks of its own node: leases on its true state. It is called in
// Step only.
type Ledger interface {
	// Reserve grants a lease for an item until now + ttl, or refuses it and says which line
	// does not fit.
	Reserve(now sfaas.Time, it *Item, until sfaas.Time) (lease uint64, r Refusal)
	// Accept grants a lease for an item that is here already, whatever there is room for.
	Accept(now sfaas.Time, it *Item, until sfaas.Time) (lease uint64)
	// Extend lets a lease hold until a later moment, for what the row of its unit says that
	// it takes now, and says how the lease stands.
	Extend(now sfaas.Time, lease uint64, row *UnitRow, until sfaas.Time) LeaseState
	// Become says that what a lease was reserved for is here from now on, in a role; it keeps
	// what it holds.
	Become(lease uint64, role Role)
	// Release ends a lease.
	Release(lease uint64)
}

// Planner is where the agent asks what would be good. Its answers are wishes: nothing
// depends on them but energy.
type Planner interface {
	// Order writes the nodes where a unit could be to dst, best first. Nodes that hold or
	// have refused it are left out by the agent.
	Order(dst []NodeID, v *View, it *Item) []NodeID
	// Think writes moves that would be good together to dst. Only those from v.Self count,
	// or any if the agent is to lead them all. It is called once per Config.ThinkRounds.
	Think(dst []Move, now sfaas.Time, v *View) []Move
}
