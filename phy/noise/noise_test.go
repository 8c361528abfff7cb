// SPDX-License-Identifier: Apache-2.0

package noise_test

import (
	"fmt"
	"math"
	"math/cmplx"
	"math/rand/v2"
	"testing"

	"github.com/neuroran/neuroran/phy/noise"
)

// values draws n values of rx antennas: white noise of the given deviations, and
// an interferer of the given amplitude from a random direction.
func values(rng *rand.Rand, n int, sigma []float64, interferer float64) *noise.Rows {
	var rows noise.Rows
	normal := func() complex128 { return complex(rng.NormFloat64(), rng.NormFloat64()) / math.Sqrt2 }
	var way [8]complex128
	for r := range sigma {
		rows[r], way[r] = make([]complex64, n), normal()
	}
	for i := range n {
		x := normal() * complex(interferer, 0)
		for r, s := range sigma {
			rows[r][i] = complex64(normal()*complex(s, 0) + way[r]*x)
		}
	}
	return &rows
}

// TestWhiteStaysWhite counts how often white noise is taken for something else.
func TestWhiteStaysWhite(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	const trials = 2000
	for _, rx := range []int{2, 4, 8} {
		for _, n := range []int{20, 100, 500} {
			wrong := 0
			for range trials {
				var s noise.Sums
				s.Add(values(rng, n, []float64{1, 1, 1, 1, 1, 1, 1, 1}[:rx], 0), rx, 1, float64(n))
				var c noise.Covariance
				if c.Load(&s, rx, 0); !c.White {
					wrong++
				}
			}
			if wrong > trials/12 {
				t.Errorf("%d antennas, %d values: %d of %d are not white", rx, n, wrong, trials)
			}
		}
	}
}

// TestWhiten whitens unequal and correlated noise with a covariance from other
// values, and goes back.
func TestWhiten(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for name, c := range map[string]struct {
		sigma      []float64
		interferer float64
	}{
		"equal":       {[]float64{2, 2, 2, 2}, 0},
		"one loud":    {[]float64{1, 100}, 0},
		"one dead":    {[]float64{1, 0, 1, 1}, 0},
		"interferer":  {[]float64{1, 1, 1, 1}, 100},
		"and unequal": {[]float64{1, 0.1, 3}, 30},
	} {
		t.Run(name, func(t *testing.T) {
			rx, n := len(c.sigma), 2000
			all := values(rng, n, c.sigma, c.interferer)
			first, second := *all, *all
			for r := range rx {
				first[r], second[r] = all[r][:n/2], all[r][n/2:]
			}
			var s noise.Sums
			s.Add(&first, rx, 1, float64(n/2))
			var q noise.Covariance
			q.Load(&s, rx, 0)
			before := append([]complex64(nil), second[rx-1]...)
			scratch := make([]complex64, rx*n)
			q.Whiten(&second, scratch)
			var got noise.Sums
			got.Add(&second, rx, 1/float64(n/2), 1)
			for a := range rx {
				for b := range a + 1 {
					want := complex128(0)
					if a == b && c.sigma[a] > 0 {
						want = 1
					}
					if d := cmplx.Abs(got.Sum[a*rx+b] - want); d > 0.15 {
						t.Errorf("antennas %d and %d: covariance %.2f after whitening, want %v", a, b, got.Sum[a*rx+b], want)
					}
				}
			}
			q.Colour(&second, scratch)
			for i, v := range before {
				if d := second[rx-1][i] - v; cmplx.Abs(complex128(d)) > 1e-4*(1+cmplx.Abs(complex128(v))) {
					t.Fatalf("value %d: %v is %v on the way back", i, v, second[rx-1][i])
				}
			}
		})
	}
}

func TestNoAllocs(t *testing.T) {
	rows := values(rand.New(rand.NewPCG(5, 6)), 100, []float64{1, 2, 3}, 4)
	var s noise.Sums
	var c noise.Covariance
	scratch := make([]complex64, 300)
	if n := testing.AllocsPerRun(10, func() {
		s.Reset()
		s.Add(rows, 3, 1, 100)
		c.Load(&s, 3, 1e-6)
		c.Whiten(rows, scratch)
		c.Colour(rows, scratch)
	}); n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
}

// An antenna with ten times the noise counts a tenth.
func ExampleCovariance() {
	rng := rand.New(rand.NewPCG(1, 2))
	var sums noise.Sums
	sums.Add(values(rng, 1000, []float64{1, 10}, 0), 2, 1, 1000)
	var q noise.Covariance
	q.Load(&sums, 2, 0)
	signal := noise.Rows{{10}, {10}}
	q.Whiten(&signal, make([]complex64, 2))
	fmt.Printf("%.0f and %.0f times the noise\n", real(signal[0][0]), real(signal[1][0]))
	// Output: 10 and 1 times the noise
}
