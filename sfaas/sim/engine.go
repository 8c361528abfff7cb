// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"errors"
	"iter"
	"maps"
	"time"

	"github.com/neuroran/neuroran/sfaas"
	"github.com/neuroran/neuroran/sfaas/internal/core"
)

// engine is the simulated log: it delays, refuses and loses, and checks what
// every engine may rely on.
type engine struct {
	w      *World
	done   map[batchID]bool
	epochs map[sfaas.Unit]uint32 // the newest of each unit
}

type batchID struct {
	from core.Endpoint
	id   uint64
}

func newEngine(w *World) *engine {
	return &engine{w: w, done: map[batchID]bool{}, epochs: map[sfaas.Unit]uint32{}}
}

// forget lets the engine forget the numbers of a node's batches: its next
// incarnation counts anew.
func (e *engine) forget(node sfaas.NodeID) {
	maps.DeleteFunc(e.done, func(id batchID, _ bool) bool { return id.from.Node == node })
}

// Keeps implements sfaas.Engine.
func (e *engine) Keeps() bool { return false }

// Commit implements sfaas.Engine; the loop calls commit instead.
func (e *engine) Commit(*sfaas.Record, func(error)) {}

// Load implements sfaas.Engine.
func (e *engine) Load(func(sfaas.Unit, uint32, iter.Seq2[[]byte, []byte]) error) error { return nil }

// errUnknown is an answer that says nothing: the batch may be durable or not.
var errUnknown = errors.New("sim: the outcome of the commit is not known")

// commit decides what happens to a batch that is offered at time at.
func (e *engine) commit(b *core.Batch, c *seat, at sfaas.Time) {
	cfg := &e.w.cfg.Commit
	delay := cfg.Delay
	if cfg.Jitter > 0 {
		delay += time.Duration(e.w.random.Int64N(int64(cfg.Jitter)))
	}
	id := batchID{b.From, b.ID}
	var err error
	switch {
	case b.Record.Epoch < e.epochs[b.Record.Unit]:
		err = sfaas.ErrStaleEpoch
	case e.w.chance(cfg.Refuse) && !e.has(id):
		err = sfaas.ErrRefused
	case e.w.chance(cfg.Lose):
		if e.w.chance(0.5) {
			e.take(id, b)
		}
		e.w.hist.note(at, "unknown commit")
		err = errUnknown
	default:
		e.take(id, b)
	}
	answer := core.Event{Kind: core.EventCommitted, Batch: b, Offer: b.Offer(), Err: err}
	e.w.queue.push(entry{at: at.Add(delay), core: c, ev: answer})
	if e.w.chance(cfg.Twice) {
		again := time.Duration(e.w.random.Int64N(max(1, int64(cfg.Again))))
		e.w.queue.push(entry{at: at.Add(delay + again), core: c, ev: answer})
	}
}

// has reports whether a batch is durable.
func (e *engine) has(id batchID) bool {
	_, done := e.done[id]
	return done
}

// take makes a batch durable, some time before its answer.
func (e *engine) take(id batchID, b *core.Batch) {
	if _, done := e.done[id]; !done {
		e.done[id] = false
	}
	e.epochs[b.Record.Unit] = max(e.epochs[b.Record.Unit], b.Record.Epoch)
}

// tell tells the world's user of a batch that is durable, once, when its first good
// answer comes.
func (e *engine) tell(answer *core.Event) {
	b := answer.Batch
	id := batchID{b.From, b.ID}
	if told, done := e.done[id]; !done || told || answer.Err != nil {
		return
	}
	e.done[id] = true
	if f := e.w.cfg.Committed; f != nil {
		f(b)
	}
}
