// SPDX-License-Identifier: Apache-2.0

package llr

// flipSignsGeneric is the definition of [FlipSigns].
func flipSignsGeneric(llrs []int8, words []uint64) {
	for i := range llrs {
		m := -int8(words[i/64] >> (i % 64) & 1)
		llrs[i] = llrs[i] ^ m - m
	}
}
