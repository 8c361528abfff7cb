// SPDX-License-Identifier: Apache-2.0

package resample

import "math"

// maxPhases is the largest number of filters of a bank. Ratios with a larger
// numerator take the nearest filter, at most 1/8192 of an input sample away: an
// error of −70 dB at the upper end of a pass band of 0.8 of the rate.
const maxPhases = 4096

// filterBank holds the taps for every position of an output between two inputs.
type filterBank struct {
	half   int       // inputs to each side of an output
	phases int       // positions per sample; row phases is position 1
	taps   []float32 // [phases + 1][2·half]
}

// newFilterBank samples the windowed sinc
//
//	g(t) = 2fc · sinc(2fc·t) · I0(β·√(1 − (t/half)²)) / I0(β)
//
// with the cut-off fc in cycles per input sample, halfway between pass and stop
// band. Row φ holds g(k − φ/phases) for the inputs k = 1 − half … half around the
// output.
func newFilterBank(c *Config, phases int) filterBank {
	b := filterBank{half: int(c.halfWidth()), phases: phases}
	b.taps = make([]float32, (phases+1)*2*b.half)
	fc, beta := (c.PassHz+c.StopHz)/2/c.From, c.beta()
	scale := 2 * fc / bessel(beta)
	for phase := range phases + 1 {
		row := b.row(phase)
		for i := range row {
			t := float64(i+1-b.half) - float64(phase)/float64(phases)
			x := t / float64(b.half)
			if x*x >= 1 {
				continue
			}
			row[i] = float32(scale * sinc(2*fc*t) * bessel(beta*math.Sqrt(1-x*x)))
		}
	}
	return b
}

// row returns the taps of a position.
func (b *filterBank) row(phase int) []float32 {
	return b.taps[phase*2*b.half:][:2*b.half]
}

// sinc returns sin(πx)/(πx).
func sinc(x float64) float64 {
	if x == 0 {
		return 1
	}
	return math.Sin(math.Pi*x) / (math.Pi * x)
}

// bessel returns I0(x), the modified Bessel function of order 0, by its series.
func bessel(x float64) float64 {
	sum, term := 1.0, 1.0
	for k := 1.0; term > 1e-17*sum; k++ {
		term *= (x / 2 / k) * (x / 2 / k)
		sum += term
	}
	return sum
}
