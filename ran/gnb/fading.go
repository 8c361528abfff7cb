// SPDX-License-Identifier: Apache-2.0

package gnb

import (
	"math"

	"github.com/neuroran/neuroran/phy/channel"
	"github.com/neuroran/neuroran/phy/nr"
)

// fading follows the power gain of one UE's channel in each resource block group. The response
// is worked out every few slots, as often as the Doppler frequency wants it; a slot in between
// takes the cubic through the two instants before and the two after it:
//
//	response     ×           ×     │     ×           ×
//	instant   step − 1     step   slot  step + 1   step + 2
//
// With perCycle instants in a cycle of the Doppler frequency the power of two antennas is off by
// less than 0.1 dB (root mean square, classical Doppler spectrum; see TestFading). Straight lines
// between instants of the power want three times as many for 0.17 dB.
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

	slot       nr.Slot    // the present one
	weights    [4]float32 // of responses
	share      float32    // of each transmit antenna in the power
	snrDB, snr float64    // mean signal to noise ratio, in dB and linear
}

// perCycle is into how many instants a cycle of the Doppler frequency is cut at least.
const perCycle = 6

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
	f.every = nr.Slot(max(1, min(1/(perCycle*slot*max(dopplerHz, 0.01)), 1000)))
	f.walk = path.NewWalk(slot/2, slot*float64(f.every), f.hz)
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
	f.weigh(float32(slot%f.every) / float32(f.every))
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

// weigh writes the weights of the responses for a slot that is a share x of the way from one
// instant to the next: those of the cubic through four points (Lagrange).
func (f *fading) weigh(x float32) {
	at := f.step - 1
	f.weights[at&3] = -x * (x - 1) * (x - 2) / 6
	f.weights[(at+1)&3] = (x + 1) * (x - 1) * (x - 2) / 2
	f.weights[(at+2)&3] = -(x + 1) * x * (x - 2) / 2
	f.weights[(at+3)&3] = (x + 1) * x * (x - 1) / 6
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
