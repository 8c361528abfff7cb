// SPDX-License-Identifier: Apache-2.0

package llr

// FlipSigns negates llrs[i] in place where bit i%64 of words[i/64] is 1. −128
// stays −128. len(llrs) must be at most 64·len(words), else it panics.
func FlipSigns(llrs []int8, words []uint64) {
	_ = words[:(len(llrs)+63)/64]
	flipSigns(llrs, words)
}
