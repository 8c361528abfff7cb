// SPDX-License-Identifier: Apache-2.0

//go:build !amd64 || purego

package c64

func radix4(dst, src []complex64, m, s int, tw []complex64) { radix4Generic(dst, src, m, s, tw) }

func radix8(dst, src []complex64, m, s int, tw []complex64) { radix8Generic(dst, src, m, s, tw) }

// hasRadix8 says that a radix-8 pass is faster than the radix-4 passes.
func hasRadix8() bool { return false }

func radix2(dst, src []complex64, m, s int, tw []complex64) { radix2Generic(dst, src, m, s, tw) }

func radix3(dst, src []complex64, s int) { radix3Generic(dst, src, s) }

func mulVec(dst, a, b []complex64) { mulVecGeneric(dst, a, b) }

func mulConjVec(dst, a, b []complex64) { mulConjVecGeneric(dst, a, b) }

func scaleVec(dst, a []complex64, c complex64) { scaleVecGeneric(dst, a, c) }

func mulScaleVec(dst, a, b []complex64, c complex64) { mulScaleVecGeneric(dst, a, b, c) }

func mulEven(dst, a, b []complex64) { mulEvenGeneric(dst, a, b) }

func mulConjEven(dst, a, b []complex64) { mulConjEvenGeneric(dst, a, b) }

func pairSum(dst, a, b []complex64) { pairSumGeneric(dst, a, b) }

func lineFour(dst, src []complex64) { lineFourGeneric(dst, src) }

func autoCorrelate(dst []complex128, x, _ []complex64) { autoCorrelateGeneric(dst, x) }

func maxLog(dst []int8, sym []complex64, noiseVar []float32, bitsPerDim int, gain, unit float32) {
	maxLogGeneric(dst, sym, noiseVar, bitsPerDim, gain, unit)
}
