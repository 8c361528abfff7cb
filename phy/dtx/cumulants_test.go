// SPDX-License-Identifier: Apache-2.0

package dtx

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/neuroran/neuroran/phy/nr"
)

// TestRatioCumulants compares the cumulants with a closed form where the denominator
// is the energy of white noise in n dimensions: the ratio is then Σλ·w, w uniform on
// the simplex (Dirichlet with all parameters 1), whose moments are those of Σλ·e over
// n·(n+1)·….
func TestRatioCumulants(t *testing.T) {
	for _, n := range []int{4, 6, 36} {
		a := covariance(1, n, 1, likely)
		square := a.times(a)
		traces := [4]float64{a.trace(), a.normSq(), square.traceOf(a), square.normSq()}
		got := ratioCumulants(a, identity(n))
		for i := range nr.MaxDMRSSymbols {
			m := formMoments(weighted(traces, slowness[i][:i+1]))
			rising := 1.0
			for k := range m {
				rising *= float64(n*(i+1) + k)
				m[k] /= rising
			}
			compareCumulants(t, n, i, got[i], cumulantsOf(m), 5e-3)
		}
	}
}

// TestRatioCumulantsDrawn compares mean and variance with draws where other UEs are
// taken away, and hardly a dimension is left.
func TestRatioCumulantsDrawn(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for configType := 1; configType <= 2; configType++ {
		tab := newTable(configType, 1, 2, 1)
		n := 8 - 2*configType
		const trials = 40000
		sum, square := 0.0, 0.0
		for range trials {
			inside, energy := 0.0, 0.0
			for range 2 { // real and imaginary parts
				v := make([]float64, n)
				for i := range v {
					v[i] = rng.NormFloat64()
				}
				inside, energy = inside+valueOf(tab.inside, v), energy+valueOf(tab.energy, v)
			}
			x := inside / energy
			sum, square = sum+x/trials, square+x*x/trials
		}
		got, variance := tab.moments[0], square-sum*sum
		if math.Abs(got[0]-sum) > 0.01*sum || math.Abs(got[1]-variance) > 0.05*variance {
			t.Errorf("type %d: mean and variance %.4f, %.5f, drawn %.4f, %.5f", configType, got[0], got[1], sum, variance)
		}
	}
}

// valueOf returns Σ M_ik·v_i·v_k.
func valueOf(m []float32, v []float64) float64 {
	wide := newMatrix(len(v))
	for i, x := range m {
		wide.v[i] = float64(x)
	}
	return wide.of(v)
}

func compareCumulants(t *testing.T, n, rows int, got, want cumulants, tolerance float64) {
	t.Helper()
	for k := range got {
		scale := math.Pow(want[1], float64(k+1)/2)
		if math.Abs(got[k]-want[k]) > tolerance*(scale+math.Abs(want[k])) {
			t.Errorf("%d pilots, %d rows: cumulants %v, want %v", n, rows+1, got, want)
			return
		}
	}
}
