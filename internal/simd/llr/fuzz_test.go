// SPDX-License-Identifier: Apache-2.0

package llr

import (
	"math/rand/v2"
	"testing"
)

// FuzzMinSumRow compares every implementation with the contract on rows of
// fuzzed shape.
func FuzzMinSumRow(f *testing.F) {
	f.Add(uint64(1), uint8(19), uint16(384))
	f.Add(uint64(2), uint8(3), uint16(2))
	f.Fuzz(func(t *testing.T, seed uint64, degree uint8, z uint16) {
		d, lanes := 2+int(degree)%(MaxDegree-1), 2+int(z)%500
		implementations.Each(t, func(t *testing.T) {
			newRowCase(rand.New(rand.NewPCG(seed, 1)), d, lanes).check(t, seed)
		})
	})
}
