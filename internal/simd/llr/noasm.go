// SPDX-License-Identifier: Apache-2.0

package llr

func flipSigns(llrs []int8, words []uint64) { flipSignsGeneric(llrs, words) }
