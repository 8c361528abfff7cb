// SPDX-License-Identifier: Apache-2.0

package uplink

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/phy/sigmf"
	"github.com/neuroran/neuroran/ran/block"
	"github.com/neuroran/neuroran/sfaas"
)

// PlayerConfig says how a recording is played. The zero value plays one slot
// after the other as fast as it goes and skips nothing.
type PlayerConfig struct {
	// RealTime hands slots over at the pace of the carrier and skips work that
	// would start after the slot's time. Otherwise the next slot is handed over
	// when the last one is done, and lateness is only reported.
	RealTime bool
	// Slots is how many distinct slots are played; 0 stands for all.
	Slots int
	// Workers is the number of workers; 0 stands for one a processor.
	Workers int
	// Logger is where faults are logged; nil stands for [slog.Default].
	Logger *slog.Logger
}

// stall is how long a slot may take before the player asks whether there is
// anything left to do.
const stall = 200 * time.Millisecond

// Player plays recordings through a chain on a runtime of its own. It is for
// one goroutine at a time.
type Player struct {
	chain *Chain
	cfg   PlayerConfig
	rt    *sfaas.Runtime
	board *scoreboard
	slot  time.Duration // length of a slot
	key   sfaas.Key
}

// NewPlayer starts a runtime for the chain. The caller closes the player, then
// the chain. It returns the errors of opening the resources of functions.
func NewPlayer(chain *Chain, cfg PlayerConfig) (*Player, error) {
	carrier := &chain.Config.Carrier
	p := &Player{
		chain: chain, cfg: cfg, board: newScoreboard(), key: block.CellKey(carrier),
		slot: carrier.Numerology().SlotDuration(),
	}
	mode := sfaas.Replay
	if cfg.RealTime {
		mode = sfaas.RealTime
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.Default()
	}
	opts := []sfaas.Option{
		sfaas.WithMode(mode), sfaas.WithBudget(p.slot), sfaas.WithLogger(cfg.Logger),
		sfaas.WithBlockLimit(time.Minute), sfaas.WithNotices(p.board.notice),
	}
	if cfg.Workers > 0 {
		opts = append(opts, sfaas.WithWorkers(cfg.Workers))
	}
	var err error
	p.rt, err = chain.Open(func(_ sfaas.Header, tb *block.TransportBlock) { p.board.arrived(tb, time.Now(), p.slot) }, opts...)
	if err != nil {
		return nil, err
	}
	return p, nil
}

// Close stops the runtime.
func (p *Player) Close() error { return p.rt.Close() }

// Check reports the first slot of a recording whose schedule the chain cannot
// receive, and a recording of another carrier or number of antennas.
func (p *Player) Check(rec *sigmf.Recording) error {
	if rec.Carrier != p.chain.Config.Carrier || rec.NumChannels != p.chain.Config.NumRx {
		return &nr.FieldError{Field: "nr:carrier", Got: rec.Carrier, Want: "the carrier and antennas of the chain"}
	}
	var s block.Schedule
	for _, slot := range rec.Slots() {
		setSchedule(&s, &slot)
		if err := s.Validate(&rec.Carrier); err != nil {
			return fmt.Errorf("slot %d: %w", slot.Slot, err)
		}
	}
	return nil
}

// Play plays the recording from its first slot and returns what became of every
// transmission. A transmission without an outcome is marked as skipped. Play
// returns the errors of [Player.Check] and of reading the samples, and the
// context's.
func (p *Player) Play(ctx context.Context, rec *sigmf.Recording) (*Report, error) {
	if err := p.Check(rec); err != nil {
		return nil, err
	}
	slots := rec.Slots()
	if p.cfg.Slots > 0 && p.cfg.Slots < len(slots) {
		slots = slots[:p.cfg.Slots]
	}
	p.board.reset(slots)
	report := &Report{Slots: len(slots)}
	began := time.Now()
	pace := newPacer(p.cfg.RealTime, p.slot, slots)
	defer pace.close()
	for i := range slots {
		if err := pace.wait(ctx, i); err != nil {
			return nil, err
		}
		if err := p.hand(ctx, rec, i, &slots[i]); err != nil {
			return nil, fmt.Errorf("slot %d: %w", slots[i].Slot, err)
		}
		report.Air += time.Duration(float64(slots[i].SampleCount) / rec.Carrier.SampleRate() * 1e9)
		if !p.cfg.RealTime {
			if err := p.settle(ctx, i); err != nil {
				return nil, err
			}
		}
	}
	if err := p.rt.Drain(ctx); err != nil {
		return nil, err
	}
	report.Wall = p.board.last().Sub(began)
	report.Transmissions, report.Functions = p.board.outcomes(), p.rt.Stats()
	return report, nil
}

// hand pushes the schedule and the samples of slot i.
func (p *Player) hand(ctx context.Context, rec *sigmf.Recording, i int, slot *sigmf.Slot) error {
	n := sfaas.Slot(slot.Slot)
	err := retry(ctx, func() error {
		return p.chain.Grants.Push(p.rt, p.key, n, func(s *block.Schedule) error {
			setSchedule(s, slot)
			return nil
		})
	})
	if err != nil {
		return err
	}
	return retry(ctx, func() error {
		return p.chain.Slots.Push(p.rt, p.key, n, func(b *nr.Baseband) error {
			err := rec.ReadSlot(b, slot)
			p.board.handed(i, time.Now())
			return err
		})
	})
}

// settle waits until slot i is done: all its outcomes are there, or something
// went wrong and nothing is left to do.
func (p *Player) settle(ctx context.Context, i int) error {
	select {
	case <-p.board.complete(i):
		return nil
	case <-p.board.troubled(i):
	case <-time.After(stall): // a function of the user's may have no output
	case <-ctx.Done():
		return ctx.Err()
	}
	return p.rt.Drain(ctx)
}

// retry calls push again while the chain is busy.
func retry(ctx context.Context, push func() error) error {
	for {
		err := push()
		if !errors.Is(err, sfaas.ErrBusy) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Microsecond):
		}
	}
}

func setSchedule(s *block.Schedule, slot *sigmf.Slot) {
	s.Slot, s.Grants = slot.Slot, s.Grants[:0]
	for i := range slot.Transmissions {
		s.Grants = append(s.Grants, slot.Transmissions[i].Grant)
	}
}
