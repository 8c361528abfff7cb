// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/neuroran/neuroran/placement/internal/agent"
	"github.com/neuroran/neuroran/sfaas"
)

// effectTime is how long a data plane may take for what an agent wants of it.
const effectTime = 5 * time.Second

// lines lets what is done for one unit be done in order, and for different units at once.
type lines struct {
	mu   sync.Mutex
	work map[agent.UnitID][]func()
	wg   sync.WaitGroup
}

func (l *lines) add(u agent.UnitID, f func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.work == nil {
		l.work = map[agent.UnitID][]func(){}
	}
	waiting, busy := l.work[u]
	l.work[u] = append(waiting, f)
	if !busy {
		l.wg.Go(func() { l.run(u) })
	}
}

func (l *lines) run(u agent.UnitID) {
	for {
		l.mu.Lock()
		waiting := l.work[u]
		if len(waiting) == 0 {
			delete(l.work, u)
			l.mu.Unlock()
			return
		}
		f := waiting[0]
		l.work[u] = waiting[1:]
		l.mu.Unlock()
		f()
	}
}

func (l *lines) wait() { l.wg.Wait() }

// perform does what the agent wants of this process. It does not block: it is called by the
// agent's function.
func (n *Node) perform(x agent.Effect) {
	switch x.Kind {
	case agent.Placed:
		n.placed(x)
		return
	case agent.Drained:
		close(n.drained)
		return
	case agent.Forgot:
		n.mu.Lock()
		delete(n.names, x.Unit)
		n.mu.Unlock()
		return
	}
	n.lines.add(x.Unit, func() { n.carryOut(&x) })
}

// carryOut asks the data plane of the unit's deployment, and tells the agent how it went.
func (n *Node) carryOut(x *agent.Effect) {
	ctx, stop := context.WithTimeout(n.ctx, effectTime)
	defer stop()
	outcome := agent.Event{Kind: agent.Outcome, Deal: x.Deal, Index: x.Index, Row: agent.UnitRow{Unit: x.Unit}, Epoch: x.Epoch}
	c, u, ok := n.unitNamed(x.Name)
	var err error
	if !ok {
		err = fmt.Errorf("%q is not deployed here", x.Name)
	} else {
		switch x.Kind {
		case agent.Own:
			if err = c.own(ctx, u, x.Epoch); errors.Is(err, sfaas.ErrStaleEpoch) {
				if r := c.route(u); r.Owner != n.id {
					n.routed(c, r) // for the next try: agents forget units, and runtimes do not
				}
			}
		case agent.Prepare:
			err = c.prepare(ctx, u, x.Node, int(x.Rank))
		case agent.MoveUnit:
			err = move(ctx, c, u, x.Node)
		case agent.Unprepare:
			c.unprepare(u)
			return
		case agent.LetGo: // that it is done the route says
			if err := c.release(u, x.Epoch); err != nil && !errors.Is(err, sfaas.ErrStaleEpoch) && !errors.Is(err, sfaas.ErrMoving) {
				n.log.Warn("placement: a unit cannot go out of service", "unit", x.Name, "err", err)
			}
			return
		case agent.Follow:
			var standbys []sfaas.NodeID
			for _, s := range x.Standbys {
				if s != 0 {
					standbys = append(standbys, s)
				}
			}
			c.follow(u, standbys)
			return
		}
	}
	if err != nil {
		n.log.Warn("placement: a unit could not be served as agreed", "unit", x.Name, "err", err)
		outcome.Failure = agent.Refusal{Line: "data plane", Got: err.Error(), Want: "done"}
	}
	n.post(outcome)
}

// linkTime is for how long a move waits for the connection of two deployments, which may have
// heard of each other a moment ago.
const linkTime = time.Second

func move(ctx context.Context, c carrier, u sfaas.Unit, to sfaas.NodeID) error {
	for end := time.Now().Add(linkTime); ; {
		_, err := c.move(ctx, u, to)
		if !errors.Is(err, sfaas.ErrUnlinked) || time.Now().After(end) {
			return err
		}
		select {
		case <-time.After(10 * time.Millisecond):
		case <-ctx.Done():
			return err
		}
	}
}

// unitName returns how letters name a unit: deployment, part and number of the key.
func (n *Node) unitName(c carrier, u sfaas.Unit) string {
	id, _ := u.Root.ID(c.spec().Unit)
	return c.name() + "\x00" + u.Part + "\x00" + strconv.FormatUint(id, 10)
}

// unitNamed is the inverse of unitName; ok is false if the deployment is not here. The name
// comes from another node.
func (n *Node) unitNamed(name string) (c carrier, u sfaas.Unit, ok bool) {
	words := strings.Split(name, "\x00")
	if len(words) != 3 {
		return nil, u, false
	}
	id, err := strconv.ParseUint(words[2], 10, 56)
	if c = n.carrierNamed(words[0]); c == nil || err != nil {
		return nil, u, false
	}
	u = sfaas.Unit{Part: words[1], Root: sfaas.NewKey(c.spec().Unit, id)}
	_, err = c.unit(u.Root, u.Part)
	return c, u, err == nil
}

// carrierNamed returns the deployment of a name, or nil.
func (n *Node) carrierNamed(name string) carrier {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, c := range n.carriers {
		if c.name() == name {
			return c
		}
	}
	return nil
}

// carrier returns a deployment by what agents call it, or nil.
func (n *Node) carrier(deployment uint32) carrier {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.carriers[deployment]
}
