// SPDX-License-Identifier: Apache-2.0

package channel

import (
	"math"
	"math/rand/v2"
)

// Noise is a source of white complex Gaussian noise, fixed by its seed. Use
// [NewNoise]. One goroutine at a time may use it.
//
// The generator is PCG: M. O'Neill, "PCG: A Family of Simple Fast Space-Efficient
// Statistically Good Algorithms for Random Number Generation", 2014.
type Noise struct {
	pcg rand.PCG
	rng *rand.Rand
}

// NewNoise returns the noise of a seed.
func NewNoise(seed uint64) *Noise {
	n := &Noise{}
	n.rng = rand.New(&n.pcg)
	n.Reset(seed)
	return n
}

// Reset starts the noise of another seed. It does not allocate.
func (n *Noise) Reset(seed uint64) { n.pcg.Seed(seed, 0x6e6f697365) } // "noise"

// Add adds circular noise of the given variance E|n|² to x. It does not
// allocate.
func (n *Noise) Add(x []complex64, variance float64) {
	sigma := math.Sqrt(variance / 2)
	for i := range x {
		x[i] += complex(float32(sigma*n.rng.NormFloat64()), float32(sigma*n.rng.NormFloat64()))
	}
}

// Rand returns the generator behind the noise, for other random choices that
// shall follow from the same seed.
func (n *Noise) Rand() *rand.Rand { return n.rng }
