// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"time"

	"github.com/neuroran/neuroran/sfaas"
	"github.com/neuroran/neuroran/sfaas/internal/core"
	"github.com/neuroran/neuroran/sfaas/internal/state"
)

// storage is the disk of a node and what of it is under way. It outlives the node.
type storage struct {
	disk *Disk
	open []written // not synced
	life int
}

// written is a record that is written and not synced.
type written struct {
	place int // how many have been written with it
	batch *core.Batch
}

// store writes the record of a batch to the disk of its node, and answers when it is
// synced.
func (w *World) store(b *core.Batch, c *seat, at sfaas.Time) {
	cfg, s := &w.cfg.Commit, c.node.storage
	delay := cfg.Delay
	if cfg.Jitter > 0 {
		delay += time.Duration(w.random.Int64N(int64(cfg.Jitter)))
	}
	w.owns(c.node, &b.Record)
	offer, life := b.Offer(), s.life
	answer := func(err error, in time.Duration) {
		w.At(at.Add(in), func() {
			if life == s.life {
				w.queue.push(entry{at: w.now, core: c, ev: core.Event{Kind: core.EventCommitted, Batch: b, Offer: offer, Err: err}})
			}
		})
	}
	if w.chance(cfg.Refuse) {
		answer(sfaas.ErrRefused, delay)
		return
	}
	place, err := s.disk.Write(&b.Record)
	if err != nil {
		answer(err, delay)
		return
	}
	s.open = append(s.open, written{place, b})
	if w.chance(cfg.Lose) {
		err = errUnknown
	}
	sync := func() {
		if life == s.life {
			s.disk.SyncTo(place)
			w.durable(s, place)
		}
	}
	if w.cfg.Bugs.AckBeforeSync() {
		answer(err, 0)
		w.At(at.Add(delay), sync)
		return
	}
	w.At(at.Add(delay), sync)
	answer(err, delay)
	if w.chance(cfg.Twice) {
		answer(err, delay+time.Duration(w.random.Int64N(max(1, int64(cfg.Again)))))
	}
}

// durable tells the world's user of the records that have become durable.
func (w *World) durable(s *storage, place int) {
	rest := s.open[:0]
	for _, x := range s.open {
		if x.place > place {
			rest = append(rest, x)
		} else if f := w.cfg.Committed; f != nil {
			f(x.batch)
		}
	}
	clear(s.open[len(rest):])
	s.open = rest
}

// Owns is told of a second owner of a unit under one epoch.
type twoOwners struct {
	unit  sfaas.Unit
	epoch uint32
}

// owns notes who makes records of a unit under an epoch.
func (w *World) owns(n *Node, r *sfaas.Record) {
	if r.Unit == (sfaas.Unit{}) {
		return
	}
	id := twoOwners{r.Unit, r.Epoch}
	if old, ok := w.owners[id]; ok && old != n.id && w.cfg.TwoOwners != nil {
		w.cfg.TwoOwners(r.Unit, r.Epoch, old, n.id)
	}
	w.owners[id] = n.id
}

// begin lets the disk of a node have what the records of the next life are read by. The node
// may crash before that is synced: then the life after that begins.
func (n *Node) begin() error {
	for {
		rec, err := state.NewRecorder(n.w.app.Plan(), n.set, n.w.now, int64(n.w.now))
		if err != nil {
			return err
		}
		n.set.Recorder, n.rec = rec, rec
		disk := n.storage.disk
		if _, err := disk.Write(rec.Begin()); err != nil {
			return err
		}
		if n.w.now == 0 || !n.w.chance(n.w.cfg.Vain) {
			disk.Sync()
			return nil
		}
		disk.Crash(n.w.random)
		if err := n.number(); err != nil {
			return err
		}
	}
}

// recover lets a node that has started go on with what is on its disk.
func (n *Node) recover() error {
	w := n.w
	err := state.Recover(n.cores, n.rec, n.storage.disk, w.now, func(i int, eff []core.Effect) {
		for j := range eff {
			w.carryOut(n.list[i], &eff[j], w.now)
		}
	})
	for _, c := range n.list {
		w.wake(c)
	}
	return err
}
