// SPDX-License-Identifier: Apache-2.0

package gnb

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/neuroran/neuroran/mac"
	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/ran/block"
	"github.com/neuroran/neuroran/ran/uplink"
	"github.com/neuroran/neuroran/sfaas"
)

// Station is the receiver chain of ran/uplink at work for the waveforms of one or several
// cells, each under a key of its own. Use [OpenStation]; its methods may be called
// concurrently, those of one of its airs by one goroutine at a time.
type Station struct {
	cfg   AirConfig
	chain *uplink.Chain
	rx    *uplink.Receiver

	mu     sync.Mutex
	cells  map[sfaas.Key]listener
	makers makers
}

// listener is an air that hears what the receiver makes of its cell's grants.
type listener interface {
	// outcome is told what became of a grant. Several goroutines call it at once.
	outcome(t *uplink.Transmission)
}

// OpenStation starts the receiver that a configuration names; its UEs and its seed are
// those of each [Station.NewAir]. It returns the errors of uplink.New and of a bad
// configuration.
func OpenStation(cfg AirConfig) (*Station, error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	cfg.Carrier = cfg.Carrier.Form()
	if cfg.Scheduler.Carrier != (nr.Carrier{}) {
		cell, err := mac.New(cfg.Scheduler)
		if err != nil {
			return nil, err
		}
		cfg.Scheduler = cell.Config()
	}
	c := uplink.Config{Scheduler: cfg.Scheduler, FeedbackByHost: cfg.FeedbackByHost, Config: block.Config{Carrier: cfg.Carrier, NumRx: cfg.NumRx}, Receiver: cfg.Receiver}
	if x := cfg.Scheduler.MaxTransmissions * (cfg.Scheduler.K2 + cfg.Scheduler.FeedbackSlots); x > 0 {
		c.HARQSlots = x + 1
	}
	if !cfg.Samples {
		c.Steps.Demodulate = newElements(cfg.Carrier, cfg.NumRx)
	}
	s := &Station{cfg: cfg, cells: map[sfaas.Key]listener{}}
	var err error
	if s.chain, err = uplink.New(c); err != nil {
		return nil, err
	}
	s.rx, err = s.chain.Receive(uplink.ReceiverConfig{
		OnOutcome: s.outcome, OnSchedule: s.makers.made, OnMissed: s.makers.missed,
		Timeline: cfg.Timeline, Workers: cfg.Workers, Logger: slog.New(slog.DiscardHandler), Options: append(onNode(1), cfg.Options...),
	})
	if err != nil {
		return nil, errors.Join(err, s.chain.Close())
	}
	return s, nil
}

// onNode returns the options of the runtime of a node of a station, whose first one has
// what nobody has moved.
func onNode(id sfaas.NodeID) []sfaas.Option {
	return []sfaas.Option{sfaas.WithNode(id), sfaas.WithDefaultOwner(1)}
}

// Runtime returns the station's first runtime, that of node 1.
func (s *Station) Runtime() *sfaas.Runtime { return s.rx.Runtime() }

// Join opens the runtime of another node, to which units may move, see
// [uplink.Receiver.Join]. The station closes it.
func (s *Station) Join(id sfaas.NodeID) (*sfaas.Runtime, error) { return s.rx.Join(onNode(id)...) }

// Units returns the units of a cell: that of its scheduler, and that of its receiver. The
// station must have a scheduler.
func (s *Station) Units(c *nr.Carrier) (scheduler, receiver sfaas.Unit, err error) {
	key := block.CellKey(c.CellID)
	scheduler, err = s.chain.App.Unit(s.chain.Scheduler.Fn.Name(), key)
	if err == nil {
		receiver, err = s.chain.App.Unit(s.chain.Steps.Extract.Fn.Name(), key)
	}
	return scheduler, receiver, err
}

// newElements returns the function that stands in the place of demodulation where the air
// carries resource elements: a slot's samples are then [rx, 14·12·N_PRB], symbol by symbol.
func newElements(c nr.Carrier, numRx int) sfaas.Fn[nr.Baseband, block.Grid] {
	type params struct {
		Carrier nr.Carrier
		NumRx   int
	}
	return sfaas.Define("ran/elements", func(ctx *sfaas.Ctx, out *block.Grid, in *nr.Baseband) error {
		out.Start(ctx, block.StageDemodulate)
		out.Slot = in.Slot
		if want := numRx * nr.SymbolsPerSlot * c.NumSubcarriers(); in.Samples.Len() != want {
			return nr.BadLength("gnb: elements", in.Samples.Len(), want)
		}
		out.RE.Resize(numRx, nr.SymbolsPerSlot, c.NumSubcarriers())
		copy(out.RE.Data(), in.Samples.Data())
		return nil
	}, sfaas.FunctionConfig{Params: params{c, numRx}})
}

// NewMaker returns the scheduler of one cell, a function beside the receiver. The station
// must have been opened with [AirConfig].Scheduler, whose form and timing that of the cell
// has.
func (s *Station) NewMaker(cfg mac.Config) (Maker, error) {
	if cfg.K2 != s.cfg.Scheduler.K2 || cfg.FeedbackSlots != s.cfg.Scheduler.FeedbackSlots || cfg.Carrier.Form() != s.cfg.Carrier {
		return nil, &nr.FieldError{Field: "k2", Got: cfg.K2, Want: "timing and carrier of the station's scheduler"}
	}
	key := block.CellKey(cfg.Carrier.CellID)
	x := &functionMaker{
		key: key, ahead: nr.Slot(cfg.K2), patience: harqRound(&cfg),
		push: func(in *block.SlotIndication) error {
			return s.rx.Tick(key, in.Slot, func(m *block.SlotIndication) error {
				m.CopyFrom(in)
				return nil
			})
		},
		settle: s.rx.Flush,
		look:   func(ctx context.Context, rnti uint16) (mac.UE, bool, error) { return s.look(ctx, key, rnti) },
	}
	if s.cfg.FeedbackByHost {
		x.feed = func(slot nr.Slot, heard *block.Feedback) error {
			return s.rx.Feedback(key, slot, func(m *block.Feedback) error {
				m.CopyFrom(heard)
				return nil
			})
		}
	} else {
		x.receiver = s.rx
	}
	return s.makers.add(x)
}

// look reads the context of a UE in the runtime that has it. While its unit moves none has: the
// old owner says so, and the new one has nothing yet. Where there are several they are asked
// again, for a while.
func (s *Station) look(ctx context.Context, key sfaas.Key, rnti uint16) (u mac.UE, ok bool, err error) {
	all := s.rx.Runtimes()
	for wait := 50 * time.Microsecond; ; wait *= 2 {
		for _, rt := range all {
			u, ok, err = s.chain.Scheduler.UE(ctx, rt, key, rnti)
			if moved := new(sfaas.MovedError); !errors.As(err, &moved) && (ok || err != nil || len(all) == 1) {
				return u, ok, err
			}
		}
		if wait > 100*time.Millisecond {
			return u, ok, err
		}
		time.Sleep(wait)
	}
}

// schedules reports whether the schedules are made beside the receiver.
func (s *Station) schedules() bool { return s.cfg.Scheduler.Carrier != nr.Carrier{} }

// NewAir returns the waveform of one cell, whose key is that of its carrier's identity. It
// returns a [*nr.FieldError] for a carrier of another form and for an identity that is in
// use. The station outlives it.
func (s *Station) NewAir(cfg AirConfig) (Air, error) {
	if err := s.check(&cfg); err != nil {
		return nil, err
	}
	w, err := newWaveform(s, cfg)
	if err != nil {
		return nil, err
	}
	return w, s.enter(w.key, w)
}

// check reports a configuration that is none of this station's.
func (s *Station) check(cfg *AirConfig) error {
	if err := cfg.validate(); err != nil {
		return err
	}
	if cfg.Carrier.Form() != s.cfg.Carrier || cfg.NumRx != s.cfg.NumRx {
		return &nr.FieldError{Field: "carrier", Got: cfg.Carrier, Want: "the form and the antennas of the station"}
	}
	cfg.Samples = s.cfg.Samples
	return nil
}

// enter lets an air hear of its cell.
func (s *Station) enter(key sfaas.Key, x listener) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cells[key] != nil {
		return &nr.FieldError{Field: "n_cell_id", Got: key, Want: "an identity of its own for each cell of a station"}
	}
	s.cells[key] = x
	return nil
}

// leave lets an air hear of nothing any more.
func (s *Station) leave(key sfaas.Key) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.cells, key)
}

// NewWaveform returns the waveform of one cell with a station of its own.
func NewWaveform(cfg AirConfig) (Air, error) {
	s, err := OpenStation(cfg)
	if err != nil {
		return nil, err
	}
	a, err := s.NewAir(cfg)
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return alone{a, s}, nil
}

// alone is an air whose station is closed with it.
type alone struct {
	Air
	station *Station
}

func (a alone) Close() error { return errors.Join(a.Air.Close(), a.station.Close()) }

// carry implements carrier.
func (a alone) carry(ue, process, data int, e *mac.Elements) {
	a.Air.(carrier).carry(ue, process, data, e)
}

// Worked implements [Timed].
func (a alone) Worked(dst []Worked) []Worked { return a.Air.(Timed).Worked(dst) }

// Close stops the receiver.
func (s *Station) Close() error { return errors.Join(s.rx.Close(), s.chain.Close()) }

// outcome hands the outcome of a grant to the cell that it is of.
func (s *Station) outcome(t *uplink.Transmission, _ *block.TransportBlock) {
	s.mu.Lock()
	x := s.cells[t.Cell]
	s.mu.Unlock()
	if x != nil {
		x.outcome(t)
	}
}

// receive runs the samples of one slot of a cell through the chain and waits for the
// outcome of every grant.
func (s *Station) receive(cell sfaas.Key, schedule *nr.Schedule, fill func(*nr.Baseband) error) error {
	if !s.schedules() { // otherwise the receiver has it already
		if err := patiently(func() error { return s.rx.Schedule(cell, schedule.Slot, schedule.Grants...) }); err != nil {
			return fmt.Errorf("gnb: schedule: %w", err)
		}
	}
	if err := patiently(func() error { return s.rx.Samples(cell, schedule.Slot, fill) }); err != nil {
		return fmt.Errorf("gnb: samples: %w", err)
	}
	return s.rx.Wait(context.Background(), cell, schedule.Slot)
}
