// SPDX-License-Identifier: Apache-2.0

//go:build !purego

package c64

import "golang.org/x/sys/cpu"

//go:generate env GOWORK=off go -C _asm run . -out ../c64_amd64.s -stubs ../c64_amd64.go -pkg c64

// CPU features in use. Only tests change them.
var (
	useAVX2   = cpu.X86.HasAVX2 && cpu.X86.HasFMA
	useAVX512 = useAVX2 && cpu.X86.HasAVX512F
)

func radix4(dst, src []complex64, m, s int, tw []complex64) {
	switch {
	case !useAVX2 || m == 0 || s == 0:
	case m == 1 && s%8 == 0 && useAVX512:
		radix4LastAVX512(&dst[0], &src[0], s)
		return
	case m == 1 && s%4 == 0:
		radix4LastAVX2(&dst[0], &src[0], s)
		return
	case s == 1 && m%4 == 0:
		radix4FirstAVX2(&dst[0], &src[0], &tw[0], m)
		return
	case s%8 == 0 && useAVX512:
		radix4AVX512(&dst[0], &src[0], &tw[0], m, s)
		return
	case s%4 == 0:
		radix4AVX2(&dst[0], &src[0], &tw[0], m, s)
		return
	}
	radix4Generic(dst, src, m, s, tw)
}

func radix8(dst, src []complex64, m, s int, tw []complex64) {
	switch {
	case !useAVX512 || m == 0 || s == 0:
	case s == 1 && m%8 == 0:
		radix8FirstAVX512(&dst[0], &src[0], &tw[0], m)
		return
	case s%8 == 0:
		radix8AVX512(&dst[0], &src[0], &tw[0], m, s)
		return
	}
	radix8Generic(dst, src, m, s, tw)
}

// hasRadix8 says that a radix-8 pass is faster than the radix-4 passes.
func hasRadix8() bool { return useAVX512 }

func radix2(dst, src []complex64, m, s int, tw []complex64) {
	switch {
	case !useAVX2 || m == 0 || s == 0 || s%4 != 0:
		radix2Generic(dst, src, m, s, tw)
	case m == 1:
		radix2LastAVX2(&dst[0], &src[0], s)
	default:
		radix2AVX2(&dst[0], &src[0], &tw[0], m, s)
	}
}

func radix3(dst, src []complex64, s int) {
	if useAVX2 && s > 0 && s%4 == 0 {
		radix3AVX2(&dst[0], &src[0], s)
		return
	}
	radix3Generic(dst, src, s)
}

func mulVec(dst, a, b []complex64) {
	if n := len(dst) &^ 3; useAVX2 && n > 0 {
		mulAVX2(&dst[0], &a[0], &b[0], n)
		dst, a, b = dst[n:], a[n:], b[n:]
	}
	mulVecGeneric(dst, a, b)
}

func mulConjVec(dst, a, b []complex64) {
	if n := len(dst) &^ 3; useAVX2 && n > 0 {
		mulConjAVX2(&dst[0], &a[0], &b[0], n)
		dst, a, b = dst[n:], a[n:], b[n:]
	}
	mulConjVecGeneric(dst, a, b)
}

func scaleVec(dst, a []complex64, c complex64) {
	if n := len(dst) &^ 3; useAVX2 && n > 0 {
		scaleAVX2(&dst[0], &a[0], &c, n)
		dst, a = dst[n:], a[n:]
	}
	scaleVecGeneric(dst, a, c)
}

func mulScaleVec(dst, a, b []complex64, c complex64) {
	if n := len(dst) &^ 3; useAVX2 && n > 0 {
		mulScaleAVX2(&dst[0], &a[0], &b[0], &c, n)
		dst, a, b = dst[n:], a[n:], b[n:]
	}
	mulScaleVecGeneric(dst, a, b, c)
}

func mulEven(dst, a, b []complex64) {
	// The kernel reads both halves of the last pair.
	if n := (len(a) / 2) &^ 3; useAVX2 && n > 0 {
		mulEvenAVX2(&dst[0], &a[0], &b[0], n)
		dst, a, b = dst[n:], a[2*n:], b[n:]
	}
	mulEvenGeneric(dst, a, b)
}

func mulConjEven(dst, a, b []complex64) {
	if n := (len(a) / 2) &^ 3; useAVX2 && n > 0 {
		mulConjEvenAVX2(&dst[0], &a[0], &b[0], n)
		dst, a, b = dst[n:], a[2*n:], b[n:]
	}
	mulConjEvenGeneric(dst, a, b)
}

func pairSum(dst, a, b []complex64) {
	if n := len(dst) &^ 3; useAVX2 && n > 0 {
		pairSumAVX2(&dst[0], &a[0], &b[0], n)
		dst, a, b = dst[n:], a[2*n:], b[2*n:]
	}
	pairSumGeneric(dst, a, b)
}

func lineFour(dst, src []complex64) {
	if n := (len(src) - 1) &^ 3; useAVX2 && n > 0 {
		lineFourAVX2(&dst[0], &src[0], n)
		dst, src = dst[4*n:], src[n:]
	}
	lineFourGeneric(dst, src)
}

// sumBlock is how many products of an autocorrelation are added in single
// precision.
const sumBlock = 512

func autoCorrelate(dst []complex128, x, scratch []complex64) {
	if !useAVX2 {
		autoCorrelateGeneric(dst, x)
		return
	}
	lanes := 4
	if useAVX512 {
		lanes = 8
	}
	// Zeros behind the values let all lags run over whole vectors.
	clear(scratch[copy(scratch, x):])
	var sum [8]float32
	for k := 0; k < min(len(dst), len(x)); k += 4 {
		for p := 0; p < len(x)-k; p += sumBlock {
			n := min(sumBlock, (len(x)-k-p+lanes-1)&^(lanes-1))
			if lanes == 8 {
				autoCorrelateAVX512(&sum, &scratch[p+k], &scratch[p], n)
			} else {
				autoCorrelateAVX2(&sum, &scratch[p+k], &scratch[p], n)
			}
			out := dst[k:min(k+4, len(dst))]
			for j := range out {
				out[j] += complex(float64(sum[j&3]), float64(sum[4+j&3]))
			}
		}
	}
}

func maxLog(dst []int8, sym []complex64, noiseVar []float32, bitsPerDim int, gain, unit float32) {
	if n := len(sym) &^ 3; useAVX2 && n > 0 && bitsPerDim >= 1 && bitsPerDim <= 4 {
		kernel := maxLog1AVX2
		switch bitsPerDim {
		case 2:
			kernel = maxLog2AVX2
		case 3:
			kernel = maxLog3AVX2
		case 4:
			kernel = maxLog4AVX2
		}
		kernel(&dst[0], &sym[0], &noiseVar[0], n, gain, unit)
		dst, sym, noiseVar = dst[2*bitsPerDim*n:], sym[n:], noiseVar[n:]
	}
	maxLogGeneric(dst, sym, noiseVar, bitsPerDim, gain, unit)
}
