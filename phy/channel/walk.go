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
	each []complex64 // [sinusoid], amplitude of a wave of a tap of amplitude 1
	rows []int       // where the waves of each sinusoid begin: rows are filled up with zeros to whole vectors

	coef    []complex64 // [pair, tap], of taps of amplitude 1, filled up alike
	steer   []complex64 // [tap, frequency], with the amplitude of the tap
	columns []int       // where the frequencies of each tap begin
	numHz   int         // frequencies
}

// rowStep is what the length of a row of waves is a multiple of: the longest vector of a kernel.
const rowStep = 8

// renew is after how many steps the waves are worked out anew, which bounds the error of
// single precision that has added up.
const renew = 1024

// NewWalk returns a walk over the response at the given frequencies, in Hz from the
// carrier, at start, start + step, and so on, in seconds.
func (t *TDL) NewWalk(start, step float64, hz []float64) *Walk {
	n := len(t.waves) / sinusoids // pairs times taps
	row := (n + rowStep - 1) / rowStep * rowStep
	w := &Walk{
		t: t, start: start, step: step, numHz: len(hz),
		wave: make([]complex64, sinusoids*row), turn: make([]complex64, sinusoids*row), coef: make([]complex64, row),
	}
	for s := range sinusoids {
		w.each, w.rows = append(w.each, complex(float32(1/math.Sqrt(sinusoids)), 0)), append(w.rows, s*row)
		for k := range n {
			w.turn[s*row+k] = unit(2 * math.Pi * t.waves[k*sinusoids+s].hz * step)
		}
	}
	for i, tau := range t.delays {
		w.columns = append(w.columns, i*len(hz))
		for _, f := range hz {
			w.steer = append(w.steer, complex(float32(t.amps[i]), 0)*unit(-2*math.Pi*f*tau))
		}
	}
	return w
}

// unit returns exp(j·angle).
func unit(angle float64) complex64 {
	sin, cos := math.Sincos(angle)
	return complex(float32(cos), float32(sin))
}

// Next writes the channel's response at every frequency, without the carrier offset, and goes
// on to the next instant.
//
//   - dst: [receive antenna, transmit antenna, frequency]
//
// It does not allocate.
func (w *Walk) Next(dst []complex64) {
	taps, n := len(w.t.delays), w.numHz
	w.sum()
	for pair := range w.t.cfg.NumRx * w.t.cfg.NumTx {
		mimo.LinComb(dst[pair*n:(pair+1)*n], w.coef[pair*taps:(pair+1)*taps], w.steer, w.columns)
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

// stride is up to how many steps are passed by turning the waves, which takes less than a
// hundredth of what working them out takes.
const stride = 96

// sum adds the waves of each tap up at the present instant, as [TDL.coefficients] does.
func (w *Walk) sum() {
	if w.t.cfg.Static {
		for i := range w.coef {
			w.coef[i] = 1
		}
		return
	}
	if !w.fresh || w.done%renew == 0 {
		w.work()
	}
	mimo.LinComb(w.coef, w.each, w.wave, w.rows)
}

// work works the waves out at the present instant.
func (w *Walk) work() {
	w.fresh = true
	at := w.start + float64(w.done)*w.step
	for i := range w.t.waves {
		x := &w.t.waves[i]
		w.wave[w.rows[i%sinusoids]+i/sinusoids] = unit(2*math.Pi*x.hz*at + x.phase)
	}
}
