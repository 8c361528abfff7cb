// SPDX-License-Identifier: Apache-2.0

package gnb

import (
	"math"
	"math/rand/v2"

	"github.com/neuroran/neuroran/internal/lookup"
	"github.com/neuroran/neuroran/mac"
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
	cfg     AirConfig
	model   receiverModel
	curves  *mac.Curves
	known   []knownCurve // of curves, those that were asked for: [MCS index, PRBs of the grant]
	bounds  *mac.Bounds
	gains   combining
	tables  [9]*information // by bits per symbol
	groupOf []uint8         // resource block group of each PRB
	ues     []abstractUE
	rng     *rand.Rand
}

// knownCurve is the curve of blocks of so many bits; none where bits is 0.
type knownCurve struct {
	table nr.MCSTable
	bits  int
	curve mac.Curve
}

type abstractUE struct {
	fading    fading
	rePerPRB  int // data resource elements of its grants
	processes [nr.MaxHARQProcesses]abstractBlock
}

// abstractBlock is what has been received of the present block of a HARQ process.
type abstractBlock struct {
	need  float32 // SINR from which on it passes without a bound on iterations, dB
	bits  int     // transport block size
	mcs   nr.MCS
	index int          // its row
	table *information // of its modulation
	info  float32      // sum of the information of a coded bit over transmissions
	sent  int          // transmissions
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
		known: make([]knownCurve, (nr.MaxMCSIndex+1)*(cfg.Carrier.NumPRB+1)), groupOf: make([]uint8, cfg.Carrier.NumPRB),
		ues: make([]abstractUE, len(cfg.UEs)), rng: rand.New(rand.NewPCG(cfg.Seed, 0x616273)), // "abs"
	}
	for _, m := range []nr.Modulation{nr.QPSK, nr.QAM16, nr.QAM64, nr.QAM256} {
		a.tables[m.BitsPerSymbol()] = informationOf(m)
	}
	hz := make([]float64, len(cfg.RBGs))
	for i, g := range cfg.RBGs {
		hz[i] = cfg.frequency(g)
		for prb := g.StartPRB; prb < g.StartPRB+g.NumPRB; prb++ {
			a.groupOf[prb] = uint8(i)
		}
	}
	for i := range a.ues {
		if g := &cfg.UEs[i].MAC.Grant; g.NumLayers != 1 {
			return nil, &nr.FieldError{Field: "ue.grant.num_layers", Got: g.NumLayers, Want: "1 with the abstract air"}
		}
		f := &a.ues[i].fading
		a.ues[i].rePerPRB = cfg.UEs[i].dataREsPerPRB()
		if err := f.init(&a.cfg, i, hz); err != nil {
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
		mcs := g.MCS()
		bits := nr.TransportBlockSize(u.rePerPRB, g.NumPRB, g.NumLayers, mcs)
		*b = abstractBlock{bits: bits, mcs: mcs, index: g.MCSIndex, table: a.tables[mcs.Modulation.BitsPerSymbol()]}
		b.need = a.draw(g, b)
	}
	density, _ := a.cfg.UEs[who].Power.grant(u.fading.snrDB, a.cfg.Carrier.Numerology(), g)
	snr *= density
	info, reported := a.measure(&u.fading, g, b.table, float32(snr))
	if a.cfg.NoCombining {
		b.info, b.sent, b.need = 0, 0, a.draw(g, b)
	}
	b.info += info
	b.sent++
	effective := b.table.inverse(b.info / float32(b.sent))
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
	known := &a.known[b.index*(len(a.groupOf)+1)+g.NumPRB]
	if known.bits != b.bits || known.table != g.MCSTable {
		*known = knownCurve{g.MCSTable, b.bits, a.curves.Of(g.MCSTable, b.index, b.bits)}
	}
	return float32(known.curve.Needed(max(a.rng.Float64(), 1e-12)))
}

// measure returns the mean information of the coded bits of a grant, and the SINR that the
// receiver reports, linear.
func (a *abstract) measure(f *fading, g *nr.Grant, table *information, snr float32) (info, reported float32) {
	loss := 1 + a.model.loss + a.model.lossPRB/float32(g.NumPRB)
	end := g.StartPRB + g.NumPRB
	for i := int(a.groupOf[g.StartPRB]); i <= int(a.groupOf[end-1]); i++ {
		r := &a.cfg.RBGs[i]
		n := min(end, r.StartPRB+r.NumPRB) - max(g.StartPRB, r.StartPRB)
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

// decibel returns a power ratio in dB, from −99 to 99.
func decibel(x float32) float32 { return decibels.At(x) }

var decibels = lookup.New(-33, 33, func(x float64) float64 { return 10 * math.Log10(x) })
