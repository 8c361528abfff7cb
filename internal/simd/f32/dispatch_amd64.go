// SPDX-License-Identifier: Apache-2.0

//go:build !purego

package f32

import "golang.org/x/sys/cpu"

//go:generate env GOWORK=off go -C _asm run . -out ../f32_amd64.s -stubs ../f32_amd64.go -pkg f32

// CPU features in use. Only tests change them.
var (
	useAVX2   = cpu.X86.HasAVX2 && cpu.X86.HasFMA
	useAVX512 = useAVX2 && cpu.X86.HasAVX512F && cpu.X86.HasAVX512VL && cpu.X86.HasAVX512DQ && cpu.X86.HasAVX512BW
)

// masks holds, from element 16-w, a mask of w leading columns.
var masks = [32]int32{-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1}

// panels computes as many leading columns as one kernel does, and returns how
// many that is.
func (p product) panels() int {
	if !useAVX2 || p.k == 0 {
		return p.panelGeneric()
	}
	next := uintptr(4 * Lanes * p.k)
	if p.m == 1 && !p.column {
		if n := p.rowTimes(next); n > 0 {
			return n
		}
	}
	column := uintptr(0)
	if p.column {
		column = 1
	}
	c, a, b, init := &p.c[0], &p.a[0], &p.b[0], &p.init[0]
	ldc, lda, ldi := uintptr(4*p.ldc), uintptr(4*p.lda), uintptr(4*p.ldi)
	m, k := uintptr(p.m), uintptr(p.k)
	switch {
	case useAVX512 && p.n > Lanes:
		w := min(2*Lanes, p.n)
		gemmPairAVX512(c, ldc, a, lda, b, next, init, ldi, column, m, k, p.floor, uint32(1<<w-1))
		return w
	case useAVX512 && p.n <= Lanes/2:
		gemmHalfAVX512(c, ldc, a, lda, b, next, init, ldi, column, m, k, p.floor, 1<<p.n-1)
		return p.n
	case useAVX512:
		gemmPanelAVX512(c, ldc, a, lda, b, next, init, ldi, column, m, k, p.floor, 1<<p.n-1)
		return p.n
	case p.n < Lanes:
		gemmMaskedAVX2(c, ldc, a, lda, b, next, init, ldi, column, m, k, p.floor, (*[16]int32)(masks[Lanes-p.n:]))
		return p.n
	}
	gemmAVX2(c, ldc, a, lda, b, next, init, ldi, column, m, k, p.floor, nil)
	return Lanes
}

// rowTimes computes the first columns of a single row if there are enough of
// them for its kernel, and returns how many it computed.
func (p product) rowTimes(next uintptr) int {
	switch {
	case useAVX512 && p.n >= 8*Lanes:
		rowTimesAVX512(&p.c[0], &p.a[0], &p.b[0], next, &p.init[0], uintptr(p.k), p.floor)
		return 8 * Lanes
	case !useAVX512 && p.n >= 4*Lanes:
		rowTimesAVX2(&p.c[0], &p.a[0], &p.b[0], next, &p.init[0], uintptr(p.k), p.floor)
		return 4 * Lanes
	}
	return 0
}

func packRows(dst, src []float32, offsets []int, k, n int) {
	next, count := uintptr(4*Lanes*k), uintptr(len(offsets))
	switch {
	case useAVX512:
		packRowsAVX512(&dst[0], next, &src[0], &offsets[0], count, uintptr(n))
	case useAVX2:
		packRowsAVX2(&dst[0], next, &src[0], &offsets[0], count, uintptr(n))
	default:
		packRowsGeneric(dst, src, offsets, k, n)
	}
}

// transpose moves blocks of 8 × 8. The last ones overlap those before, because
// moving an element twice changes nothing.
func transpose(dst []float32, ldd int, src []float32, lds, rows, cols int) {
	if !useAVX2 || rows < 8 || cols < 8 {
		transposeGeneric(dst, ldd, src, lds, rows, cols)
		return
	}
	for i := 0; i < rows; i += 8 {
		i := min(i, rows-8)
		transpose8AVX2(&dst[i*ldd], uintptr(4*ldd), &src[i], uintptr(4*lds), uintptr(cols/8))
		if last := cols - 8; cols%8 != 0 {
			transpose8AVX2(&dst[i*ldd+last], uintptr(4*ldd), &src[last*lds+i], uintptr(4*lds), 1)
		}
	}
}

// strided2 copies so many elements, two apart, that the kernel reads nothing
// beyond the last of them, and returns how many.
func strided2(dst, src []float32) int {
	n := min(len(dst), len(src)/2) &^ 7
	if !useAVX2 || n == 0 {
		return 0
	}
	strided2AVX2(&dst[0], &src[0], uintptr(n))
	return n
}

// taps runs a kernel over whole vectors and then once more over the last ones,
// which overlap those before: every position is computed alone, so that doing
// some twice changes nothing.
func taps(dst, src []float32, offsets []int, w []float32, init, floor float32) {
	lanes := 8
	if useAVX512 && len(dst) >= 16 {
		lanes = 16
	}
	if !useAVX2 || len(dst) < lanes || len(offsets) == 0 {
		tapsGeneric(dst, src, offsets, w, init, floor)
		return
	}
	n := len(dst) &^ (lanes - 1)
	tapsKernel(lanes, dst[:n], src, offsets, w, init, floor)
	if last := len(dst) - lanes; n < len(dst) {
		tapsKernel(lanes, dst[last:], src[last:], offsets, w, init, floor)
	}
}

func tapsKernel(lanes int, dst, src []float32, offsets []int, w []float32, init, floor float32) {
	count, n := uintptr(len(offsets)), uintptr(len(dst))
	if lanes == 16 {
		tapsAVX512(&dst[0], &src[0], &offsets[0], &w[0], count, n, init, floor)
		return
	}
	tapsAVX2(&dst[0], &src[0], &offsets[0], &w[0], count, n, init, floor)
}

func axpy(dst []float32, a float32, x []float32) {
	switch {
	case len(dst) == 0 || !useAVX2:
		axpyGeneric(dst, a, x)
	case useAVX512:
		axpyAVX512(&dst[0], a, &x[0], uintptr(len(dst)))
	default:
		axpyAVX2(&dst[0], a, &x[0], uintptr(len(dst)))
	}
}

func scaleShift(dst, x []float32, scale, shift, floor float32) {
	switch {
	case len(dst) == 0 || !useAVX2:
		scaleShiftGeneric(dst, x, scale, shift, floor)
	case useAVX512:
		scaleShiftAVX512(&dst[0], &x[0], scale, shift, floor, uintptr(len(dst)))
	default:
		scaleShiftAVX2(&dst[0], &x[0], scale, shift, floor, uintptr(len(dst)))
	}
}

func normalize(dst, x, gamma, beta []float32, mean, scale float32) {
	switch {
	case len(dst) == 0 || !useAVX2:
		normalizeGeneric(dst, x, gamma, beta, mean, scale)
	case useAVX512:
		normalizeAVX512(&dst[0], &x[0], &gamma[0], &beta[0], mean, scale, uintptr(len(dst)))
	default:
		normalizeAVX2(&dst[0], &x[0], &gamma[0], &beta[0], mean, scale, uintptr(len(dst)))
	}
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
