// SPDX-License-Identifier: Apache-2.0

//go:build !purego

package f32

import "golang.org/x/sys/cpu"

//go:generate env GOWORK=off go -C _asm run . -out ../f32_amd64.s -stubs ../f32_amd64.go -pkg f32

// useAVX2 says whether the AVX2 kernels run.
var useAVX2 = cpu.X86.HasAVX2 && cpu.X86.HasFMA

// masks holds, from element 8-w, a mask of w leading columns.
var masks = [16]int32{-1, -1, -1, -1, -1, -1, -1, -1}

func gemmPanel(c []float32, ldc int, a []float32, lda int, b, init []float32, ldi, m, w, k int, floor float32) {
	if !useAVX2 || k == 0 {
		gemmPanelGeneric(c, ldc, a, lda, b, init, ldi, m, w, k, floor)
		return
	}
	if w == Lanes {
		gemmFull(&c[0], uintptr(4*ldc), &a[0], uintptr(4*lda), &b[0], &init[0], uintptr(4*ldi), uintptr(m), uintptr(k), floor)
		return
	}
	mask := (*[8]int32)(masks[Lanes-w:])
	gemmMasked(&c[0], uintptr(4*ldc), &a[0], uintptr(4*lda), &b[0], &init[0], uintptr(4*ldi), uintptr(m), uintptr(k), floor, mask)
}

func axpy(dst []float32, a float32, x []float32) {
	if !useAVX2 || len(dst) == 0 {
		axpyGeneric(dst, a, x)
		return
	}
	axpyAVX2(&dst[0], a, &x[0], uintptr(len(dst)))
}

func add(dst, x, y []float32) {
	if !useAVX2 || len(dst) == 0 {
		addGeneric(dst, x, y)
		return
	}
	addAVX2(&dst[0], &x[0], &y[0], uintptr(len(dst)))
}

func mul(dst, x, y []float32) {
	if !useAVX2 || len(dst) == 0 {
		mulGeneric(dst, x, y)
		return
	}
	mulAVX2(&dst[0], &x[0], &y[0], uintptr(len(dst)))
}

func scaleShift(dst, x []float32, scale, shift, floor float32) {
	if !useAVX2 || len(dst) == 0 {
		scaleShiftGeneric(dst, x, scale, shift, floor)
		return
	}
	scaleShiftAVX2(&dst[0], &x[0], scale, shift, floor, uintptr(len(dst)))
}

func rowComb(dst, w, b []float32, ld int) {
	if n := len(dst) &^ 7; useAVX2 && n > 0 && len(w) > 0 {
		rowCombAVX2(&dst[0], &w[0], &b[0], uintptr(4*ld), uintptr(len(w)), uintptr(n))
		if n == len(dst) {
			return
		}
		dst, b = dst[n:], b[n:]
	}
	rowCombGeneric(dst, w, b, ld)
}

// quantizeRows does all full groups of eight rows and returns how many rows
// that is.
func quantizeRows(dst []int8, x, variance []float32, cols int, scale, floor, limit float32) int {
	n := len(variance) &^ 7
	if !useAVX2 || n == 0 || cols == 0 {
		return 0
	}
	quantizeRowsAVX2(&dst[0], &x[0], &variance[0], uintptr(n), uintptr(cols), scale, floor, limit, &spreads[cols][0][0])
	return n
}
