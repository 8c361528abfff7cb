// SPDX-License-Identifier: Apache-2.0

//go:build !purego

package llr

import "golang.org/x/sys/cpu"

//go:generate go -C _asm run . -out ../llr_amd64.s -stubs ../llr_amd64.go -pkg llr

// CPU features in use. Only tests change them.
var (
	useAVX2   = cpu.X86.HasAVX2
	useAVX512 = cpu.X86.HasAVX512BW && cpu.X86.HasAVX512VBMI
)

func implementation() string {
	switch {
	case useAVX512:
		return "avx512"
	case useAVX2:
		return "avx2"
	}
	return "generic"
}

// kernels512 holds the row kernel of every degree of base graphs 1 and 2.
var kernels512 = [MaxDegree + 1]func(soft, messages, old *int8, step int, edges *uint32, z int, rule *uint8) uint64{
	3: minSumRow3AVX512, 4: minSumRow4AVX512, 5: minSumRow5AVX512,
	6: minSumRow6AVX512, 7: minSumRow7AVX512, 8: minSumRow8AVX512,
	9: minSumRow9AVX512, 10: minSumRow10AVX512, 19: minSumRow19AVX512,
}

// noMessages stands for the messages before the first iteration.
var noMessages [MaxDegree * Lanes]int8

func minSumRow(soft, messages []int8, edges []Edge, z int, rule *Rule) bool {
	step := Lanes * len(edges)
	return minSumKernel(soft, messages, &messages[0], step, edges, z, rule)
}

func minSumFirst(soft, messages []int8, edges []Edge, z int, rule *Rule) bool {
	return minSumKernel(soft, messages, &noMessages[0], 0, edges, z, rule)
}

// minSumKernel reads the former messages from old, step further at each block.
func minSumKernel(soft, messages []int8, old *int8, step int, edges []Edge, z int, rule *Rule) bool {
	if useAVX512 {
		if kernel := kernels512[len(edges)]; kernel != nil {
			return kernel(&soft[0], &messages[0], old, step, &edges[0].Src, z, &rule[0]) == 0
		}
	}
	if useAVX2 {
		return minSumRowAVX2(&soft[0], &messages[0], old, step, &edges[0].Src, len(edges), z, &rule[0]) == 0
	}
	if step == 0 {
		return minSumFirstGeneric(soft, messages, edges, z, rule)
	}
	return minSumRowGeneric(soft, messages, edges, z, rule)
}

func parityRow(soft []int8, edges []Edge, z int) bool {
	if useAVX2 {
		return parityRowAVX2(&soft[0], &edges[0].Src, len(edges), z) == 0
	}
	return parityRowGeneric(soft, edges, z)
}

func packSigns(dst []byte, src []int8) {
	if n := len(src) / 32; useAVX2 && n > 0 {
		packSignsAVX2(&dst[0], &src[0], n)
		dst, src = dst[4*n:], src[32*n:]
	}
	packSignsGeneric(dst, src)
}

func flipSigns(llrs []int8, words []uint64) {
	if n := len(llrs) / 64; useAVX2 && n > 0 {
		flipSignsAVX2(&llrs[0], &words[0], n)
		llrs, words = llrs[64*n:], words[n:]
	}
	flipSignsGeneric(llrs, words)
}

func scale(dst, src []int8, factor, limit int) {
	if n := len(src) / 32; useAVX2 && n > 0 {
		scaleAVX2(&dst[0], &src[0], n, factor, limit)
		dst, src = dst[32*n:], src[32*n:]
	}
	scaleGeneric(dst, src, factor, limit)
}

func hardDecide(dst []byte, src []int8) {
	if n := len(src) / 32; useAVX2 && n > 0 {
		hardDecideAVX2(&dst[0], &src[0], n)
		dst, src = dst[32*n:], src[32*n:]
	}
	hardDecideGeneric(dst, src)
}

func splitPairs(even, odd, src []int8) {
	if n := len(src) / 64; useAVX2 && n > 0 {
		splitPairsAVX2(&even[0], &odd[0], &src[0], n)
		even, odd, src = even[32*n:], odd[32*n:], src[64*n:]
	}
	splitPairsGeneric(even, odd, src)
}

func addSaturated(dst, src []int8, limit int8) {
	if n := len(dst) / 32; useAVX2 && n > 0 {
		addSaturatedAVX2(&dst[0], &src[0], n, int(limit))
		dst, src = dst[32*n:], src[32*n:]
	}
	addSaturatedGeneric(dst, src, limit)
}
