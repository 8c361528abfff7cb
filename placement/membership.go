// SPDX-License-Identifier: Apache-2.0

package placement

import "github.com/neuroran/neuroran/sfaas"

// Member is a node of the zone, as members tell each other.
type Member struct {
	Node        sfaas.NodeID // its number
	Incarnation uint32       // its life: higher than that of every earlier one
	Address     string       // where it is dialled
}

// MemberChange says what has become of a member.
type MemberChange uint8

// Changes of members.
const (
	MemberFound MemberChange = iota // it is said to be there
	MemberLost                      // it is said not to answer
)

// String returns one word.
func (c MemberChange) String() string {
	if c == MemberLost {
		return "lost"
	}
	return "found"
}

// Membership finds members and notices those that are gone. A node has one always: its
// connections, each of which tells at once when a process ends, and after
// [Config.Round] × 50 that nothing comes any more. A second one, such as that of package
// placement/gossip, finds members that no seed knows, and is asked by other ways than the
// connection.
//
// What it says is a hint. A node that is found is dialled, and is a member when it has shown
// the token; one that is lost is one no more if its connection is gone too.
type Membership interface {
	// Start begins, for the member that this node is. Tell is called for every change that is
	// noticed from then on; it does not block, and calls may overlap.
	Start(self Member, tell func(Member, MemberChange)) error
	// Leave tells others that this member goes on purpose, and ends.
	Leave() error
}
