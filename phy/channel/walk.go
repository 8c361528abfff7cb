// SPDX-License-Identifier: Apache-2.0

package channel

import "math"

// Walk follows the frequency response of a [TDL] at instants of equal distance, as
// [TDL.Response] gives it, for far less work: between two instants each plane wave of a
// tap turns by an angle that is known beforehand. Use [TDL.NewWalk]. One goroutine at a
// time may use it.
//
// Xiao, Zheng and Beaulieu 2006, as [TDL.Reset] says.
type Walk struct {
	t     *TDL
	start float64 // instant of the first step, s
	step  float64 // s
	done  int64   // instants passed
	fresh bool    // the waves are those of the present instant
	wave  []complex64
	turn  []complex64
	steer []complex64 // [frequency, tap]
	coef  []complex64 // of one pair of antennas
}

// renew is after how many steps the waves are worked out anew, which bounds the error of
// single precision that has added up.
const renew = 256

// NewWalk returns a walk over the response at the given frequencies, in Hz from the
// carrier, at start, start + step, and so on, in seconds.
func (t *TDL) NewWalk(start, step float64, hz []float64) *Walk {
	w := &Walk{
		t: t, start: start, step: step,
		wave: make([]complex64, len(t.waves)), turn: make([]complex64, len(t.waves)),
		coef: make([]complex64, len(t.delays)),
	}
	for i := range t.waves {
		w.turn[i] = unit(2 * math.Pi * t.waves[i].hz * step)
	}
	for _, f := range hz {
		for _, tau := range t.delays {
			w.steer = append(w.steer, unit(-2*math.Pi*f*tau))
		}
	}
	return w
}

// unit returns exp(j·angle).
func unit(angle float64) complex64 {
	sin, cos := math.Sincos(angle)
	return complex(float32(cos), float32(sin))
}

// Gains writes the channel's power gain at every frequency, the mean over transmit
// antennas and the sum over receive antennas, and goes on to the next instant.
//
//   - dst: [frequency]
//
// It does not allocate.
func (w *Walk) Gains(dst []float32) {
	t, taps := w.t, len(w.t.delays)
	if !w.fresh || w.done%renew == 0 {
		w.work()
	}
	clear(dst)
	share := 1 / float32(t.cfg.NumTx)
	for pair := range t.cfg.NumRx * t.cfg.NumTx {
		w.coefficients(pair)
		for f := range dst {
			var h complex64
			for i, s := range w.steer[f*taps : (f+1)*taps] {
				h += s * w.coef[i]
			}
			dst[f] += share * (real(h)*real(h) + imag(h)*imag(h))
		}
	}
	for i, r := range w.turn {
		w.wave[i] *= r
	}
	w.done++
}

// GoTo goes to an instant, counted in steps from the start. It does not allocate.
func (w *Walk) GoTo(step int64) {
	if step != w.done {
		w.done, w.fresh = step, false
	}
}

// work works the waves out at the present instant.
func (w *Walk) work() {
	w.fresh = true
	at := w.start + float64(w.done)*w.step
	for i := range w.wave {
		x := &w.t.waves[i]
		w.wave[i] = unit(2*math.Pi*x.hz*at + x.phase)
	}
}

// coefficients adds the waves of each tap up, as [TDL.coefficients] does.
func (w *Walk) coefficients(pair int) {
	for i, a := range w.t.amps {
		if w.t.cfg.Static {
			w.coef[i] = complex(float32(a), 0)
			continue
		}
		first := (pair*len(w.t.amps) + i) * sinusoids
		var re, im float32
		for _, z := range w.wave[first : first+sinusoids] {
			re, im = re+real(z), im+imag(z)
		}
		norm := float32(a / math.Sqrt(sinusoids))
		w.coef[i] = complex(norm*re, norm*im)
	}
}
