// SPDX-License-Identifier: Apache-2.0

//go:build !purego

package f64

import "golang.org/x/sys/cpu"

//go:generate env GOWORK=off go -C _asm run . -out ../f64_amd64.s -stubs ../f64_amd64.go -pkg f64

// CPU features in use. Only tests change them.
var (
	useAVX2   = cpu.X86.HasAVX2 && cpu.X86.HasFMA
	useAVX512 = useAVX2 && cpu.X86.HasAVX512F
)

// addComb works on as many values as vectors of eight, then of four, cover; both
// round alike.
func addComb(dst, w, src []float64, off []int) {
	if n := len(dst) &^ 7; useAVX512 && n > 0 && len(w) > 0 {
		addCombAVX512(&dst[0], &w[0], &src[0], &off[0], len(w), n)
		if dst = dst[n:]; len(dst) == 0 {
			return
		}
		src = src[n:]
	}
	if n := len(dst) &^ 3; useAVX2 && n > 0 && len(w) > 0 {
		addCombAVX2(&dst[0], &w[0], &src[0], &off[0], len(w), n)
		if dst = dst[n:]; len(dst) == 0 {
			return
		}
		src = src[n:]
	}
	addCombGeneric(dst, w, src, off)
}

func scale(x []float64, f float64) {
	if n := len(x) &^ 7; useAVX512 && n > 0 {
		scaleAVX512(&x[0], f, n)
		x = x[n:]
	}
	if n := len(x) &^ 3; useAVX2 && n > 0 {
		scaleAVX2(&x[0], f, n)
		x = x[n:]
	}
	scaleGeneric(x, f)
}

func sumSquares(x []float64) float64 {
	sum := 0.0
	if n := len(x) &^ 15; useAVX512 && n > 0 {
		sum = sumSquaresAVX512(&x[0], n)
		x = x[n:]
	}
	if n := len(x) &^ 7; useAVX2 && n > 0 {
		sum += sumSquaresAVX2(&x[0], n)
		x = x[n:]
	}
	return sum + sumSquaresGeneric(x)
}
