// SPDX-License-Identifier: Apache-2.0

package admission_test

import (
	"errors"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/neuroran/neuroran/placement/admission"
)

// TestFitHolds draws measured over predicted from several laws, which change half-way: the
// bounds that were given beforehand are exceeded as often as promised, and the fit says so.
func TestFitHolds(t *testing.T) {
	const slots = 100000
	for _, quantile := range []float64{0.9, 0.99, 0.999} {
		for name, law := range map[string]func(*rand.Rand) float64{
			"normal":    func(rng *rand.Rand) float64 { return 1 + 0.05*rng.NormFloat64() },
			"lognormal": func(rng *rand.Rand) float64 { return math.Exp(0.3 * rng.NormFloat64()) },
			"bursts": func(rng *rand.Rand) float64 {
				if rng.IntN(300) == 0 {
					return 4
				}
				return 1 + 0.1*rng.Float64()
			},
		} {
			rng := rand.New(rand.NewPCG(7, 0))
			fit, err := admission.NewFit(quantile)
			if err != nil {
				t.Fatal(err)
			}
			exceeded, judged, recent := 0, 0, 0
			for i := range slots {
				x := law(rng)
				if i > slots/2 {
					x *= 1.3 // the machine has become slower
				}
				measured := time.Duration(x * 1e5)
				if settled := i > slots/4 && i < slots/2 || i > slots*3/4; settled {
					if judged++; float64(measured) > 1e5*fit.Ratio() {
						exceeded++
						if i > slots-20000 {
							recent++
						}
					}
				}
				fit.Observe(1e5, measured)
			}
			share, promised := float64(exceeded)/float64(judged), 1-quantile
			if share > promised+4*math.Sqrt(promised/float64(judged)) {
				t.Errorf("%s at %v: exceeded in %.5f of the slots", name, quantile, share)
			}
			if e := fit.Error(); e.Samples != slots || math.Abs(e.Exceeded-float64(recent)/20000) > 0.3*promised+1e-3 {
				t.Errorf("%s at %v: it says %+v, and has been exceeded in %d of 20000", name, quantile, e, recent)
			}
		}
	}
}

// TestFitOfFew bounds by the prior, or by the largest seen, as long as a quantile is not known.
func TestFitOfFew(t *testing.T) {
	fit, _ := admission.NewFit(0.999)
	if r := fit.Ratio(); r != 2 {
		t.Errorf("of nothing: %v", r)
	}
	for range 100 {
		fit.Observe(1000, 1000)
	}
	if r := fit.Ratio(); r != 2 {
		t.Errorf("of 100 that are right: %v", r)
	}
	fit.Observe(1000, 5000)
	if r := fit.Ratio(); r < 5 || r > 5*1.05 {
		t.Errorf("with one of 5: %v", r)
	}
	for range 20000 {
		fit.Observe(1000, 1000)
	}
	if r := fit.Ratio(); r > 1.1 {
		t.Errorf("of many that are right: %v", r)
	}
	fit.Observe(0, 1)
	fit.Observe(1, -1)
	if n := fit.Error().Samples; n != 20101 {
		t.Errorf("%d samples", n)
	}
	for _, q := range []float64{0, 0.4, 1, 2, math.NaN()} {
		if _, err := admission.NewFit(q); !errors.As(err, new(*admission.FieldError)) {
			t.Errorf("quantile %v: %v", q, err)
		}
	}
}
