// SPDX-License-Identifier: Apache-2.0

package llr

// splitPairsGeneric is the definition of [SplitPairs].
func splitPairsGeneric(even, odd, src []int8) {
	for i := range even {
		even[i], odd[i] = src[2*i], src[2*i+1]
	}
}

// addSaturatedGeneric is the definition of [AddSaturated].
func addSaturatedGeneric(dst, src []int8, limit int8) {
	top := int(limit)
	for i, x := range src {
		dst[i] = int8(min(max(int(dst[i])+int(x), -top), top))
	}
}
