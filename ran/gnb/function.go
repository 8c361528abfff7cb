// SPDX-License-Identifier: Apache-2.0

package gnb

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/neuroran/neuroran/mac"
	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/ran/block"
	"github.com/neuroran/neuroran/sfaas"
)

// Function is the scheduler of ran/block as a stateful function on a runtime of its own,
// for the cells of one carrier form, each under a key of its own. Its methods may be called
// concurrently. With waveforms a [Station] has it beside the receiver.
type Function struct {
	app       *sfaas.App
	rt        *sfaas.Runtime
	ticks     sfaas.Input[block.SlotIndication]
	scheduler block.Scheduler
	makers    makers
}

// OpenFunction starts the function of a configuration; the caller closes it. It returns
// the errors of [block.NewScheduler] and [sfaas.NewRuntime].
func OpenFunction(cfg mac.Config, opts ...sfaas.Option) (*Function, error) {
	s, err := block.NewScheduler(cfg)
	if err != nil {
		return nil, err
	}
	g := sfaas.NewGraph("scheduler")
	f := &Function{ticks: sfaas.Source[block.SlotIndication](g, "ticks"), scheduler: s}
	out := sfaas.Sink(sfaas.Apply(f.ticks, s.Fn), "schedules")
	if f.app, err = g.Build(); err != nil {
		return nil, err
	}
	f.rt, err = sfaas.NewRuntime(f.app, append([]sfaas.Option{
		sfaas.WithOutput(out, func(h sfaas.Header, s *nr.Schedule) { f.makers.made(h.Key, s) }),
	}, opts...)...)
	return f, err
}

// Runtime returns the runtime that the function is on.
func (f *Function) Runtime() *sfaas.Runtime { return f.rt }

// Close stops the runtime.
func (f *Function) Close() error { return f.rt.Close() }

// NewMaker returns the scheduler of one cell, whose key is that of its carrier's identity.
func (f *Function) NewMaker(cfg mac.Config) (Maker, error) {
	key := block.CellKey(cfg.Carrier.CellID)
	return f.makers.add(&functionMaker{
		key: key, ahead: nr.Slot(cfg.K2),
		push: func(in *block.SlotIndication) error {
			return f.ticks.Push(f.rt, key, sfaas.Slot(in.Slot), func(m *block.SlotIndication) error {
				m.CopyFrom(in)
				return nil
			})
		},
		drain: f.rt.Drain,
		look: func(ctx context.Context, rnti uint16) (mac.UE, bool, error) {
			return f.scheduler.UE(ctx, f.rt, key, rnti)
		},
	})
}

// makers are the cells of a runtime, by key.
type makers struct {
	mu    sync.Mutex
	byKey map[sfaas.Key]*functionMaker
}

// add takes in a cell. It returns a [*nr.FieldError] for a key that is in use.
func (m *makers) add(x *functionMaker) (Maker, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.byKey == nil {
		m.byKey = map[sfaas.Key]*functionMaker{}
	}
	if m.byKey[x.key] != nil {
		return nil, &nr.FieldError{Field: "n_cell_id", Got: x.key, Want: "an identity of its own for each cell"}
	}
	x.arrived = make(chan struct{}, 1)
	m.byKey[x.key] = x
	return x, nil
}

// made takes a schedule to the cell that it is of.
func (m *makers) made(key sfaas.Key, s *nr.Schedule) {
	m.mu.Lock()
	x := m.byKey[key]
	m.mu.Unlock()
	if x != nil {
		x.take(s)
	}
}

// functionMaker is a [Maker] whose schedules are made by a function.
type functionMaker struct {
	key   sfaas.Key
	ahead nr.Slot                           // k₂
	push  func(*block.SlotIndication) error // sends a copy
	drain func(context.Context) error
	look  func(context.Context, uint16) (mac.UE, bool, error)

	told   block.SlotIndication // with what a lost message said of who came and went
	attach []block.Attachment   // of lost messages
	detach []uint16

	mu      sync.Mutex
	last    nr.Schedule
	arrived chan struct{} // holds a value when last is new
}

func (x *functionMaker) take(s *nr.Schedule) {
	x.mu.Lock()
	x.last.Set(s.Slot, s.Grants...)
	x.mu.Unlock()
	select {
	case x.arrived <- struct{}{}:
	default:
	}
}

// patience is after which time a schedule is asked for whether it will come at all.
const patience = 200 * time.Millisecond

// Make implements [Maker]. It waits for the schedule; where the message was lost on its way,
// as it may be while the unit moves, or was refused, the slot has no grants. Who came and
// went is then told again with the next one; feedback is not: the scheduler takes it as
// lost.
func (x *functionMaker) Make(dst *nr.Schedule, in *block.SlotIndication) error {
	x.told.CopyFrom(in)
	x.told.Attach, x.told.Detach = append(x.told.Attach, x.attach...), append(x.told.Detach, x.detach...)
	if err := patiently(func() error { return x.push(&x.told) }); err != nil {
		return fmt.Errorf("gnb: tick: %w", err)
	}
	want := in.Slot + x.ahead
	wait := time.NewTimer(patience)
	defer wait.Stop()
	for drained := false; ; {
		if x.get(dst, want) {
			x.attach, x.detach = x.attach[:0], x.detach[:0]
			return nil
		}
		if drained {
			x.attach, x.detach = append(x.attach[:0], x.told.Attach...), append(x.detach[:0], x.told.Detach...)
			dst.Set(want)
			return nil
		}
		select {
		case <-x.arrived:
		case <-wait.C:
			if err := x.drain(context.Background()); err != nil {
				return err
			}
			drained = true
		}
	}
}

// get copies the schedule of a slot, if it is there.
func (x *functionMaker) get(dst *nr.Schedule, slot nr.Slot) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.last.Slot != slot || x.last.Grants == nil && slot == 0 {
		return false
	}
	dst.Set(slot, x.last.Grants...)
	return true
}

// UE implements [Maker]; what cannot be read is not there.
func (x *functionMaker) UE(rnti uint16) (mac.UE, bool) {
	u, ok, err := x.look(context.Background(), rnti)
	return u, ok && err == nil
}

// patiently calls push again while the runtime is busy.
func patiently(push func() error) error {
	for {
		if err := push(); !errors.Is(err, sfaas.ErrBusy) {
			return err
		}
		time.Sleep(100 * time.Microsecond)
	}
}
