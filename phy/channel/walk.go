// SPDX-License-Identifier: Apache-2.0

package channel

import (
	"math"

	"github.com/neuroran/neuroran/internal/simd/c64"
	"github.com/neuroran/neuroran/internal/simd/mimo"
)

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

	wave []complex64 // [sinusoid, pair of antennas, tap]: the waves of one tap lie apart, so that all taps are summed at once
	turn []complex64 // by what each wave turns in a step
	ones []complex64 // [sinusoid]
	rows []int       // where the waves of each sinusoid begin

	coef    []complex64 // [pair, tap]
	steer   []complex64 // [tap, frequency]
	columns []int       // where the frequencies of each tap begin
	h       []complex64 // [frequency]
}

// renew is after how many steps the waves are worked out anew, which bounds the error of
// single precision that has added up.
const renew = 256

// NewWalk returns a walk over the response at the given frequencies, in Hz from the
// carrier, at start, start + step, and so on, in seconds.
func (t *TDL) NewWalk(start, step float64, hz []float64) *Walk {
	n := len(t.waves) / sinusoids // pairs times taps
	w := &Walk{
		t: t, start: start, step: step,
		wave: make([]complex64, len(t.waves)), turn: make([]complex64, len(t.waves)),
		coef: make([]complex64, n), h: make([]complex64, len(hz)),
	}
	for s := range sinusoids {
		w.ones, w.rows = append(w.ones, 1), append(w.rows, s*n)
		for k := range n {
			w.turn[s*n+k] = unit(2 * math.Pi * t.waves[k*sinusoids+s].hz * step)
		}
	}
	for i, tau := range t.delays {
		w.columns = append(w.columns, i*len(hz))
		for _, f := range hz {
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
	w.sum()
	clear(dst)
	share := 1 / float32(t.cfg.NumTx)
	for pair := range t.cfg.NumRx * t.cfg.NumTx {
		mimo.LinComb(w.h, w.coef[pair*taps:(pair+1)*taps], w.steer, w.columns)
		for f, h := range w.h[:len(dst)] {
			dst[f] += share * (real(h)*real(h) + imag(h)*imag(h))
		}
	}
	c64.Mul(w.wave, w.wave, w.turn)
	w.done++
}

// GoTo goes to an instant, counted in steps from the start. It does not allocate.
func (w *Walk) GoTo(step int64) {
	if ahead := step - w.done; w.fresh && ahead > 0 && ahead <= stride {
		for ; w.done < step; w.done++ {
			c64.Mul(w.wave, w.wave, w.turn)
			w.fresh = w.fresh && (w.done+1)%renew != 0
		}
	}
	if step != w.done {
		w.done, w.fresh = step, false
	}
}

// stride is up to how many steps are passed by turning the waves, which takes a hundredth of
// what working them out takes.
const stride = 32

// sum adds the waves of each tap up at the present instant, as [TDL.coefficients] does.
func (w *Walk) sum() {
	taps := len(w.t.amps)
	if w.t.cfg.Static {
		for i := range w.coef {
			w.coef[i] = complex(float32(w.t.amps[i%taps]), 0)
		}
		return
	}
	if !w.fresh || w.done%renew == 0 {
		w.work()
	}
	mimo.LinComb(w.coef, w.ones, w.wave, w.rows)
	for i, z := range w.coef {
		norm := float32(w.t.amps[i%taps] / math.Sqrt(sinusoids))
		w.coef[i] = complex(norm*real(z), norm*imag(z))
	}
}

// work works the waves out at the present instant.
func (w *Walk) work() {
	w.fresh = true
	at := w.start + float64(w.done)*w.step
	n := len(w.coef)
	for i := range w.wave {
		x := &w.t.waves[i%n*sinusoids+i/n]
		w.wave[i] = unit(2*math.Pi*x.hz*at + x.phase)
	}
}
