// SPDX-License-Identifier: Apache-2.0

package block

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/neuroran/neuroran/mac"
	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/sfaas"
)

// SlotIndication tells the scheduler of a cell that a slot begins, and what has happened since
// the last one beside transmissions: what FAPI has in SLOT.indication, UCI.indication and
// SRS.indication. What became of grants comes beside it, see [Feedback].
type SlotIndication struct {
	Slot nr.Slot // slot that begins

	Attach    []Attachment // UEs that have come
	Detach    []uint16     // RNTIs of those that have gone
	Requests  []uint16     // RNTIs with a scheduling request
	Soundings []Sounding   // measured SINRs

	BudgetMicros float64 // receiver work per slot from now on, µs; 0 for no bound
}

// Attachment is a UE that is scheduled from now on.
type Attachment struct {
	RNTI   uint16       // its name in the cell
	Config mac.UEConfig // how it is scheduled
}

// Sounding is the SINR of a UE in each resource block group.
type Sounding struct {
	RNTI    uint16               // whose
	Slot    nr.Slot              // in which it was measured
	NumRBGs int                  // used entries of SINRdB
	SINRdB  [mac.MaxRBGs]float32 // dB
}

// Budget is what the receiver of a cell may work per slot: a setting, which holds until the
// next one. Who shares workers among cells hands it out, see placement/admission.
type Budget struct {
	Micros float64 // µs; 0 for no bound
}

// Reset empties the message for a slot, and keeps its memory.
func (s *SlotIndication) Reset(slot nr.Slot) {
	*s = SlotIndication{Slot: slot, Attach: s.Attach[:0], Detach: s.Detach[:0], Requests: s.Requests[:0], Soundings: s.Soundings[:0]}
}

// CopyFrom makes s a deep copy of o. It allocates only where s has to grow.
func (s *SlotIndication) CopyFrom(o *SlotIndication) {
	*s = SlotIndication{
		Slot: o.Slot, BudgetMicros: o.BudgetMicros,
		Attach: append(s.Attach[:0], o.Attach...), Detach: append(s.Detach[:0], o.Detach...),
		Requests: append(s.Requests[:0], o.Requests...), Soundings: append(s.Soundings[:0], o.Soundings...),
	}
}

// Tell gives a cell what the message says, in this order: UEs go and come, then requests and
// soundings. A UE that is attached stays as it is: a host that does not know whether a message
// was lost tells it again. Tell returns the error of [mac.Cell.Attach]. It does not allocate
// when it succeeds.
func (s *SlotIndication) Tell(c *mac.Cell) error { return s.tell(c, 0) }

// tell is Tell with a further bound of the receiver's work, µs; 0 for none.
func (s *SlotIndication) tell(c *mac.Cell, bound float64) error {
	for _, rnti := range s.Detach {
		c.Detach(rnti)
	}
	for i := range s.Attach {
		if err := c.Attach(s.Attach[i].RNTI, s.Attach[i].Config); err != nil && !errors.Is(err, mac.ErrAttached) {
			return fmt.Errorf("attach %d: %w", s.Attach[i].RNTI, err)
		}
	}
	for _, rnti := range s.Requests {
		c.Request(rnti)
	}
	for i := range s.Soundings {
		x := &s.Soundings[i]
		c.Sound(x.RNTI, x.Slot, x.SINRdB[:min(max(x.NumRBGs, 0), len(x.SINRdB))])
	}
	if bound == 0 || (s.BudgetMicros > 0 && s.BudgetMicros < bound) {
		bound = s.BudgetMicros
	}
	c.SetBudget(bound) // once: a cell without a bound forgets the price of its work
	return nil
}

// Scheduler is the function that makes the schedules of a cell.
type Scheduler struct {
	Fn sfaas.Fn[SlotIndication, nr.Schedule] // at the slot of the message; its output belongs to the slot k₂ later

	// Feedback is what became of the grants of a slot, one message for each cell and slot. It
	// is a setting of the slot in which the scheduler is to know it: a tick does not wait for
	// it, and hears what has come of its own slot and of those before. It may come late or
	// never.
	Feedback sfaas.Controller[Feedback]

	// Budgets bound the receiver's work, beside [SlotIndication].BudgetMicros: the smaller
	// bound holds.
	Budgets sfaas.Controller[Budget]

	// Config is that of the function's cells, with every default filled in.
	Config mac.Config

	ues sfaas.Map[uint16, mac.UE]
}

// scheduling is what a scheduler keeps beside the contexts of its UEs.
type scheduling struct {
	State   mac.State
	Version uint64 // how often it has been written
}

// NewScheduler returns the function from the beginning of a slot to the schedule of the slot
// k₂ later, under the key of the radio cell. Its state is what [mac.Cell] knows: the context of
// each UE, and what the cell knows beside them. Both are Replicated, so that its unit is kept:
// a UE's HARQ processes, buffers and outer loop survive a move and, with an engine that keeps
// records, a crash.
//
// A worker has a [mac.Cell] for each key that it serves, as scratch, and writes back the
// contexts that have changed. The scratch is believed only as long as it is as old as the
// state, which counts how often it was written: after a move, a restore or an invocation
// that failed the cell is filled from the state again.
//
// A message that the cell refuses faults the invocation: nothing of it is taken, and the
// slot has no schedule. NewScheduler returns the errors of [mac.New].
func NewScheduler(cfg mac.Config) (Scheduler, error) {
	cell, err := mac.New(cfg)
	if err != nil {
		return Scheduler{}, err
	}
	cfg = cell.Config()
	kept := keptCell{
		state: sfaas.NewValue[scheduling]("scheduling", sfaas.Replicated), ues: sfaas.NewMap[uint16, mac.UE]("ues", sfaas.Replicated),
		scratch: sfaas.NewScratch("cells", func() (*loadedCells, error) { return &loadedCells{cfg: cfg, byKey: map[sfaas.Key]*loadedCell{}}, nil }, nil),
	}
	budget := sfaas.NewValue[float64]("budget", sfaas.Replicated)
	f := sfaas.Define("ran/schedule", func(c *sfaas.Ctx, out *nr.Schedule, in *SlotIndication) error {
		ahead := in.Slot + nr.Slot(cfg.K2)
		bound, _ := budget.Get(c)
		c.OutputAt(sfaas.Slot(ahead))
		return kept.change(c, func(cell *mac.Cell) error {
			if err := in.tell(cell, bound); err != nil {
				return err
			}
			for _, rnti := range in.Detach {
				kept.ues.Delete(c, rnti)
			}
			return cell.Schedule(out, ahead)
		})
	}, sfaas.FunctionConfig{Params: schedulerParamsOf(cfg)}, kept.state, kept.ues, budget, kept.scratch)
	feedback := sfaas.OnSetting(f, func(c *sfaas.Ctx, in *Feedback) error {
		return kept.change(c, func(cell *mac.Cell) error {
			in.Tell(cell)
			return nil
		})
	})
	budgets := sfaas.OnSetting(f, func(c *sfaas.Ctx, in *Budget) error {
		if !(in.Micros >= 0 && in.Micros < 1e9) {
			return &nr.FieldError{Field: "budget", Got: in.Micros, Want: "0 to 1e9 µs"}
		}
		budget.Set(c, in.Micros)
		return nil
	})
	return Scheduler{Fn: f, Feedback: feedback, Budgets: budgets, Config: cfg, ues: kept.ues}, nil
}

// keptCell is where what a cell knows is kept, and where it is worked with.
type keptCell struct {
	state   sfaas.Value[scheduling]
	ues     sfaas.Map[uint16, mac.UE]
	scratch sfaas.Scratch[*loadedCells]
}

// change lets f change the cell of the running instance, and writes back what has changed.
// If f fails, nothing is written, and the cell is filled anew before the next change.
func (k *keptCell) change(c *sfaas.Ctx, f func(*mac.Cell) error) error {
	l, err := k.scratch.Get(c).of(c.Key())
	if err != nil {
		return err
	}
	if s := k.state.View(c); l.version != versionOf(s) {
		if err := l.fill(c, s, k.ues); err != nil {
			return err
		}
	}
	version := l.version + 1
	l.version = unknownVersion // until all has gone well
	if err := f(l.cell); err != nil {
		return err
	}
	l.cell.Changed(func(u *mac.UE) bool {
		*k.ues.Mut(c, u.RNTI) = *u
		return true
	})
	*k.state.Mut(c) = scheduling{l.cell.State(), version}
	l.version = version
	return nil
}

// UE returns what the scheduler of a cell knows of a UE, and whether it is attached; see
// [sfaas.Runtime.Read] for its errors.
func (s *Scheduler) UE(ctx context.Context, rt *sfaas.Runtime, cell sfaas.Key, rnti uint16) (u mac.UE, ok bool, err error) {
	err = rt.Read(ctx, s.Fn, cell, func(c *sfaas.Ctx) error {
		u, ok = s.ues.Get(c, rnti)
		return nil
	}, s.ues)
	return u, ok, err
}

// schedulerParams is what the digest of a scheduler covers: everything of its
// configuration, the policy and the curves by name.
type schedulerParams struct {
	Config mac.Config
	Policy string
	Curves bool // others than those of the library
}

func schedulerParamsOf(cfg mac.Config) schedulerParams {
	p := schedulerParams{Policy: fmt.Sprintf("%T%+v", cfg.Scheduler, cfg.Scheduler), Curves: cfg.Curves != mac.DefaultCurves()}
	cfg.Scheduler, cfg.Curves, cfg.Carrier = nil, nil, cfg.Carrier.Form()
	p.Config = cfg
	return p
}

// loadedCells is the scratch of a worker.
type loadedCells struct {
	cfg   mac.Config
	byKey map[sfaas.Key]*loadedCell
	order []sfaas.Key // the cell that has been there longest comes first
}

// loadedCell is a cell with the version of the state that it stands for.
type loadedCell struct {
	cell    *mac.Cell
	version uint64
}

// unknownVersion is that of a cell that stands for no state.
const unknownVersion = ^uint64(0)

// maxLoadedCells bounds the cells of a worker. Others take the place of old ones.
const maxLoadedCells = 64

// of returns the cell of a key. It allocates for a new one.
func (l *loadedCells) of(key sfaas.Key) (*loadedCell, error) {
	if c := l.byKey[key]; c != nil {
		return c, nil
	}
	if len(l.order) == maxLoadedCells {
		delete(l.byKey, l.order[0])
		l.order = slices.Delete(l.order, 0, 1)
	}
	cell, err := mac.New(l.cfg)
	if err != nil {
		return nil, err
	}
	c := &loadedCell{cell, unknownVersion}
	l.byKey[key] = c
	l.order = append(l.order, key)
	return c, nil
}

func versionOf(s *scheduling) uint64 {
	if s == nil {
		return 0
	}
	return s.Version
}

// fill makes the cell what the state says.
func (l *loadedCell) fill(c *sfaas.Ctx, s *scheduling, ues sfaas.Map[uint16, mac.UE]) error {
	l.cell.Reset()
	l.version = unknownVersion
	if s != nil {
		if err := l.cell.SetState(s.State); err != nil {
			return err
		}
	}
	for _, u := range ues.All(c) {
		if err := l.cell.Restore(*u); err != nil {
			return err
		}
	}
	l.cell.Changed(func(*mac.UE) bool { return true }) // they are written already
	l.version = versionOf(s)
	return nil
}
