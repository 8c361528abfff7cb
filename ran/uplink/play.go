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

// PlayConfig says how a recording is played. The zero value plays one slot
// after the other as fast as it goes and skips nothing.
type PlayConfig struct {
	// RealTime hands slots over at the pace of the carrier and skips work that
	// would start more than a slot after the slot's end. A few slots are decoded
	// before, to warm up. Otherwise the next slot is handed over when the last one
	// is done, and lateness is only reported.
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

// Check reports the first slot of a recording whose schedule is not legal, and a
// recording of a carrier of another form (any cell will do), number of antennas or
// sample rate. Transmissions that are legal
// and not supported are no error: see [Transmission].Unsupported.
func (c *Chain) Check(rec *sigmf.Recording) error {
	if rec.Carrier.Form() != c.Config.Carrier || rec.NumChannels != c.Config.NumRx {
		return &nr.FieldError{Field: "nr:carrier", Got: rec.Carrier, Want: "a carrier of the form, and the antennas, of the chain"}
	}
	if rec.SampleRate != rec.Carrier.SampleRate() || rec.Unaligned {
		return &nr.FieldError{Field: "core:sample_rate", Got: rec.SampleRate, Want: "the rate of the carrier and known positions: see phy/capture"}
	}
	_, err := newPlan(&rec.Carrier, rec.Slots(), rec.NumSamples)
	return err
}

// Play runs a recording through the chain, on a runtime of its own, and returns
// what became of every transmission; one without an outcome is marked as
// skipped, and one that is not supported says why. It returns the errors of
// [Chain.Check], of opening the runtime and of reading the samples, and the
// context's.
func (c *Chain) Play(ctx context.Context, rec *sigmf.Recording, cfg PlayConfig) (*Report, error) {
	if err := c.Check(rec); err != nil {
		return nil, err
	}
	slots := rec.Slots()
	if cfg.Slots > 0 && cfg.Slots < len(slots) {
		slots = slots[:cfg.Slots]
	}
	p, err := newPlayer(c, rec, slots, cfg)
	if err != nil {
		return nil, err
	}
	if err := p.open(); err != nil {
		return nil, err
	}
	report, err := p.play(ctx)
	return report, errors.Join(err, p.rt.Close())
}

// player is one run of a recording.
type player struct {
	chain *Chain
	rec   *sigmf.Recording
	slots []sigmf.Slot
	plan  *plan
	cfg   PlayConfig
	board *scoreboard
	rt    *sfaas.Runtime
	key   sfaas.Key // of the cell

	length time.Duration   // of a slot
	start  sfaas.Time      // of the first slot, in real time
	clock  *sfaas.Timeline // of all slots, in real time
	ahead  nr.Baseband     // the next slot, read while it is on the air
}

func newPlayer(c *Chain, rec *sigmf.Recording, slots []sigmf.Slot, cfg PlayConfig) (*player, error) {
	if cfg.Logger == nil {
		cfg.Logger = slog.Default()
	}
	carrier := &rec.Carrier
	plan, err := newPlan(carrier, slots, rec.NumSamples)
	if err != nil {
		return nil, err
	}
	if len(plan.slots) == 0 {
		return nil, &nr.FieldError{Field: "core:sample_start", Got: "none of the slots", Want: "some within the recording"}
	}
	return &player{
		chain: c, rec: rec, slots: plan.slots, plan: plan, cfg: cfg, board: newScoreboard(plan),
		key: block.CellKey(carrier), length: carrier.Numerology().SlotDuration(),
	}, nil
}

// open starts the runtime.
func (p *player) open() error {
	opts := []sfaas.Option{
		sfaas.WithMode(sfaas.Replay), sfaas.WithBudget(p.length), sfaas.WithLogger(p.cfg.Logger),
		sfaas.WithBlockLimit(time.Minute), sfaas.WithNotices(p.board.notice),
	}
	if p.cfg.RealTime {
		opts = append(opts, p.timeline()...)
	}
	if p.cfg.Workers > 0 {
		opts = append(opts, sfaas.WithWorkers(p.cfg.Workers))
	}
	var err error
	p.rt, err = p.chain.Open(func(h sfaas.Header, tb *block.TransportBlock) {
		if !warming(h.Key) {
			p.board.arrived(tb, time.Now(), p.length)
		}
	}, opts...)
	return err
}

// timeline lays out when the slots are on the air. The work of a slot, its schedule
// included, is due one slot after its end.
func (p *player) timeline() []sfaas.Option {
	p.start = sfaas.Now().Add(lead)
	p.clock = sfaas.NewTimeline(p.length)
	p.clock.Set(sfaas.Slot(p.slots[0].Slot), p.start)
	return []sfaas.Option{sfaas.WithMode(sfaas.RealTime), sfaas.WithTimeline(p.clock), sfaas.WithBudget(2 * p.length)}
}

// play hands over all slots and waits for what follows from them.
func (p *player) play(ctx context.Context) (*Report, error) {
	report := &Report{Slots: len(p.slots)}
	for i := range p.slots {
		report.Air += time.Duration(float64(p.slots[i].SampleCount) / p.rec.Carrier.SampleRate() * 1e9)
	}
	hand := p.atOnce
	if p.cfg.RealTime {
		hand = p.paced
		if err := p.warm(ctx); err != nil {
			return nil, err
		}
	}
	if err := hand(ctx); err != nil {
		return nil, err
	}
	if err := p.rt.Drain(ctx); err != nil {
		return nil, err
	}
	report.Wall = p.board.wall()
	report.Transmissions, report.Functions = p.board.outcomes(), p.rt.Stats()
	return report, nil
}

// atOnce hands over a slot when the one before is done.
func (p *player) atOnce(ctx context.Context) error {
	for i := range p.slots {
		if err := errors.Join(p.schedule(ctx, i), p.read(i), p.samples(ctx, i)); err != nil {
			return err
		}
		if err := p.settle(ctx, i); err != nil {
			return err
		}
	}
	return nil
}

// errPlayed ends the slot clock.
var errPlayed = errors.New("uplink: all slots are played")

// paced hands slots over at the pace of the carrier: the samples of a slot when
// it has ended on the air, the schedule of the next one when it starts.
func (p *player) paced(ctx context.Context) error {
	sent, heard := 0, 0 // schedules and slots handed over
	err := sfaas.SlotClock{Timeline: p.clock}.Run(ctx, func(n sfaas.Slot, _ time.Duration) error {
		if heard < sent {
			if err := p.samples(ctx, heard); err != nil {
				return err
			}
			heard++
		}
		if sent == len(p.slots) {
			return errPlayed
		}
		if n < sfaas.Slot(p.slots[sent].Slot) {
			return nil // nothing was recorded in this slot
		}
		sent++
		return errors.Join(p.schedule(ctx, sent-1), p.read(sent-1))
	})
	if errors.Is(err, errPlayed) {
		return nil
	}
	return err
}

// schedule hands over the schedule of slot i.
func (p *player) schedule(ctx context.Context, i int) error {
	slot := &p.slots[i]
	return retry(ctx, func() error {
		return p.chain.Grants.Push(p.rt, p.key, sfaas.Slot(slot.Slot), func(s *block.Schedule) error {
			s.Set(slot.Slot, p.plan.grants[i]...)
			return nil
		})
	})
}

// read reads slot i from the recording.
func (p *player) read(i int) error {
	if err := p.rec.ReadSlot(&p.ahead, &p.slots[i]); err != nil {
		return fmt.Errorf("slot %d: %w", p.slots[i].Slot, err)
	}
	return nil
}

// samples hands over slot i, which has been read: the buffers change places.
func (p *player) samples(ctx context.Context, i int) error {
	return retry(ctx, func() error {
		return p.chain.Slots.Push(p.rt, p.key, sfaas.Slot(p.slots[i].Slot), func(b *nr.Baseband) error {
			*b, p.ahead = p.ahead, *b
			p.board.handed(i, time.Now())
			return nil
		})
	})
}

// settle waits until slot i is done: all its outcomes are there, or something
// went wrong and nothing is left to do.
func (p *player) settle(ctx context.Context, i int) error {
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
