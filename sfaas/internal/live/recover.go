// SPDX-License-Identifier: Apache-2.0

package live

import (
	"context"
	"errors"
	"math"
	"time"

	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/core"
	"github.com/neuroran/neuroran/sfaas/internal/state"
)

// beginLimit is for how long a runtime that starts waits for its engine.
const beginLimit = 30 * time.Second

var errSlowEngine = errors.New("sfaas: the engine does not answer")

// beginLife gives this life its number, and lets an engine that keeps records have what those
// of this life are read by. Nothing else is recorded before.
//
// Order of a beginning life:
//
//  1. Its number is higher than that of the last life: the engine takes records of an equal
//     one for repeats, and acknowledges what it does not write.
//  2. The recorder knows the graph's names and this life's clock.
//  3. If the engine has units of an earlier life, sources are refused until Recover.
//  4. The first record says what those of this life are read by, and must be durable
//     before any other can be.
func (r *Runtime) beginLife() error {
	var last uint32
	var unread bool
	keeps := r.set.Engine.Keeps()
	if keeps {
		var err error
		if last, unread, err = core.LastLife(r.set.Engine); err != nil {
			return base.Errorf("begin: %w: %w", base.ErrRecords, err)
		}
	}
	switch {
	case last == math.MaxUint32 || r.set.Numbered && last > 0 && r.set.Incarnation <= last:
		return base.Errorf("begin: %w", &base.LifeError{Node: r.set.Node, Life: r.set.Incarnation, Last: last})
	case !r.set.Numbered:
		r.set.Incarnation, r.shown = core.NextIncarnation(r.set.Node, last)
	}
	if !keeps {
		return nil
	}
	var err error
	if r.rec, err = state.NewRecorder(r.app, r.set, r.set.Clock(), time.Now().UnixNano()); err != nil {
		return err
	}
	r.set.Recorder = r.rec
	r.unread.Store(unread)
	r.paused.Store(unread) // nothing is pushed before Recover
	answer := make(chan error, 1)
	r.set.Engine.Commit(r.rec.Begin(), func(err error) {
		select {
		case answer <- err:
		default: // a second answer
		}
	})
	select {
	case err = <-answer:
	case <-time.After(beginLimit):
		err = errSlowEngine
	}
	if err != nil {
		return base.Errorf("begin: %w", err)
	}
	return nil
}

// errUnread refuses pushes to a runtime whose engine has records of an earlier life.
var errUnread = base.Errorf("%w: they are of an earlier life, and have not been recovered", base.ErrRecords)

// refusal returns why sources are refused.
func (r *Runtime) refusal() error {
	if r.unread.Load() {
		return errUnread
	}
	return base.ErrBusy
}

// Recover lets a runtime that has not processed anything yet go on with what its engine
// has kept. Its workers stand still meanwhile.
//
// A failed recovery leaves sources refused: serving from half of what was kept could
// overwrite the other half.
func (r *Runtime) Recover(ctx context.Context) (err error) {
	if r.rec == nil {
		return nil
	}
	// A recovery concerns this runtime alone: it is not linked yet, and nobody can have
	// sent it anything.
	self := []*Runtime{r}
	if len(r.linked()) > 1 {
		return base.Errorf("recover: %w", base.ErrLinked)
	}
	if !r.unread.Load() && !pause(self) {
		return base.Errorf("recover: %w", base.ErrBusy)
	}
	defer func() {
		if err == nil || !r.unread.Load() { // after an error nothing is served
			r.unread.Store(false)
			unpause(self)
		}
	}()
	resume, err := r.halt(ctx, self)
	if err != nil {
		return base.Errorf("recover: %w", err)
	}
	defer resume()
	return state.Recover(r.cores, r.rec, r.set.Engine, r.set.Clock(), r.doAt)
}

// doAt carries out what a core wants to be done whose worker stands still: it sees this
// when it goes on.
func (r *Runtime) doAt(at int, eff []core.Effect) {
	w := r.workers[at]
	w.effects = append(w.effects[:0], eff...)
	w.carryOut()
}
