// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"encoding/binary"
	"fmt"

	"github.com/neuroran/neuroran/placement/internal/agent"
	"github.com/neuroran/neuroran/sfaas"
)

// Two programs may deploy different builds of an app under one name. The runtimes tell parts
// apart, and refuse one by one those about which they disagree: units would be placed where they
// cannot move, nor be taken over, and nobody would say why. So a deployment has a build, which is
// what of the parts that are placed must be equal for a unit to go from one node to another: of
// kept ones all but the cells, whose content is brought up to date on the way.
//
// Deploy refuses a build beside another one of the name at a member. Two that do so at once, or
// while the zone is cut, are two deployments to agents: their names among these differ. What is
// not placed, such as sinks behind a cut, may differ as the runtimes allow it.

// buildOf returns the build of parts that are placed.
func buildOf(placed []sfaas.PartInfo) sfaas.Digest {
	var b []byte
	for _, p := range placed {
		d := p.Digest
		if !p.Soft {
			d = p.Bare
		}
		b = binary.LittleEndian.AppendUint64(append(b, p.Name...), uint64(d))
	}
	return sfaas.Digest(hash(b))
}

// deploymentID returns what agents call a build of a deployment; it is never 0.
func deploymentID(c carrier) uint32 {
	b := binary.LittleEndian.AppendUint64([]byte(c.name()), uint64(c.build()))
	return uint32(hash(b)) | 1
}

// otherBuild returns an error if a deployment at a node is of another build than that of this one.
func otherBuild(c carrier, node sfaas.NodeID, d deployed) error {
	if d.build == c.build() {
		return nil
	}
	return &sfaas.DigestError{Of: fmt.Sprintf("deployment %s at node %d", c.name(), node), Got: d.build, Want: c.build()}
}

// builtOtherwise returns the error of otherBuild for the first member whose build is another
// one; n.mu is held.
func (n *Node) builtOtherwise(c carrier) error {
	for _, k := range n.sortedCards() {
		if d, ok := k.deployment(c.name()); ok && n.linked[k.Node] == k.Incarnation && !k.left {
			if err := otherBuild(c, k.Node, d); err != nil {
				return err
			}
		}
	}
	return nil
}

// sayBuilds says in refusals of nodes that have not deployed what was asked for that they have
// another build of it.
func (n *Node) sayBuilds(c carrier, refusals []agent.Refusal) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for i := range refusals {
		r := &refusals[i]
		if k := n.cards[r.Node]; k != nil && r.Line == "deployment" {
			if d, ok := k.deployment(c.name()); ok && otherBuild(c, r.Node, d) != nil {
				r.Got, r.Want = fmt.Sprintf("a build of digest %v", d.build), fmt.Sprint(c.build())
			}
		}
	}
}
