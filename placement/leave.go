// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"context"
	"errors"
	"time"

	"github.com/neuroran/neuroran/placement/internal/agent"
	"github.com/neuroran/neuroran/sfaas"
)

// Leave brings every unit of this node to others, tells the zone that the node goes, closes
// its deployments, and ends. No goroutine of the node is left when it returns.
//
// It returns when that is done, or when ctx ends or every other node has refused a unit: then
// what is still here ends with the node, and its standbys take over. An [*UnplacedError] per
// unit says which and why. The last node of a zone takes its units with it.
//
// Functions of the program, such as those of [WithEvents] and [WithWarm], have returned by then.
// One that has not after some seconds, since it has called Leave itself or waits for something
// else, is not waited for: that is an [*sfaas.OptionError], and its goroutine ends with it.
//
// The first call does it; others wait for its end, and return the error of the first, or that
// of their own ctx.
func (n *Node) Leave(ctx context.Context) error {
	first := false
	n.once.Do(func() { first = true })
	if first {
		n.end = n.leave(ctx)
		close(n.ended)
	}
	select {
	case <-n.ended:
		return n.end
	default:
	}
	select {
	case <-n.ended:
		return n.end
	case <-ctx.Done():
		return ctx.Err()
	}
}

// leave is Leave, once. In the order of the code:
//
//  1. The agent refuses what comes, and moves what is here. Standbys are replaced by the
//     owners of their units.
//     The planner goes to another member, if it is here.
//  2. All members hear that this node has left; they forget it without a suspicion.
//  3. Deployments close, then the control app, by which the others would still be told.
func (n *Node) leave(ctx context.Context) error {
	n.mu.Lock()
	n.leaving = true
	clear(n.stuck)
	alone := len(n.linked) == 0
	n.mu.Unlock()
	var errs []error
	if !alone {
		n.post(agent.Event{Kind: agent.Drain})
		errs = append(errs, n.drain(ctx))
		n.awaitLines(ctx)
	}
	n.passPlanner(ctx)
	n.changeCard(func(k *card) { k.left = true })
	if m := n.cfg.Membership; m != nil {
		errs = append(errs, m.Leave())
	}
	n.mu.Lock()
	carriers := n.sortedCarriers()
	n.mu.Unlock()
	for _, c := range carriers {
		errs = append(errs, c.close(ctx))
	}
	return errors.Join(append(errs, n.shut())...)
}

// programTime is for how long what ends waits for functions of the program.
const programTime = 5 * time.Second

// awaitProgram waits for goroutines some of which may be in a function of the program. That may
// be the one that has called Leave, and then it would wait for itself.
func awaitProgram(wait func()) error {
	done := make(chan struct{})
	go func() { wait(); close(done) }()
	select {
	case <-done:
		return nil
	case <-time.After(programTime):
		return &sfaas.OptionError{Option: "placement.Node.Leave", Got: "a function of the program that has not returned", Want: "one that does not wait for Leave"}
	}
}

// awaitLines waits for what is being done for units: one is elsewhere a little before its move
// has ended. What is not done when ctx ends is given up in shut.
func (n *Node) awaitLines(ctx context.Context) {
	done := make(chan struct{})
	n.wg.Go(func() {
		n.lines.wait()
		close(done)
	})
	select {
	case <-done:
	case <-ctx.Done():
	}
}

// drainPoll is how often drain looks whether all that is left has been refused.
const drainPoll = 50 * time.Millisecond

// drain waits until nothing is here any more, and returns why if something has to stay.
func (n *Node) drain(ctx context.Context) error {
	poll := time.NewTicker(drainPoll)
	defer poll.Stop()
	began := time.Now()
	for {
		select {
		case <-n.drained:
			return nil
		case <-ctx.Done():
			return errors.Join(ctx.Err(), n.refused())
		case <-n.ctx.Done():
			return ErrLeft
		case <-poll.C:
			n.mu.Lock()
			alone := len(n.linked) == 0
			n.mu.Unlock()
			if alone {
				return nil
			}
			if time.Since(began) < fluxTime {
				continue // some may not have been heard of yet
			}
			if err := n.refused(); err != nil {
				return err
			}
		}
	}
}

// refused returns why the units that are still here have to stay, or nil if one of them has
// not been refused by all.
func (n *Node) refused() error {
	var here []agent.Item
	if !n.look(func(a *agent.Agent) { here = a.Holds(nil, true) }) {
		return nil
	}
	var errs []error
	for _, it := range here {
		n.mu.Lock()
		x, ok := n.stuck[it.Row.Unit]
		n.mu.Unlock()
		if it.Role != agent.RoleOwner {
			continue
		}
		if !ok {
			return nil
		}
		if c, u, ok := n.unitNamed(it.Name); ok {
			errs = append(errs, n.unplaced(c, u, x.Refusals))
		}
	}
	return errors.Join(errs...)
}
