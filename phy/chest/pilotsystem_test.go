// SPDX-License-Identifier: Apache-2.0

package chest

import (
	"math"
	"math/cmplx"
	"math/rand/v2"
	"testing"

	"github.com/neuroran/neuroran/phy/dmrs"
)

// TestPilotSystem multiplies what is solved by the covariance as its definition has
// it, for every window, one code and both.
func TestPilotSystem(t *testing.T) {
	const solved, seen, noise = 5, 3, 0.01
	rng := rand.New(rand.NewPCG(1, 2))
	s := newPilotSystem(filterPilots, solved+seen)
	for configType := 1; configType <= 2; configType++ {
		for prbs := 1; prbs*dmrs.PilotsPerPRB(configType) <= filterPilots; prbs++ {
			for codes := 1; codes <= 2; codes++ {
				l := randomLags(rng)
				n := prbs * dmrs.PilotsPerPRB(configType)
				at := func(i int) int { return dmrs.Subcarrier(configType, 0, i) }
				cov := func(i, k int) complex128 {
					d := filterSpan + at(k) - at(i)
					v := complex(l.re[d], l.im[d]) * complex(dmrs.CodeSum(uint8(2*codes-1), k-i), 0)
					if i == k {
						v += noise
					}
					return v
				}
				b := make([][solved + seen]complex128, n)
				s.reset(l, configType, n, codes, noise, solved, seen)
				for i := range b {
					for c := range b[i] {
						b[i][c] = complex(rng.NormFloat64(), rng.NormFloat64())
					}
					re, im := s.unknowns(i)
					split(re, im, b[i][:solved])
					re, im = s.others(i)
					split(re, im, b[i][solved:])
				}
				power, ok := s.solve()
				if !ok {
					t.Fatalf("type %d, %d PRBs, %d codes: not positive definite", configType, prbs, codes)
				}
				for i := range b {
					for c := range solved {
						sum := complex128(0)
						for k := range b {
							re, im := s.unknowns(k)
							sum += cov(i, k) * complex(re[c], im[c])
						}
						if cmplx.Abs(sum-b[i][c]) > 1e-9 {
							t.Fatalf("type %d, %d PRBs, %d codes: C·X [%d, %d] = %v, want %v", configType, prbs, codes, i, c, sum, b[i][c])
						}
					}
				}
				// The power of what is only seen is that of its solution, which a second
				// system finds.
				again, want := newPilotSystem(filterPilots, seen), 0.0
				again.reset(l, configType, n, codes, noise, seen, 0)
				for i := range b {
					re, im := again.unknowns(i)
					split(re, im, b[i][solved:])
				}
				again.solve()
				for i := range b {
					re, im := again.unknowns(i)
					for c := range seen {
						want += real(cmplx.Conj(b[i][solved+c]) * complex(re[c], im[c]))
					}
				}
				if math.Abs(power-want) > 1e-9*want {
					t.Fatalf("type %d, %d PRBs, %d codes: power %v, want %v", configType, prbs, codes, power, want)
				}
			}
		}
	}
}

// randomLags returns the correlation of a channel of a few random paths.
func randomLags(rng *rand.Rand) *lags {
	l := new(lags)
	for range 4 {
		power, z := rng.ExpFloat64(), phasor(0.3*rng.NormFloat64())
		for d := range filterSpan + 1 {
			v := z.at(d)
			l.re[filterSpan+d] += power * real(v)
			l.im[filterSpan+d] += power * imag(v)
		}
	}
	l.mirror(filterSpan)
	return l
}

func split(re, im []float64, x []complex128) {
	for i, v := range x {
		re[i], im[i] = real(v), imag(v)
	}
}
