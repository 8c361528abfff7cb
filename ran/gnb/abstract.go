// SPDX-License-Identifier: Apache-2.0

package gnb

import (
	"math"
	"math/rand/v2"

	"github.com/neuroran/neuroran/mac"
	"github.com/neuroran/neuroran/phy/channel"
	"github.com/neuroran/neuroran/phy/nr"
)

// abstract is the air of which only the outcome is simulated. For a grant it
//
//  1. takes the power of the UE's fading channel in each resource block group, from the
//     same tapped delay line that the waveform has,
//  2. makes of it the SINR after the equalizer, with what the receiver's channel estimate
//     loses (receiverModel),
//  3. averages the mutual information that the coded bits of all transmissions of the
//     block carry, and takes the SINR of an even channel with as much (MIESM),
//  4. adds what the redundancy versions gain,
//  5. and compares the sum with the SINR from which on the block passes, which was drawn from
//     the measured curve of block error rates when it was new: a block has one draw for all its
//     transmissions, so that the share of blocks that fail after n transmissions is the rate
//     after n. What is to spare says how many LDPC iterations the decoder takes, and a bound
//     on these fails the block that needs more.
type abstract struct {
	cfg    AirConfig
	model  receiverModel
	curves *mac.Curves
	bounds *mac.Bounds
	gains  combining
	ues    []abstractUE
	rng    *rand.Rand
}

type abstractUE struct {
	fading    fading
	processes [nr.MaxHARQProcesses]abstractBlock
}

// abstractBlock is what has been received of the present block of a HARQ process.
type abstractBlock struct {
	need  float32 // SINR from which on it passes without a bound on iterations, dB
	bits  int     // transport block size
	mcs   nr.MCS
	index int     // its row
	info  float32 // sum of the information of a coded bit over transmissions
	sent  int     // transmissions
}

// receiverModel is what the receiver makes of a resource element of SINR γ before
// estimation: an SINR of 1/((1 + loss + lossPRB/PRBs)/γ + floor) after it, and in its
// report gain·γ + offset. The constants were fitted to phy/link's true and reported SINR on
// TDLB100 at 20 Hz, 2 antennas, 2 to 24 PRBs, −4 to 30 dB, to within 0.3 dB from 0 dB on;
// see docs/mac.md.
type receiverModel struct {
	loss, lossPRB, floor float32
	gain, offset         float32
}

var receiverModels = map[string]receiverModel{
	"ls":     {loss: 0.185, floor: 1e-4, gain: 0.87, offset: 0.4},
	"lmmse":  {loss: 0.02, lossPRB: 0.11, floor: 2e-5, gain: 0.94},
	"neural": {loss: 0.02, lossPRB: 0.11, floor: 2e-5, gain: 0.94},
	"":       {loss: 0.02, lossPRB: 0.11, floor: 2e-5, gain: 0.94},
}

// NewAbstract returns the air without waveforms: fast, and calibrated against the other
// one. UEs have one layer, and PRBs of their own. It returns a [*nr.FieldError] for what it
// does not know.
func NewAbstract(cfg AirConfig) (Air, error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	a := &abstract{
		cfg: cfg, model: receiverModels[cfg.Receiver], curves: mac.DefaultCurves(), bounds: mac.DefaultBounds(), gains: measuredCombining(),
		ues: make([]abstractUE, len(cfg.UEs)), rng: rand.New(rand.NewPCG(cfg.Seed, 0x616273)), // "abs"
	}
	hz := make([]float64, len(cfg.RBGs))
	for i, g := range cfg.RBGs {
		hz[i] = cfg.frequency(g)
	}
	for i := range a.ues {
		if g := &cfg.UEs[i].MAC.Grant; g.NumLayers != 1 {
			return nil, &nr.FieldError{Field: "ue.grant.num_layers", Got: g.NumLayers, Want: "1 with the abstract air"}
		}
		f := &a.ues[i].fading
		*f = fading{cfg: &a.cfg, ue: i, hz: hz, before: make([]float32, len(hz)), after: make([]float32, len(hz))}
		if err := f.tune(cfg.UEs[i].Trajectory[0].DopplerHz); err != nil {
			return nil, err
		}
	}
	return a, nil
}

// Transmit implements [Air]. It returns a [*nr.UnsupportedError] for grants that share
// PRBs. It does not allocate when it succeeds.
func (a *abstract) Transmit(dst []Reception, s *nr.Schedule, who []int) error {
	var taken [nr.MaxPRB]bool
	for i := range s.Grants {
		for k := range s.Grants[i].NumPRB {
			prb := &taken[s.Grants[i].StartPRB+k]
			if *prb {
				return &nr.UnsupportedError{Field: "UEs on shared PRBs, by the abstract air", Got: s.Grants[i].RNTI}
			}
			*prb = true
		}
		if who[i] < 0 {
			dst[i] = Reception{Outcome: nr.OutcomeAbsent}
			continue
		}
		if err := a.receive(&dst[i], s.Slot, &s.Grants[i], who[i]); err != nil {
			return err
		}
	}
	return nil
}

// receive decides what becomes of one grant.
func (a *abstract) receive(dst *Reception, slot nr.Slot, g *nr.Grant, who int) error {
	u := &a.ues[who]
	snr, err := u.fading.seek(slot)
	if err != nil {
		return err
	}
	b := &u.processes[g.HARQProcess]
	if g.NewData || b.sent == 0 {
		*b = abstractBlock{bits: g.TBS(), mcs: g.MCS(), index: g.MCSIndex}
		b.need = a.draw(g, b)
	}
	density, _ := a.cfg.UEs[who].Power.grant(u.fading.snrDB, a.cfg.Carrier.Numerology(), g)
	snr *= density
	info, reported := a.measure(&u.fading, g, b.mcs.Modulation, float32(snr))
	if a.cfg.NoCombining {
		b.info, b.sent, b.need = 0, 0, a.draw(g, b)
	}
	b.info += info
	b.sent++
	effective := informationOf(b.mcs.Modulation).inverse(b.info / float32(b.sent))
	if b.sent > 1 {
		effective += a.gains.gain(b.mcs, b.sent)
	}
	dst.SINRdB, dst.SINRObserved = decibel(reported), true
	spare, most := effective-b.need, g.MaxIterations
	dst.Outcome = nr.OutcomeFailed
	if spare >= a.bounds.LossDB(g.MCSTable, b.index, most) {
		dst.Outcome = nr.OutcomePassed
	}
	iterations := a.bounds.Iterations(g.MCSTable, b.index, spare)
	if most > 0 {
		iterations = min(iterations, most)
	}
	dst.Iterations = uint8(iterations)
	return nil
}

// draw returns the SINR from which on a new block passes, dB.
func (a *abstract) draw(g *nr.Grant, b *abstractBlock) float32 {
	return float32(a.curves.Needed(g.MCSTable, b.index, b.bits, max(a.rng.Float64(), 1e-12)))
}

// measure returns the mean information of the coded bits of a grant, and the SINR that the
// receiver reports, linear.
func (a *abstract) measure(f *fading, g *nr.Grant, m nr.Modulation, snr float32) (info, reported float32) {
	table := informationOf(m)
	loss := 1 + a.model.loss + a.model.lossPRB/float32(g.NumPRB)
	end := g.StartPRB + g.NumPRB
	for i, r := range a.cfg.RBGs {
		if r.StartPRB >= end {
			break
		}
		n := min(end, r.StartPRB+r.NumPRB) - max(g.StartPRB, r.StartPRB)
		if n <= 0 {
			continue
		}
		gamma := snr * f.gain(i)
		info += float32(n) * table.atRatio(gamma/(loss+gamma*a.model.floor))
		reported += float32(n) * gamma
	}
	n := float32(g.NumPRB)
	return info / n, a.model.gain*reported/n + a.model.offset
}

// Sound implements [Air]. It does not allocate.
func (a *abstract) Sound(dst []float32, ue int, slot nr.Slot) {
	f := &a.ues[ue].fading
	snr, err := f.seek(slot)
	if err != nil {
		return // a Doppler frequency that was validated
	}
	density := a.cfg.UEs[ue].Power.sounding(f.snrDB, a.cfg.Carrier.Numerology())
	for i := range dst {
		gamma := float32(snr*density) * f.gain(i)
		dst[i] = decibel(a.model.gain*gamma + a.model.offset)
	}
}

// Close implements [Air].
func (a *abstract) Close() error { return nil }

// decibel returns a power ratio in dB, at least −99.
func decibel(x float32) float32 {
	return 10 * float32(math.Log10(max(float64(x), 1.3e-10)))
}

// fading follows the power gain of one UE's channel in each resource block group. It is
// worked out every few slots, as often as the Doppler frequency wants it, with straight
// lines between.
type fading struct {
	cfg *AirConfig
	ue  int
	hz  []float64

	dopplerHz     float64
	walk          *channel.Walk
	every         nr.Slot // slots from one step of walk to the next
	step          int64   // that of before; that of after is the next one
	ready         bool
	before, after []float32
	weight        float32 // of after, in the present slot
	snrDB, snr    float64 // mean signal to noise ratio, in dB and linear
}

// perCycle is into how many steps a cycle of the Doppler frequency is cut.
const perCycle = 20

// tune begins a walk over the channel at a Doppler frequency.
func (f *fading) tune(dopplerHz float64) error {
	path, err := f.cfg.path(f.ue, dopplerHz)
	if err != nil {
		return err
	}
	slot := f.cfg.Carrier.Numerology().SlotDuration().Seconds()
	f.dopplerHz, f.ready = dopplerHz, false
	f.every = nr.Slot(max(1, min(1/(perCycle*slot*max(dopplerHz, 0.01)), 1000)))
	f.walk = path.NewWalk(slot/2, slot*float64(f.every), f.hz)
	return nil
}

// seek goes to a slot and returns the mean signal to noise ratio there, linear. It
// allocates only where the Doppler frequency changes.
func (f *fading) seek(slot nr.Slot) (snr float64, err error) {
	snrDB, doppler := f.cfg.UEs[f.ue].Trajectory.At(slotTime(&f.cfg.Carrier, slot))
	if doppler != f.dopplerHz {
		if err := f.tune(doppler); err != nil {
			return 0, err
		}
	}
	step := int64(slot / f.every)
	f.weight = float32(slot%f.every) / float32(f.every)
	switch {
	case f.ready && step == f.step:
	case f.ready && step == f.step+1:
		f.before, f.after = f.after, f.before
		f.walk.Gains(f.after)
	default:
		f.walk.GoTo(step)
		f.walk.Gains(f.before)
		f.walk.Gains(f.after)
	}
	f.step, f.ready = step, true
	if snrDB != f.snrDB || f.snr == 0 {
		f.snrDB, f.snr = snrDB, math.Pow(10, snrDB/10)
	}
	return f.snr, nil
}

// gain returns the power gain in group i in the present slot.
func (f *fading) gain(i int) float32 { return f.before[i] + f.weight*(f.after[i]-f.before[i]) }
