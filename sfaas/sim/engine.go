// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"maps"
	"time"

	"github.com/neuroran/neuroran/sfaas"
	"github.com/neuroran/neuroran/sfaas/internal/core"
)

// engine is the simulated log: it delays, refuses and loses, and checks what
// every engine may rely on.
type engine struct {
	w    *World
	done map[batchID]bool
	// epochs holds the newest epoch of each (function, group).
	epochs map[group]uint32
}

type batchID struct {
	from core.Endpoint
	id   uint64
}

type group struct {
	function string
	group    uint8
}

func newEngine(w *World) *engine {
	return &engine{w: w, done: map[batchID]bool{}, epochs: map[group]uint32{}}
}

// forget lets the engine forget the numbers of a node's batches: its next
// incarnation counts anew.
func (e *engine) forget(node sfaas.NodeID) {
	maps.DeleteFunc(e.done, func(id batchID, _ bool) bool { return id.from.Node == node })
}

// Encodes implements sfaas.Engine.
func (e *engine) Encodes() bool { return true }

// Commit implements sfaas.Engine; the loop calls commit instead.
func (e *engine) Commit(*sfaas.Batch) {}

// commit decides what happens to a batch that is offered at time at.
func (e *engine) commit(b *sfaas.Batch, c *seat, at sfaas.Time) {
	cfg := &e.w.cfg.Commit
	delay := cfg.Delay
	if cfg.Jitter > 0 {
		delay += time.Duration(e.w.random.Int64N(int64(cfg.Jitter)))
	}
	id := batchID{b.From, b.ID}
	var err error
	g := group{b.Function, b.Group}
	switch {
	case b.Epoch < e.epochs[g]:
		err = sfaas.ErrStaleEpoch
	case e.w.chance(cfg.Refuse) && !e.done[id]:
		err = sfaas.ErrRefused
	case e.w.chance(cfg.Lose):
		if e.w.chance(0.5) {
			e.take(id, g, b.Epoch)
		}
		e.w.hist.note(at, "lost commit")
		return
	default:
		e.take(id, g, b.Epoch)
	}
	answer := core.Event{Kind: core.EventCommitted, Batch: b, Err: err, Link: b.ID}
	e.w.queue.push(entry{at: at.Add(delay), core: c, ev: answer})
	if e.w.chance(cfg.Twice) {
		again := time.Duration(e.w.random.Int64N(max(1, int64(cfg.Again))))
		e.w.queue.push(entry{at: at.Add(delay + again), core: c, ev: answer})
	}
}

// take makes a batch durable, some time before its answer.
func (e *engine) take(id batchID, g group, epoch uint32) {
	e.done[id] = true
	e.epochs[g] = max(e.epochs[g], epoch)
}

// tell tells the world's user of a batch that is durable, when its answer comes. The
// batch may have been recycled since, if this is the second answer.
func (e *engine) tell(answer *core.Event) {
	if f := e.w.cfg.Committed; f != nil && answer.Err == nil && answer.Batch.ID == answer.Link {
		f(answer.Batch)
	}
}
