// SPDX-License-Identifier: Apache-2.0

//go:build !purego

package i8

import "golang.org/x/sys/cpu"

//go:generate env GOWORK=off go -C _asm run . -out ../i8_amd64.s -stubs ../i8_amd64.go -pkg i8

// CPU features in use. Only tests change them.
var (
	useAVX2 = cpu.X86.HasAVX2
	useVNNI = useAVX2 && cpu.X86.HasAVX512F && cpu.X86.HasAVX512VNNI
)

// gemm computes the first columns and returns how many.
func gemm(c []int32, ldc int, a []uint8, lda int, b []int8, m, cols, terms int) int {
	kernel, done := gemm16AVX2, Lanes
	switch {
	case !useAVX2:
		return gemmGeneric(c, ldc, a, lda, b, m, terms)
	case useVNNI && cols >= 2*Lanes:
		kernel, done = gemm32VNNI, 2*Lanes
	case useVNNI:
		kernel = gemm16VNNI
	}
	kernel(&c[0], uintptr(4*ldc), &a[0], uintptr(lda), &b[0], uintptr(Lanes*terms), uintptr(m), uintptr(terms/Group))
	return done
}

// packRows packs whole panels of a whole group and returns the columns.
func packRows(dst []int8, next int, src []uint8, rows []int, n int, flip uint8) int {
	if n &^= Lanes - 1; !useAVX2 || n == 0 || len(rows) < Group {
		return 0
	}
	packAVX2(&dst[0], uintptr(next), &src[0], &rows[0], uintptr(n), uint32(flip)*0x01010101)
	return n
}

func sum(x []uint8) int64 {
	if !useAVX2 || len(x) == 0 {
		return sumGeneric(x)
	}
	return sumAVX2(&x[0], uintptr(len(x)))
}

// The functions below do a multiple of eight elements and return how many.

func addScaled(dst, c, s []int32, f, g int32) int {
	n := len(dst) &^ 7
	if !useAVX2 || n == 0 {
		return 0
	}
	addScaledAVX2(&dst[0], &c[0], &s[0], uintptr(n), f, g)
	return n
}

func requantize(dst []uint8, c, s []int32, f, g int32, scale float32, r Range) int {
	n := len(dst) &^ 7
	if !useAVX2 || n == 0 {
		return 0
	}
	requantizeAVX2(&dst[0], &c[0], &s[0], uintptr(n), f, g, scale, r.Lo, r.Hi, r.Zero)
	return n
}

func quantize(dst []uint8, x []float32, scale float32, r Range) int {
	n := len(dst) &^ 7
	if !useAVX2 || n == 0 {
		return 0
	}
	quantizeAVX2(&dst[0], &x[0], uintptr(n), scale, r.Lo, r.Hi, r.Zero)
	return n
}

func dequantize(dst []float32, x []uint8, scale float32, zero int32, flip uint8) int {
	n := len(dst) &^ 7
	if !useAVX2 || n == 0 {
		return 0
	}
	dequantizeAVX2(&dst[0], &x[0], uintptr(n), scale, zero, uint64(flip)*0x0101010101010101)
	return n
}
