// SPDX-License-Identifier: Apache-2.0

package channel

import (
	"math"

	"github.com/neuroran/neuroran/internal/simd/mimo"
	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/tensor"
)

const (
	halfWidth  = 16 // samples of the interpolation kernel to each side
	maxBlock   = 16 // samples during which a tap is taken as constant
	kaiserBeta = 8.0
)

// tapFilter is the interpolation kernel of every path, on a common grid of
// whole samples.
type tapFilter struct {
	rate    float64
	first   int         // delay of tap 0 in samples, may be negative
	length  int         // taps
	kernel  []float64   // [path, tap]
	weights []complex64 // scratch: taps of one pair of antennas
	off     []int
	padded  []complex64 // one port with zeros around it
}

func (f *tapFilter) prepare(rate float64, delays []float64) {
	if f.rate == rate {
		return
	}
	lo, hi := math.Inf(1), math.Inf(-1)
	for _, d := range delays {
		lo, hi = min(lo, d*rate), max(hi, d*rate)
	}
	f.rate = rate
	f.first = int(math.Floor(lo)) - halfWidth + 1
	f.length = int(math.Floor(hi)) + halfWidth - f.first + 1
	f.kernel = make([]float64, len(delays)*f.length)
	for i, d := range delays {
		for n := range f.length {
			f.kernel[i*f.length+n] = kaiserSinc(float64(f.first+n) - d*rate)
		}
	}
	f.weights = make([]complex64, f.length)
	f.off = make([]int, f.length)
}

// kaiserSinc is sin(πx)/(πx) under a Kaiser window of ±halfWidth.
func kaiserSinc(x float64) float64 {
	u := x / halfWidth
	if u*u >= 1 {
		return 0
	}
	w := bessel0(kaiserBeta*math.Sqrt(1-u*u)) / bessel0(kaiserBeta)
	if x == 0 {
		return w
	}
	return w * math.Sin(math.Pi*x) / (math.Pi * x)
}

// bessel0 is the modified Bessel function I0.
func bessel0(x float64) float64 {
	sum, term := 1.0, 1.0
	for k := 1.0; term > 1e-17*sum; k++ {
		term *= x / 2 / k * x / 2 / k
		sum += term
	}
	return sum
}

// AddSamples sends samples through the channel and adds them to dst. Paths lie
// between samples where their delay says so; src is zero outside its ends; the
// taps are constant for at most 16 samples.
//
//   - dst: [rx, n]
//   - src: [tx, n]
//   - rate: samples per second
//   - start: instant of the first sample, in samples; calls with consecutive
//     starts see one continuous channel
//
// It returns a [*nr.ShapeError] if dimensions disagree. It allocates when rate or n
// grow.
func (t *TDL) AddSamples(dst, src *tensor.Tensor[complex64], rate float64, start int64) error {
	n := 0
	if src.Rank() == 2 {
		n = src.Dim(1)
	}
	if err := checkDims("dst", dst, t.cfg.NumRx, n); err != nil {
		return err
	}
	if err := checkDims("src", src, t.cfg.NumTx, n); err != nil {
		return err
	}
	if !(rate > 0) {
		return &nr.FieldError{Field: "channel.rate", Got: rate, Want: "positive"}
	}
	f := &t.taps
	f.prepare(rate, t.delays)
	// Sample p of the output is Σ_i weights[i]·x[p−first−i]; x[0] is at
	// padded[before].
	before := max(0, f.first+f.length-1)
	after := max(0, -f.first)
	if need := before + n + after; cap(f.padded) < need {
		f.padded = make([]complex64, need)
	}
	for tx := range t.cfg.NumTx {
		f.padded = f.padded[:before+n+after]
		clear(f.padded)
		copy(f.padded[before:], src.Row(tx))
		for p := 0; p < n; p += maxBlock {
			block := min(maxBlock, n-p)
			middle := float64(start) + float64(p) + float64(block)/2
			for i := range f.off {
				f.off[i] = before + p - f.first - i
			}
			for rx := range t.cfg.NumRx {
				t.addBlock(dst.Row(rx)[p:p+block], rx, tx, middle/rate, start+int64(p))
			}
		}
	}
	return nil
}

// addBlock adds one block of one pair of antennas.
func (t *TDL) addBlock(dst []complex64, rx, tx int, seconds float64, start int64) {
	f := &t.taps
	clear(f.weights)
	for i, a := range t.coefficients(rx, tx, seconds) {
		kernel := f.kernel[i*f.length : (i+1)*f.length]
		for n, k := range kernel {
			f.weights[n] += complex(float32(k)*real(a), float32(k)*imag(a))
		}
	}
	var y [maxBlock]complex64
	mimo.LinComb(y[:len(dst)], f.weights, f.padded, f.off)
	if t.cfg.CFOHz == 0 {
		for i := range dst {
			dst[i] += y[i]
		}
		return
	}
	for i := range dst {
		dst[i] += y[i] * turnAt(t.cfg.CFOHz, f.rate, start+int64(i))
	}
}

// turnAt returns exp(j2π·hz·sample/rate).
func turnAt(hz, rate float64, sample int64) complex64 {
	cycles := math.Mod(hz/rate*float64(sample), 1)
	sin, cos := math.Sincos(2 * math.Pi * cycles)
	return complex(float32(cos), float32(sin))
}
