// SPDX-License-Identifier: Apache-2.0

package live

import (
	"context"
	"errors"
	"time"

	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/core"
	"github.com/neuroran/neuroran/sfaas/internal/state"
)

// beginLimit is for how long a runtime that starts waits for its engine.
const beginLimit = 30 * time.Second

var errSlowEngine = errors.New("sfaas: the engine does not answer")

// beginLife lets an engine that keeps records have what those of this life are read by.
// Nothing else is recorded before.
func (r *Runtime) beginLife() (err error) {
	if !r.set.Engine.Keeps() {
		return nil
	}
	if r.rec, err = state.NewRecorder(r.app, r.set, r.set.Clock(), time.Now().UnixNano()); err != nil {
		return err
	}
	r.set.Recorder = r.rec
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

// Recover lets a runtime that has not processed anything yet go on with what its engine
// has kept. Its workers stand still meanwhile.
func (r *Runtime) Recover(ctx context.Context) error {
	if r.rec == nil {
		return nil
	}
	self := []*Runtime{r}
	if len(r.linked()) > 1 {
		return base.Errorf("recover: %w", base.ErrLinked)
	}
	if !pause(self) {
		return base.Errorf("recover: %w", base.ErrBusy)
	}
	defer unpause(self)
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
