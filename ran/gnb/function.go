// SPDX-License-Identifier: Apache-2.0

package gnb

import (
	"context"
	"sync"

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
	feedback  sfaas.Input[block.Feedback]
	budgets   sfaas.Input[block.Budget]
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
	f.feedback, f.budgets = sfaas.Source[block.Feedback](g, "feedback"), sfaas.Source[block.Budget](g, "budgets")
	sfaas.Control(f.feedback, s.Feedback)
	sfaas.Control(f.budgets, s.Budgets)
	if f.app, err = g.Build(); err != nil {
		return nil, err
	}
	isTick := ticksOf(f.app)
	f.rt, err = sfaas.NewRuntime(f.app, append([]sfaas.Option{
		sfaas.WithOutput(out, func(h sfaas.Header, s *nr.Schedule) { f.makers.made(h.Key, s) }),
		sfaas.WithNotices(func(n sfaas.Notice) {
			if isTick(&n) {
				f.makers.missed(n.At.Key, nr.Slot(n.Header.Slot), &n)
			}
		}),
	}, opts...)...)
	return f, err
}

// ticksOf returns what reports whether a notice is about a tick, and not about a setting of the
// scheduler.
func ticksOf(app *sfaas.App) func(n *sfaas.Notice) bool {
	for _, e := range app.Edges() {
		if e.From == "ticks" {
			return func(n *sfaas.Notice) bool { return n.Header.Edge == e.ID }
		}
	}
	return func(*sfaas.Notice) bool { return false }
}

// Runtime returns the runtime that the function is on.
func (f *Function) Runtime() *sfaas.Runtime { return f.rt }

// SetBudget bounds what the receiver may work for a cell in each slot that is scheduled from a
// slot on, µs; 0 is no bound. It returns the error of the push.
func (f *Function) SetBudget(c *nr.Carrier, slot nr.Slot, micros float64) error {
	return f.budgets.PushValue(f.rt, block.CellKey(c.CellID), sfaas.Slot(slot), &block.Budget{Micros: micros})
}

// Close stops the runtime.
func (f *Function) Close() error { return f.rt.Close() }

// NewMaker returns the scheduler of one cell, whose key is that of its carrier's identity.
func (f *Function) NewMaker(cfg mac.Config) (Maker, error) {
	key := block.CellKey(cfg.Carrier.CellID)
	return f.makers.add(&functionMaker{
		key: key, ahead: nr.Slot(cfg.K2), patience: harqRound(&cfg),
		push: func(in *block.SlotIndication) error {
			return f.ticks.Push(f.rt, key, sfaas.Slot(in.Slot), func(m *block.SlotIndication) error {
				m.CopyFrom(in)
				return nil
			})
		},
		feed: func(slot nr.Slot, heard *block.Feedback) error {
			return f.feedback.Push(f.rt, key, sfaas.Slot(slot), func(m *block.Feedback) error {
				m.CopyFrom(heard)
				return nil
			})
		},
		settle: f.rt.Drain,
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
	x.init()
	m.byKey[x.key] = x
	x.leave = func() { m.remove(x) }
	return x, nil
}

// remove takes a cell out.
func (m *makers) remove(x *functionMaker) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.byKey[x.key] == x {
		delete(m.byKey, x.key)
	}
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

// missed takes to its cell what the runtime says of a tick of which no schedule comes.
func (m *makers) missed(key sfaas.Key, slot nr.Slot, n *sfaas.Notice) {
	m.mu.Lock()
	x := m.byKey[key]
	m.mu.Unlock()
	if x != nil {
		x.miss(slot, n)
	}
}
