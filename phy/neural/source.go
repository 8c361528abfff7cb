// SPDX-License-Identifier: Apache-2.0

package neural

import (
	"math"
	"math/rand/v2"

	"github.com/neuroran/neuroran/phy/modem"
)

// source draws noisy symbols with their exact log-likelihood ratios.
type source struct {
	rng       *rand.Rand
	low, high float64 // dB
	emphasis  float64
	points    []complex64
	exact     modem.Exact
	z         [1]complex64
	variance  [1]float32
	llr       []float32
}

// newSource returns a source for a valid recipe. Streams of different numbers
// are independent: 0 trains, others are held out.
func newSource(r Recipe, stream uint64) *source {
	s := &source{
		rng: rand.New(rand.NewPCG(r.Seed, 1000+stream)), low: r.LowSNRdB, high: r.HighSNRdB, emphasis: r.Emphasis,
		points: modem.Constellation(r.Modulation), llr: make([]float32, r.Modulation.BitsPerSymbol()),
	}
	if err := s.exact.Configure(r.Modulation); err != nil {
		panic(err) // the recipe was validated
	}
	return s
}

// symbol draws one symbol and returns it with its noise variance; s.llr then
// holds its exact log-likelihood ratios.
func (s *source) symbol() (complex64, float64) {
	variance := math.Pow(10, -(s.low+(s.high-s.low)*s.rng.Float64())/10)
	sigma := math.Sqrt(variance / 2)
	p := s.points[s.rng.IntN(len(s.points))]
	s.z[0] = p + complex(float32(sigma*s.rng.NormFloat64()), float32(sigma*s.rng.NormFloat64()))
	s.variance[0] = float32(variance)
	if err := s.exact.DemapFloat(s.llr, s.z[:], s.variance[:]); err != nil {
		panic(err) // the lengths are ours
	}
	return s.z[0], variance
}

// draw fills a batch: symbols [n, 2], what the network shall return [n, bits],
// and the weight of each symbol [n].
func (s *source) draw(x, want, weight []float64) {
	for i := range weight {
		z, variance := s.symbol()
		x[2*i], x[2*i+1] = float64(real(z)), float64(imag(z))
		weight[i] = math.Pow(variance, -s.emphasis)
		for k, l := range s.llr {
			want[i*len(s.llr)+k] = float64(l) * variance
		}
	}
}
