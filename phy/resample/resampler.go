// SPDX-License-Identifier: Apache-2.0

package resample

import (
	"fmt"
	"math"
	"math/bits"

	"github.com/neuroran/neuroran/tensor"
)

// Resampler changes the sample rate of one channel at a time. It is immutable: any
// number of goroutines may use it at once.
//
// R. E. Crochiere and L. R. Rabiner, "Multirate Digital Signal Processing", 1983,
// chapter 2.
type Resampler struct {
	cfg      Config
	up, down uint64 // output n stands at input n·down/up, in lowest terms
	bank     filterBank
}

// New returns a resampler. It returns a [*nr.FieldError] for a value out of range.
// It allocates the filter bank.
func New(cfg Config) (*Resampler, error) {
	if err := cfg.normalize(); err != nil {
		return nil, err
	}
	r := &Resampler{cfg: cfg}
	r.up, r.down = uint64(math.Round(cfg.To*1e3)), uint64(math.Round(cfg.From*1e3))
	g := gcd(r.up, r.down)
	r.up, r.down = r.up/g, r.down/g
	r.bank = newFilterBank(&cfg, int(min(r.up, maxPhases)))
	return r, nil
}

func gcd(a, b uint64) uint64 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// Ratio returns the ratio of the rates To/From in lowest terms.
func (r *Resampler) Ratio() (up, down uint64) { return r.up, r.down }

// NumTaps returns how many inputs an output depends on.
func (r *Resampler) NumTaps() int { return 2 * r.bank.half }

// NumOutputs returns how many outputs stand within numInputs inputs, from the first
// to the last of them.
func (r *Resampler) NumOutputs(numInputs int64) int64 {
	if numInputs <= 0 {
		return 0
	}
	q, _ := divide(uint64(numInputs-1), r.up, r.down)
	return int64(q) + 1
}

// Inputs returns which inputs the outputs start … start+num−1 depend on: count of
// them from input first, which may be negative. Beyond the ends of a signal inputs
// are 0.
func (r *Resampler) Inputs(start int64, num int) (first int64, count int) {
	if num <= 0 {
		return 0, 0
	}
	from, _ := r.position(start)
	to, _ := r.position(start + int64(num) - 1)
	return from + 1 - int64(r.bank.half), int(to-from) + 2*r.bank.half
}

// position returns the input at or before output n and the remainder, in 1/up
// input samples.
func (r *Resampler) position(n int64) (input int64, rest uint64) {
	if n < 0 {
		input, rest = r.position(-n)
		if rest == 0 {
			return -input, 0
		}
		return -input - 1, r.up - rest
	}
	q, rest := divide(uint64(n), r.down, r.up)
	return int64(q), rest
}

// divide returns a·b/c and the remainder; a quotient beyond 64 bits wraps.
func divide(a, b, c uint64) (quotient, rest uint64) {
	hi, lo := bits.Mul64(a, b)
	return bits.Div64(hi%c, lo, c)
}

// Process writes outputs of one channel.
//
//   - dst: outputs start … start+len(dst)−1
//   - src: the inputs that [Resampler.Inputs] names for them, all of them
//
// It returns a [*tensor.ShapeError] if src has another length. It does not
// allocate. dst and src must not overlap.
func (r *Resampler) Process(dst, src []complex64, start int64) error {
	if _, want := r.Inputs(start, len(dst)); len(src) != want {
		return fmt.Errorf("resample: %w", &tensor.ShapeError{Op: "inputs", Want: []int{want}, Got: []int{len(src)}})
	}
	if len(dst) == 0 {
		return nil
	}
	_, rest := r.position(start)
	whole, part := int(r.down/r.up), r.down%r.up
	at := 0
	for i := range dst {
		dst[i] = weigh(src[at:], r.bank.row(r.phase(rest)))
		at += whole
		if rest += part; rest >= r.up {
			rest -= r.up
			at++
		}
	}
	return nil
}

// phase returns the filter for a position of rest/up input samples: its own, or the
// nearest of a bank that has fewer.
func (r *Resampler) phase(rest uint64) int {
	if r.up <= maxPhases {
		return int(rest)
	}
	return int(math.Round(float64(rest) / float64(r.up) * maxPhases))
}

// weigh returns Σ x[k]·taps[k]; the taps are even in number.
func weigh(x []complex64, taps []float32) complex64 {
	x = x[:len(taps)]
	var re0, im0, re1, im1 float32
	for k := 0; k < len(taps)-1; k += 2 {
		a, b := taps[k], taps[k+1]
		re0 += real(x[k]) * a
		im0 += imag(x[k]) * a
		re1 += real(x[k+1]) * b
		im1 += imag(x[k+1]) * b
	}
	return complex(re0+re1, im0+im1)
}
