// SPDX-License-Identifier: Apache-2.0

package uplink

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"sync"
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
	// Workers is the number of workers; 0 stands for one per processor.
	Workers int
	// Logger is where faults are logged; nil stands for [slog.Default].
	Logger *slog.Logger
	// Replay is a recording of the edge that [Config.Replay] names, of so many bytes: it
	// takes the place of the samples, where the edge does not need those too. The
	// schedules, unless they are replayed, and which slots are played, come from the
	// recording of the radio.
	Replay     io.ReaderAt
	ReplaySize int64
	// Options are further ones of the runtime, such as [sfaas.WithOutput] of sinks that
	// the program has added to the graph.
	Options []sfaas.Option
}

// Check reports the first slot of a recording whose schedule is not legal, and a
// recording of a carrier of another form (any cell will do), number of antennas or
// sample rate. Transmissions that are legal
// and not supported are no error: see [Transmission].Err.
func (c *Chain) Check(rec *sigmf.Recording) error {
	if rec.Carrier.Form() != c.Config.Carrier || rec.NumChannels != c.Config.NumRx {
		return &nr.FieldError{Field: "nr:carrier", Got: rec.Carrier, Want: "a carrier of the form, and the antennas, of the chain"}
	}
	if rec.SampleRate != rec.Carrier.SampleRate() || rec.Unaligned {
		return &nr.FieldError{Field: "core:sample_rate", Got: rec.SampleRate, Want: "the rate of the carrier and known positions: see phy/capture"}
	}
	for _, slot := range rec.Slots() {
		grants, reasons := granted(&slot)
		if _, err := unsupported(&rec.Carrier, slot.Slot, grants, reasons); err != nil {
			return fmt.Errorf("slot %d: %w", slot.Slot, err)
		}
	}
	return nil
}

// granted returns the grants of a slot, and why some of them are left out.
func granted(slot *sigmf.Slot) ([]nr.Grant, []error) {
	var grants []nr.Grant
	var reasons []error
	for i := range slot.Transmissions {
		grants, reasons = append(grants, slot.Transmissions[i].Grant), append(reasons, slot.Transmissions[i].Unsupported)
	}
	return grants, reasons
}

// Play runs a recording through the chain, on a [Receiver] of its own, and returns
// what became of every transmission. It returns the errors of [Chain.Check], of opening
// the runtime and of reading the samples, and the context's.
func (c *Chain) Play(ctx context.Context, rec *sigmf.Recording, cfg PlayConfig) (*Report, error) {
	if err := c.Check(rec); err != nil {
		return nil, err
	}
	taped, err := c.openReplay(&cfg)
	if err != nil {
		return nil, err
	}
	p, err := newPlayer(rec, cfg, taped.schedules)
	if err != nil {
		return nil, err
	}
	p.replay = taped.player
	r, err := c.Receive(ReceiverConfig{
		OnOutcome: p.note, Timeline: p.timeline, Workers: cfg.Workers, Logger: cfg.Logger, Options: cfg.Options,
	})
	if err != nil {
		return nil, err
	}
	p.receiver = r
	p.edge, p.samplesToo = c.Config.Replay, c.Config.Replay.needsSamples()
	err = p.play(ctx)
	if err == nil {
		err = r.Flush(ctx)
	}
	stats := r.Runtime().Stats()
	if err = errors.Join(err, r.Close()); err != nil {
		return nil, err
	}
	p.report.Functions = stats
	return p.report, nil
}

// replaying is what takes the place of an edge: schedules, or messages of another edge.
type replaying struct {
	schedules map[nr.Slot][]nr.Grant
	player    slotPlayer
}

// openReplay opens what takes the place of the edge that the chain replays, if it does.
func (c *Chain) openReplay(cfg *PlayConfig) (x replaying, err error) {
	edge := c.Config.Replay
	switch {
	case edge == "":
		return x, nil
	case cfg.Replay == nil:
		return x, &nr.FieldError{Field: "replay", Got: "nothing", Want: "a recording of edge " + string(edge)}
	case edge == EdgeGrants:
		x.schedules, err = schedulesOn(cfg.Replay, cfg.ReplaySize)
	default:
		x.player, err = c.replay.open(cfg.Replay, cfg.ReplaySize)
	}
	if err != nil {
		return x, fmt.Errorf("uplink: replay %s: %w", edge, err)
	}
	return x, nil
}

// player is one run of a recording.
type player struct {
	rec      *sigmf.Recording
	slots    []sigmf.Slot
	held     []bool          // the recording has the samples of the slot
	first    map[nr.Slot]int // of the report's transmissions, by slot
	cfg      PlayConfig
	receiver *Receiver
	key      sfaas.Key // of the cell

	timeline *sfaas.Timeline // of the slots, in real time; nil otherwise
	start    sfaas.Time      // of the first one
	ahead    nr.Baseband     // the next slot, read while it is on the air

	replay     slotPlayer // pushes what was recorded of a slot; nil for none
	samplesToo bool       // the samples are needed beside it
	edge       Edge       // that is replayed

	mu     sync.Mutex
	report *Report
	began  time.Time // when the first samples were handed over
}

// newPlayer returns the run of a recording. Schedules that are not nil take the place of
// its own.
func newPlayer(rec *sigmf.Recording, cfg PlayConfig, schedules map[nr.Slot][]nr.Grant) (*player, error) {
	slots := slices.Clone(rec.Slots())
	if schedules != nil {
		for i := range slots {
			slots[i].Transmissions = nil
			for _, g := range schedules[slots[i].Slot] {
				slots[i].Transmissions = append(slots[i].Transmissions, sigmf.Transmission{Grant: g})
			}
		}
	}
	if cfg.Slots > 0 && cfg.Slots < len(slots) {
		slots = slots[:cfg.Slots]
	}
	p := &player{rec: rec, slots: slots, cfg: cfg, key: block.CellKey(rec.Carrier.CellID), report: &Report{}, first: map[nr.Slot]int{}}
	n := 0
	for i := range slots {
		s := &slots[i]
		p.first[s.Slot] = n
		n += len(s.Transmissions)
		holds := s.SampleStart >= 0 && s.SampleStart+int64(s.SampleCount) <= rec.NumSamples
		if p.held = append(p.held, holds); holds {
			p.report.Slots++
			p.report.Air += time.Duration(float64(s.SampleCount) / rec.Carrier.SampleRate() * 1e9)
		}
	}
	if p.report.Slots == 0 {
		return nil, &nr.FieldError{Field: "core:sample_start", Got: "none of the slots", Want: "some within the recording"}
	}
	p.report.Transmissions = make([]Transmission, n)
	if cfg.RealTime {
		p.timeline = sfaas.NewTimeline(rec.Carrier.Numerology().SlotDuration())
		p.start = sfaas.Now().Add(lead)
		p.timeline.Set(sfaas.Slot(slots[0].Slot), p.start)
	}
	return p, nil
}

// note takes the outcome of a transmission into the report.
func (p *player) note(t *Transmission, tb *block.TransportBlock) {
	now := time.Now()
	p.mu.Lock()
	defer p.mu.Unlock()
	x := &p.report.Transmissions[p.first[t.Slot]+t.Index]
	*x = *t
	if tb == nil {
		return
	}
	p.report.Wall = max(p.report.Wall, now.Sub(p.began))
	if tb.CRC {
		x.SHA256 = sha256.Sum256(tb.TransportBlock.Data.Data())
	}
}

// play hands over all slots.
func (p *player) play(ctx context.Context) error {
	if !p.cfg.RealTime {
		return p.atOnce(ctx)
	}
	if err := p.warm(ctx); err != nil {
		return err
	}
	return p.paced(ctx)
}

// atOnce hands over a slot when the one before is done.
func (p *player) atOnce(ctx context.Context) error {
	for i := range p.slots {
		if err := p.schedule(ctx, i); err != nil {
			return err
		}
		if !p.held[i] {
			continue
		}
		if err := errors.Join(p.read(i), p.samples(ctx, i), p.receiver.Wait(ctx, p.key, p.slots[i].Slot)); err != nil {
			return err
		}
	}
	return nil
}

// errPlayed ends the slot clock.
var errPlayed = errors.New("uplink: all slots are played")

// paced hands slots over at the pace of the carrier: the samples of a slot when
// it has ended on the air, the schedule of the next one when it starts. After a stall
// the samples of the slots that are over are lost, as a radio's would be.
func (p *player) paced(ctx context.Context) error {
	sent := 0 // schedules handed over
	err := sfaas.SlotClock{Timeline: p.timeline}.Run(ctx, func(n sfaas.Slot, _ time.Duration) error {
		if sent > 0 && p.held[sent-1] && sfaas.Slot(p.slots[sent-1].Slot)+1 == n {
			if err := p.samples(ctx, sent-1); err != nil {
				return err
			}
		}
		for ; sent < len(p.slots) && sfaas.Slot(p.slots[sent].Slot) <= n; sent++ {
			if err := p.schedule(ctx, sent); err != nil {
				return err
			}
			if p.held[sent] {
				if err := p.read(sent); err != nil {
					return err
				}
			}
		}
		if last := len(p.slots) - 1; sfaas.Slot(p.slots[last].Slot) < n {
			return errPlayed
		}
		return nil
	})
	if errors.Is(err, errPlayed) {
		return nil
	}
	return err
}

// schedule hands over the schedule of slot i, and the grants of its UEs if they are replayed.
func (p *player) schedule(ctx context.Context, i int) error {
	grants, reasons := granted(&p.slots[i])
	slot := p.slots[i].Slot
	err := retry(ctx, func() error { return p.receiver.schedule(p.key, slot, grants, reasons) })
	if err != nil || p.edge != EdgeUEGrants {
		return err
	}
	from := 0
	return retry(ctx, func() (err error) {
		from, err = p.replay(p.receiver.rt, sfaas.Slot(slot), from)
		return err
	})
}

// read reads slot i from the recording.
func (p *player) read(i int) error {
	if err := p.rec.ReadSlot(&p.ahead, &p.slots[i]); err != nil {
		return fmt.Errorf("slot %d: %w", p.slots[i].Slot, err)
	}
	return nil
}

// samples hands over slot i: what was recorded of it, and then the samples, which have
// been read; or one of both.
func (p *player) samples(ctx context.Context, i int) error {
	slot := p.slots[i].Slot
	if p.replay != nil && p.edge != EdgeUEGrants {
		from := 0
		err := retry(ctx, func() error {
			return p.receiver.replay(p.key, slot, !p.samplesToo, func() (err error) {
				from, err = p.replay(p.receiver.rt, sfaas.Slot(slot), from)
				return err
			})
		})
		if err != nil || !p.samplesToo {
			return errors.Join(err, p.swap(new(nr.Baseband)))
		}
	}
	return retry(ctx, func() error { return p.receiver.Samples(p.key, slot, p.swap) })
}

// swap exchanges the buffers of the samples that were read and of a message.
func (p *player) swap(b *nr.Baseband) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if *b, p.ahead = p.ahead, *b; p.began.IsZero() {
		p.began = time.Now()
	}
	return nil
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
