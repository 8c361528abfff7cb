// SPDX-License-Identifier: Apache-2.0

//go:build !purego

package c128

import "golang.org/x/sys/cpu"

//go:generate env GOWORK=off go -C _asm run . -out ../c128_amd64.s -stubs ../c128_amd64.go -pkg c128

// useAVX2 says that the CPU has AVX2 and FMA. Only tests change it.
var useAVX2 = cpu.X86.HasAVX2 && cpu.X86.HasFMA

func addComb(dst, w, src []complex128, off []int) {
	if !useAVX2 || len(dst) == 0 || len(w) == 0 {
		addCombGeneric(dst, w, src, off)
		return
	}
	addCombAVX2(&dst[0], &w[0], &src[0], &off[0], len(w), len(dst))
}

func scale(x []complex128, f float64) {
	if n := len(x) &^ 1; useAVX2 && n > 0 {
		scaleAVX2(&x[0], f, n)
		x = x[n:]
	}
	scaleGeneric(x, f)
}

func normSq(x []complex128) float64 {
	sum := 0.0
	if n := len(x) &^ 3; useAVX2 && n > 0 {
		sum = normSqAVX2(&x[0], n)
		x = x[n:]
	}
	return sum + normSqGeneric(x)
}
