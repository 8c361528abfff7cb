// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"context"
	"errors"
	"time"

	"github.com/neuroran/neuroran/sfaas"
	"github.com/neuroran/neuroran/sfaas/internal/core"
	"github.com/neuroran/neuroran/sfaas/internal/state"
)

// Node is one simulated runtime. It is a sfaas.Host: push into it with the
// inputs of the graph. What is pushed arrives at the present moment of the virtual clock,
// or when the faults of the source's edges let it.
type Node struct {
	w       *World
	id      sfaas.NodeID
	set     *core.Settings
	cores   *core.Cores
	list    []*seat
	notices []sfaas.Notice
	down    bool
	silent  bool       // nobody has heard that it is down
	shown   sfaas.Time // before which this life is linked to nobody, see number
	routes  map[sfaas.Unit]sfaas.Route
	rests   map[string]core.Rest
	storage *storage        // nil: nothing is kept
	rec     *state.Recorder // of this life
	wire    *state.Wire     // of this life, in a world of bytes
	met     map[sfaas.NodeID]*state.Peer
}

var _ sfaas.Host = (*Node)(nil)

// start gives the node new cores, without state.
func (n *Node) start() error {
	if err := n.number(); err != nil {
		return err
	}
	if n.storage != nil {
		if err := n.begin(); err != nil {
			return err
		}
	}
	n.routes, n.rests = map[sfaas.Unit]sfaas.Route{}, map[string]core.Rest{}
	cores, err := core.NewCores(n.w.app.Plan(), n.set)
	if err != nil {
		return err
	}
	n.cores, n.list = cores, nil
	n.wire = state.NewWire(n.w.app.Plan(), n.set)
	for i, k := range cores.List {
		n.list = append(n.list, &seat{node: n, core: k, self: core.Endpoint{Node: n.id, Core: i}, alarm: sfaas.Never})
	}
	return nil
}

// began is the moment since 1970 at which worlds begin.
const began = 1_767_225_600 * time.Second

// number gives the life that begins its number, as that of a process is given: after the last
// one on the disk, or by the clock. By the clock alone it is to be shown to nobody for a while.
func (n *Node) number() (err error) {
	last := uint32(0)
	if n.storage != nil {
		if last, _, err = core.LastLife(n.storage.disk); err != nil {
			return err
		}
	}
	now := began + time.Duration(n.w.now)
	if n.w.now == 0 {
		now -= time.Second // the first lives have begun a while ago
	}
	if n.w.cfg.Bugs.LivesByClock() {
		last = 1 // of long ago
	}
	id, wait := new(core.Lives).Next(n.id, last, now)
	n.set.Incarnation, n.shown = id, n.w.now.Add(wait)
	if n.w.now == 0 {
		n.shown = 0
	}
	return nil
}

// Pushed implements sfaas.Host.
func (n *Node) Pushed(from core.SourceRef, key sfaas.Key) (sfaas.Position, bool) {
	return n.cores.Pushed(from, key)
}

// Draft implements sfaas.Host.
func (n *Node) Draft(from core.SourceRef, key sfaas.Key) (*core.Message, error) {
	switch {
	case n.down:
		return nil, sfaas.ErrClosed
	case n.w.held:
		return nil, sfaas.ErrBusy
	}
	return n.cores.Intake.Draft(from, key)
}

// Discard implements sfaas.Host.
func (n *Node) Discard(m *core.Message) { m.Release() }

// Inject implements sfaas.Host.
func (n *Node) Inject(m *core.Message) error {
	ev, err := n.cores.Intake.Event(m)
	if err != nil {
		return err
	}
	n.post(m, ev)
	return nil
}

func (n *Node) post(m *core.Message, ev core.Event) {
	n.w.queue.push(entry{at: n.w.now, core: n.list[int(m.Group())%len(n.list)], ev: ev})
}

type callResult struct {
	msg  *core.Message
	err  error
	done bool
}

var errNoReply = errors.New("sim: the world came to rest without a reply")

// Invoke implements sfaas.Host: it runs the world until the reply is there.
func (n *Node) Invoke(ctx context.Context, m *core.Message) (*core.Message, error) {
	n.w.nextID++
	id := n.w.nextID
	res := &callResult{}
	n.w.calls[id] = res
	defer delete(n.w.calls, id)
	ev, err := n.cores.Intake.CallEvent(m, id, n.id, n.w.now)
	if err != nil {
		return nil, err
	}
	n.post(m, ev)
	for !res.done && n.w.queue.len() > 0 && !n.w.halted && ctx.Err() == nil {
		n.w.RunUntil(n.w.queue.first())
	}
	if !res.done {
		return nil, errors.Join(errNoReply, ctx.Err())
	}
	return res.msg, res.err
}

// reply takes the answer to a call of host code.
func (w *World) reply(e *core.Effect) {
	if res := w.calls[e.Call]; res != nil {
		*res = callResult{e.Msg, e.Err, true}
	} else if e.Msg != nil {
		e.Msg.Release()
	}
}

// hear notes the news of an effect.
func (n *Node) hear(s *core.Signal) {
	if s.Resign == nil {
		n.learn(s.Route)
		return
	}
	if r, old := s.Resign.Rest, n.rests[s.Resign.Part]; r.Epoch > old.Epoch {
		n.rests[r.Part] = r
	}
}

// learn notes a route.
func (n *Node) learn(r sfaas.Route) {
	if old, ok := n.routes[r.Unit]; !ok || r.After(old) {
		n.routes[r.Unit] = r
	}
}

// Owner returns which node owns a unit, as far as this one knows.
func (n *Node) Owner(u sfaas.Unit) sfaas.NodeID {
	if r, ok := n.routes[u]; ok {
		return r.Owner
	}
	if r, ok := n.rests[u.Part]; ok {
		return r.Owner
	}
	return n.set.DefaultOwner(u.Part)
}

// Epoch returns the epoch of a unit's route, as far as the node knows.
func (n *Node) Epoch(u sfaas.Unit) uint32 { return n.routes[u].Epoch }

// Stats returns the counters of the node's functions.
func (n *Node) Stats() []sfaas.FunctionStats { return n.cores.Stats() }

// Units returns what the node has counted of units, in dst as far as it fits, see
// [sfaas.Runtime.Units].
func (n *Node) Units(dst []sfaas.UnitStats) []sfaas.UnitStats {
	n.cores.Publish()
	return n.cores.Units(dst)
}

// Flows returns what has travelled between the node and others, see [sfaas.Runtime.Flows].
func (n *Node) Flows(dst []sfaas.EdgeFlow) []sfaas.EdgeFlow {
	n.cores.Publish()
	return n.cores.Flows(dst)
}

// Notices returns what went otherwise than in a good slot, in order. Other
// than faults it is kept only if the world was made with sfaas.WithNotices.
func (n *Node) Notices() []sfaas.Notice { return n.notices }

func (n *Node) notice(w *World, x *sfaas.Notice) {
	n.notices = append(n.notices, *x)
	w.hist.notice(w.now, n, x)
}
