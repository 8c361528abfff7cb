// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"log/slog"

	"github.com/neuroran/neuroran/placement/internal/agent"
	"github.com/neuroran/neuroran/sfaas"
)

// policy is what the agent of this node asks, with or without a planner: where a unit would
// take least, and which units of its own would take less elsewhere. Both are said by package
// plan, of what others have told.
type policy struct {
	thinker *thinker
	log     *slog.Logger
}

// Order implements agent.Planner.
func (p policy) Order(dst []sfaas.NodeID, v *agent.View, it *agent.Item) []sfaas.NodeID {
	dst = p.thinker.first(dst, v, it)
	p.complain()
	return dst
}

// Think implements agent.Planner.
func (p policy) Think(dst []agent.Move, _ sfaas.Time, v *agent.View) []agent.Move {
	dst = p.thinker.node(dst, v, v.Self)
	p.complain()
	return dst
}

func (p policy) complain() {
	if err := p.thinker.err; err != nil {
		p.log.Warn("placement: what nodes say makes no sense together", "err", err)
	}
}
