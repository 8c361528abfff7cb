// SPDX-License-Identifier: Apache-2.0

//go:build !purego

package mimo

import "golang.org/x/sys/cpu"

//go:generate env GOWORK=off go -C _asm run . -out ../mimo_amd64.s -stubs ../mimo_amd64.go -pkg mimo

// CPU features in use. Only tests change them.
var (
	useAVX2   = cpu.X86.HasAVX2 && cpu.X86.HasFMA
	useAVX512 = useAVX2 && cpu.X86.HasAVX512F
)

// linComb works on as many values as vectors of eight, then of four, cover; both
// round alike.
func linComb(dst, w, src []complex64, off []int) {
	if n := len(dst) &^ 7; useAVX512 && n > 0 && len(w) > 0 {
		linCombAVX512(&dst[0], &w[0], &src[0], &off[0], len(w), n)
		if dst = dst[n:]; len(dst) == 0 {
			return
		}
		src = src[n:]
	}
	if n := len(dst) &^ 3; useAVX2 && n > 0 && len(w) > 0 {
		linCombAVX2(&dst[0], &w[0], &src[0], &off[0], len(w), n)
		if dst = dst[n:]; len(dst) == 0 {
			return
		}
		src = src[n:]
	}
	linCombGeneric(dst, w, src, off)
}

func conjMulAdd(acc, a, b []complex64) {
	if n := len(acc) &^ 3; useAVX2 && n > 0 {
		conjMulAddAVX2(&acc[0], &a[0], &b[0], n)
		acc, a, b = acc[n:], a[n:], b[n:]
	}
	conjMulAddGeneric(acc, a, b)
}

// dotBlock is how many products are added in single precision.
const dotBlock = 512

func dotConj(a, b []complex64) complex128 {
	var re, im float64
	for useAVX2 && len(a) >= 8 {
		n := min(len(a)&^7, dotBlock)
		var sum [16]float32
		dotConjAVX2(&sum, &a[0], &b[0], n)
		for i := 0; i < 8; i += 2 {
			re += float64(sum[i]) + float64(sum[i+1])
			im += float64(sum[8+i+1]) - float64(sum[8+i])
		}
		a, b = a[n:], b[n:]
	}
	return complex(re, im) + dotConjGeneric(a, b)
}
