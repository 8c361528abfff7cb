// SPDX-License-Identifier: Apache-2.0

//go:build !amd64 || purego

package llr

func flipSigns(llrs []int8, words []uint64) { flipSignsGeneric(llrs, words) }

func scale(dst, src []int8, factor, limit int) { scaleGeneric(dst, src, factor, limit) }

func hardDecide(dst []byte, src []int8) { hardDecideGeneric(dst, src) }

func minSumRow(soft, messages []int8, edges []Edge, z int, rule *Rule) bool {
	return minSumRowGeneric(soft, messages, edges, z, rule)
}

func parityRow(soft []int8, edges []Edge, z int) bool { return parityRowGeneric(soft, edges, z) }

func packSigns(dst []byte, src []int8) { packSignsGeneric(dst, src) }

func minSumFirst(soft, messages []int8, edges []Edge, z int, rule *Rule) bool {
	return minSumFirstGeneric(soft, messages, edges, z, rule)
}

func implementation() string { return "generic" }

func splitPairs(even, odd, src []int8) { splitPairsGeneric(even, odd, src) }

func addSaturated(dst, src []int8, limit int8) { addSaturatedGeneric(dst, src, limit) }
