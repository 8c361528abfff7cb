// SPDX-License-Identifier: Apache-2.0

package live

import (
	"context"
	"errors"
	"iter"
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
	if !r.set.Engine.Keeps() {
		return nil
	}
	last, unread, err := lastLife(r.set.Engine)
	if err != nil {
		return base.Errorf("begin: %w: %w", base.ErrRecords, err)
	}
	if r.set.Incarnation <= last {
		if r.set.Numbered {
			return base.Errorf("begin: %w: the engine has records of life %d, this one is %d", base.ErrStaleEpoch, last, r.set.Incarnation)
		}
		r.set.Incarnation = last + 1
	}
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

var errFound = errors.New("a unit")

// lastLife returns the number of the last life of which an engine has records, and whether
// it has some of units.
//
// The rows of a life come first, under its number. The first unit that is found is enough;
// the error is how a load is ended early.
func lastLife(e core.Engine) (last uint32, units bool, err error) {
	err = e.Load(func(u base.Unit, epoch uint32, _ iter.Seq2[[]byte, []byte]) error {
		if u != (base.Unit{}) {
			return errFound
		}
		last = epoch
		return nil
	})
	if errors.Is(err, errFound) {
		return last, true, nil
	}
	return last, false, err
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
