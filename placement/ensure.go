// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/neuroran/neuroran/placement/internal/agent"
	"github.com/neuroran/neuroran/sfaas"
)

// What the data plane asks of the node: see control.

// unitName is what people call a unit.
type unitName struct {
	deployment string
	unit       sfaas.Unit
}

// register makes a deployment known, here and to all members.
func (n *Node) register(c carrier) error {
	h := deploymentID(c)
	if len(c.address()) > maxAddress {
		return &sfaas.OptionError{Option: "address of a deployment", Got: c.address(), Want: fmt.Sprintf("at most %d bytes", maxAddress)}
	}
	n.mu.Lock()
	here := slices.ContainsFunc(n.sortedCarriers(), func(o carrier) bool { return o.name() == c.name() })
	other := n.builtOtherwise(c)
	switch {
	case n.left || n.leaving:
		n.mu.Unlock()
		return n.whyLeft()
	case other != nil:
		n.mu.Unlock()
		return other
	case here || len(n.carriers) >= maxDeployments:
		n.mu.Unlock()
		return &sfaas.OptionError{Option: "name of a deployment", Got: c.name(), Want: fmt.Sprintf("one that is not here yet, and at most %d of them", maxDeployments)}
	}
	n.carriers[h] = c
	others := n.sortedCards()
	n.mu.Unlock()
	n.changeCard(func(k *card) { k.deployments = append(k.deployments, deployed{c.name(), c.address(), c.build()}) })
	for _, k := range others {
		if k.Node == n.id || k.left {
			continue
		}
		n.connect(c, k)
	}
	n.tellResources()
	return nil
}

// fluxTime is for how long Ensure asks again where the answer may be out of date: members
// that have joined a moment ago may not have deployed yet, or not have been heard of.
const fluxTime = time.Second

// ensure lets a unit have an owner and its standbys.
func (n *Node) ensure(ctx context.Context, c carrier, u sfaas.Unit) (uint32, func(bool), error) {
	row, err := n.row(c, u)
	if err != nil {
		return 0, nil, err
	}
	until := time.Now().Add(fluxTime)
	for {
		r := c.route(u)
		x, err := n.ask(ctx, c, u, agent.Event{Kind: agent.Wish, Row: row, Name: n.unitName(c, u), Node: r.Owner, Epoch: r.Epoch})
		if err != nil {
			return 0, nil, err
		}
		settle := func(ok bool) {
			kind := agent.Withdraw
			if ok {
				kind = agent.Stand
			}
			n.post(agent.Event{Kind: kind, Row: row, Token: x.Token})
		}
		switch {
		case x.Node != 0:
			return x.Epoch, settle, nil
		case !inFlux(x.Refusals) || time.Now().After(until):
			return 0, nil, n.unplaced(c, u, x.Refusals)
		}
		if err := n.pause(ctx); err != nil {
			return 0, nil, errors.Join(err, n.unplaced(c, u, x.Refusals))
		}
	}
}

// release takes a unit out of service.
func (n *Node) release(ctx context.Context, c carrier, u sfaas.Unit) (uint32, error) {
	row, err := n.row(c, u)
	if err != nil {
		return 0, err
	}
	r := c.route(u)
	x, err := n.ask(ctx, c, u, agent.Event{Kind: agent.Retire, Row: row, Name: n.unitName(c, u), Node: r.Owner, Epoch: r.Epoch})
	if err == nil && len(x.Refusals) > 0 {
		err = n.unplaced(c, u, x.Refusals)
	}
	return x.Epoch, err
}

// relocate brings a unit to a node, with a lease there, and returns when it is there.
func (n *Node) relocate(ctx context.Context, c carrier, u sfaas.Unit, to sfaas.NodeID) error {
	row, err := n.row(c, u)
	if err != nil {
		return err
	}
	for until := time.Now().Add(fluxTime); ; {
		x, err := n.ask(ctx, c, u, agent.Event{Kind: agent.Relocate, Row: row, Node: to, Name: n.unitName(c, u)})
		if err != nil {
			return err
		}
		// The agent may not have heard yet what the runtime has: of a move that has just ended.
		r := c.route(u)
		switch late := time.Now().After(until); {
		case x.Node != 0 && (r.Owner == to || r.Epoch < x.Epoch || late):
			return nil
		case x.Node == 0 && (late || !inFlux(x.Refusals)):
			return n.unplaced(c, u, x.Refusals)
		}
		if err := n.pause(ctx); err != nil {
			return err
		}
	}
}

// pause waits for some rounds of the agents.
func (n *Node) pause(ctx context.Context) error {
	select {
	case <-time.After(2 * n.cfg.Round):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-n.ctx.Done():
		return n.whyLeft()
	}
}

// ask posts a wish of a unit and waits for its answer. One that ends before is taken back.
func (n *Node) ask(ctx context.Context, c carrier, u sfaas.Unit, e agent.Event) (agent.Effect, error) {
	answer := make(chan agent.Effect, 1)
	n.mu.Lock()
	n.lastToken++
	e.Token = n.lastToken
	n.waiting[e.Token] = answer
	n.mu.Unlock()
	n.postOf(c, u, e)
	select {
	case x := <-answer:
		return x, nil
	case <-ctx.Done():
		n.mu.Lock()
		delete(n.waiting, e.Token)
		n.mu.Unlock()
		if e.Kind != agent.Relocate { // a move is over soon, one way or the other
			n.post(agent.Event{Kind: agent.Withdraw, Row: e.Row, Token: e.Token})
		}
		return agent.Effect{}, ctx.Err()
	case <-n.ctx.Done():
		return agent.Effect{}, n.whyLeft()
	}
}

// placed answers who has asked about a unit. During a drain it says which unit nobody takes.
func (n *Node) placed(x agent.Effect) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if x.Token == 0 {
		n.stuck[x.Unit] = x
		return
	}
	if answer, ok := n.waiting[x.Token]; ok {
		answer <- x
		delete(n.waiting, x.Token)
	}
}

// inFlux reports whether any node may answer otherwise in a moment.
func inFlux(refusals []agent.Refusal) bool {
	return slices.ContainsFunc(refusals, func(r agent.Refusal) bool {
		return slices.Contains([]string{"deployment", "state", "answer", "standbys", "unit", "owner", "lease", "data plane"}, r.Line)
	})
}

func (n *Node) unplaced(c carrier, u sfaas.Unit, refusals []agent.Refusal) error {
	n.sayBuilds(c, refusals)
	e := &UnplacedError{Deployment: c.name(), Unit: u}
	for _, r := range refusals {
		e.Refusals = append(e.Refusals, Refusal(r))
	}
	return e
}

// row returns what is known of a unit before it is anywhere.
func (n *Node) row(c carrier, u sfaas.Unit) (agent.UnitRow, error) {
	soft, err := c.unit(u.Root, u.Part)
	if err != nil {
		return agent.UnitRow{}, err
	}
	spec := c.spec()
	h := deploymentID(c)
	r := agent.UnitRow{Unit: unitID(h, u), Deployment: h, Want: uint8(spec.SLA.Standbys), Kept: !soft}
	r.Columns[unitMemory] = float32(spec.Needs.Memory) / 1e6
	r.Columns[unitDeadline] = float32((spec.SLA.Deadline - spec.SLA.Margin).Microseconds())
	r.Columns[unitSlot] = float32(spec.Slot.Microseconds())
	spec.fillModes(&r.Columns)
	return r, nil
}

// owned says that this node owns a unit now.
func (n *Node) owned(c carrier, u sfaas.Unit, epoch uint32) {
	if row, err := n.row(c, u); err == nil {
		n.postOf(c, u, agent.Event{Kind: agent.Owned, Row: row, Epoch: epoch, Name: n.unitName(c, u)})
	}
}

// routed says that another node owns a unit.
func (n *Node) routed(c carrier, r sfaas.Route) {
	row := agent.UnitRow{Unit: unitID(deploymentID(c), r.Unit)}
	n.postOf(c, r.Unit, agent.Event{Kind: agent.Routed, Row: row, Node: r.Owner, Epoch: r.Epoch})
}

// claimEpoch returns the epoch under which this node alone may claim a unit, or 0.
func (n *Node) claimEpoch(after uint32) uint32 {
	e := agent.ClaimEpoch(after, n.id)
	if e == 0 {
		n.log.Error("placement: a unit has been claimed too often: it has no epoch left", "epoch", after)
	}
	return e
}
