// SPDX-License-Identifier: Apache-2.0

package agent

// DealID names a deal: who leads it, and which of its deals it is. Numbers begin at the
// leader's incarnation, so that no deal of an earlier life has the same name.
type DealID struct {
	Leader NodeID // who began it
	Number uint64 // of its deals, over all its lives
}

// Role is what a node shall be for a unit.
type Role uint8

// Roles.
const (
	RoleOwner   Role = iota + 1 // serves it
	RoleStandby                 // is ready to serve it when its owner is gone
	RoleWitness                 // knows of no owner, when a kept unit gets its first one
)

// Item is one lease of a deal: what one node shall be for one unit.
type Item struct {
	Row  UnitRow // the unit as the leader knows it; Row.Owner has it now, 0 for nobody
	Role Role
	To   NodeID // where the lease shall be
	Rank uint8  // of a standby
	// Name is what hosts know the unit by, at most [MaxName] bytes; the agent passes it on.
	Name string
}

// MaxName bounds Item.Name.
const MaxName = 256

// Refusal says why a node cannot take an item: the line that does not fit. The zero value
// refuses nothing.
type Refusal struct {
	Node NodeID
	Line string // such as "memory", at most [MaxLine] bytes
	Got  string // what there is, at most [MaxLine] bytes
	Want string // what is asked, at most [MaxLine] bytes
}

// MaxLine bounds the words of a Refusal.
const MaxLine = 120

// Refused reports whether r says anything.
func (r *Refusal) Refused() bool { return r.Line != "" }

// Kind says what a letter is about.
type Kind uint8

// Kinds of letters; those of a deal as in the doc of the package.
const (
	Gossip    Kind = iota + 1 // rows
	Reserve                   // leader → target
	Reserved                  // target → leader
	Refused                   // target → leader: to Reserve or Commit
	Commit                    // leader → target
	Committed                 // target → leader
	Abort                     // leader → target: forget the item
	Order                     // leader → target, or owner if the unit has one: do it
	Done                      // target or owner → leader: it is done, or failed
	Standing                  // standby → owner: I stand by
	Release                   // owner → standby: you are none any more; or back: I am none
	Propose                   // planner → agent: lead these moves as one deal
	End                       // anybody → owner: let the unit go out of service
	Retired                   // who wanted that → all: nobody owns the unit, under this epoch
	Noted                     // back: it is known, or something newer
	lastKind  = Noted
)

// Bounds of what a letter holds.
const (
	MaxRows  = 64 // rows of nodes and units, each
	MaxMoves = 64 // moves of a proposal
)

// Letter is what agents write to each other. Which fields are used follows from its kind;
// the others are zero.
type Letter struct {
	Kind        Kind
	From        NodeID
	Incarnation uint32 // life of the agent that wrote it

	Deal    DealID  // of all but Gossip, Standing, Release, End and Propose; of Retired and Noted it names the letter
	Index   uint16  // of its item
	Item    Item    // Reserve and Order have it whole, the others its unit, or the row of that
	Refusal Refusal // Refused; Done, if it failed

	Nodes []NodeRow // Gossip
	Units []UnitRow // Gossip
	Moves []Move    // Propose

	refs int
	home *Agent
}

// Retain keeps a letter that will be delivered once more: it is to be released once more,
// too.
func (l *Letter) Retain() { l.refs++ }

// Release gives back a letter that an effect has brought, after it has been delivered, or
// has been turned into bytes. The agent uses its memory again.
func (l *Letter) Release() {
	if l.refs--; l.refs == 0 && l.home != nil {
		l.home.letters = append(l.home.letters, l)
	}
}

// letter returns an empty letter that goes to a number of nodes.
func (a *Agent) letter(kind Kind, refs int) *Letter {
	var l *Letter
	if n := len(a.letters); n > 0 {
		l, a.letters = a.letters[n-1], a.letters[:n-1]
		*l = Letter{Nodes: l.Nodes[:0], Units: l.Units[:0], Moves: l.Moves[:0]}
	} else {
		l = new(Letter)
	}
	l.Kind, l.From, l.Incarnation, l.refs, l.home = kind, a.cfg.Node, a.cfg.Incarnation, refs, a
	return l
}
