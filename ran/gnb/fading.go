// SPDX-License-Identifier: Apache-2.0

package gnb

import (
	"math"

	"github.com/neuroran/neuroran/phy/channel"
	"github.com/neuroran/neuroran/phy/nr"
)

// fading follows the power gain of one UE's channel in each resource block group. The response
// is worked out every few slots, as often as the Doppler frequency wants it; a slot in between
// takes it from the two instants before and the two after it:
//
//	response     ×           ×     │     ×           ×
//	instant   step − 1     step   slot  step + 1   step + 2
//
// The weights of the four are right for the four Doppler shifts that stand for all directions
// of arrival (see weigh). With perCycle instants in a cycle of the Doppler frequency the power of
// two antennas is off by 0.03 dB (root mean square) and by nothing on average, see TestFading;
// straight lines between instants of the power want four times as many for 0.17 dB.
type fading struct {
	cfg *AirConfig
	ue  int
	hz  []float64 // middle of each group

	dopplerHz float64
	walk      *channel.Walk
	every     nr.Slot // slots from one instant to the next
	step      int64   // the last instant that is not after the present slot
	ready     bool
	responses [4][]complex64 // [antenna pair, group] at the instants around the slot, that of instant s at s mod 4

	table      [][4]float32 // weights of the four instants, the earliest first, for each slot between two of them
	slot       nr.Slot      // the present one
	weights    [4]float32   // of responses
	share      float32      // of each transmit antenna in the power
	snrDB, snr float64      // mean signal to noise ratio, in dB and linear
}

// perCycle is into how many instants a cycle of the Doppler frequency is cut at least.
const perCycle = 5

// leastHz is the Doppler frequency that stands for all below it.
const leastHz = 0.01

// init makes the fading of a UE at the beginning of its trajectory.
func (f *fading) init(cfg *AirConfig, ue int, hz []float64) error {
	*f = fading{cfg: cfg, ue: ue, hz: hz}
	return f.tune(cfg.UEs[ue].Trajectory[0].DopplerHz)
}

// tune begins a walk over the channel at a Doppler frequency.
func (f *fading) tune(dopplerHz float64) error {
	path, err := f.cfg.path(f.ue, dopplerHz)
	if err != nil {
		return err
	}
	slot := f.cfg.Carrier.Numerology().SlotDuration().Seconds()
	f.dopplerHz, f.ready = dopplerHz, false
	f.every = nr.Slot(max(1, min(1/(perCycle*slot*max(dopplerHz, leastHz)), 1000)))
	f.walk = path.NewWalk(slot/2, slot*float64(f.every), f.hz)
	f.table = weigh(int(f.every), 2*math.Pi*max(dopplerHz, leastHz)*slot*float64(f.every))
	pairs := path.Config().NumRx * path.Config().NumTx
	f.share = 1 / float32(path.Config().NumTx)
	for i := range f.responses {
		f.responses[i] = make([]complex64, pairs*len(f.hz))
	}
	return nil
}

// seek goes to a slot and returns the mean signal to noise ratio there, linear. It
// allocates only where the Doppler frequency changes.
func (f *fading) seek(slot nr.Slot) (snr float64, err error) {
	if f.ready && slot == f.slot {
		return f.snr, nil
	}
	snrDB, doppler := f.cfg.UEs[f.ue].Trajectory.At(slotTime(&f.cfg.Carrier, slot))
	if doppler != f.dopplerHz {
		if err := f.tune(doppler); err != nil {
			return 0, err
		}
	}
	f.look(int64(slot / f.every))
	for k, w := range f.table[slot%f.every] {
		f.weights[(f.step-1+int64(k))&3] = w
	}
	f.slot = slot
	if snrDB != f.snrDB || f.snr == 0 {
		f.snrDB, f.snr = snrDB, math.Pow(10, snrDB/10)
	}
	return f.snr, nil
}

// look works out the responses from one instant before step to two after it, as far as they
// are not there.
func (f *fading) look(step int64) {
	from := step - 1
	if f.ready && step >= f.step && step <= f.step+int64(len(f.responses)) {
		from = f.step + 3 // the first instant that is not there
	}
	if from <= step+2 {
		f.walk.GoTo(from)
	}
	for ; from <= step+2; from++ {
		f.walk.Next(f.responses[from&3])
	}
	f.step, f.ready = step, true
}

// weigh returns the weights of the responses at four instants for each of the slots from the
// second one to the third; angle is by what the largest Doppler shift turns a wave in between.
//
// They are those with which waves of the four Doppler shifts ±cos(π/8) and ±cos(3π/8) of the
// largest one, the nodes of Gauss-Chebyshev quadrature over the classical spectrum, come out as
// they are. By symmetry about the middle between the instants, from which a slot is y away, sum
// and difference of the weights of the inner two and of the outer two follow from two pairs of
// equations, of which these are the first:
//
//	inner·cos(ω/2) + outer·cos(3ω/2) = cos(ω·y), for both ω
//
// and the second has sines.
func weigh(slots int, angle float64) [][4]float32 {
	table := make([][4]float32, slots)
	table[0] = [4]float32{0, 1, 0, 0}
	p, q := angle*math.Cos(math.Pi/8), angle*math.Cos(3*math.Pi/8)
	solve := func(f func(float64) float64, y float64) (inner, outer float64) {
		a, b, c := f(p/2), f(3*p/2), f(p*y)
		d, e, g := f(q/2), f(3*q/2), f(q*y)
		det := a*e - b*d
		return (c*e - b*g) / det, (a*g - c*d) / det
	}
	for i := 1; i < slots; i++ {
		y := float64(i)/float64(slots) - 0.5
		inner, outer := solve(math.Cos, y)
		innerSlope, outerSlope := solve(math.Sin, y)
		table[i] = [4]float32{
			float32(outer-outerSlope) / 2, float32(inner-innerSlope) / 2, float32(inner+innerSlope) / 2, float32(outer+outerSlope) / 2,
		}
	}
	return table
}

// gain returns the power gain in group i in the present slot, the mean over transmit antennas
// and the sum over receive antennas.
func (f *fading) gain(i int) float32 {
	sum := float32(0)
	a, b, c, d := f.responses[0], f.responses[1], f.responses[2], f.responses[3]
	w := &f.weights
	for ; i < len(a); i += len(f.hz) {
		re := w[0]*real(a[i]) + w[1]*real(b[i]) + w[2]*real(c[i]) + w[3]*real(d[i])
		im := w[0]*imag(a[i]) + w[1]*imag(b[i]) + w[2]*imag(c[i]) + w[3]*imag(d[i])
		sum += re*re + im*im
	}
	return sum * f.share
}
