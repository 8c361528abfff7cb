// SPDX-License-Identifier: Apache-2.0

package mimo

func linComb(dst []complex64, w []complex64, src []complex64, off []int) {
	linCombGeneric(dst, w, src, off)
}

func matched(num []complex64, gain []float32, h, y []complex64) { matchedGeneric(num, gain, h, y) }

func conjMulAdd(acc, a, b []complex64) { conjMulAddGeneric(acc, a, b) }

func absSqAdd(acc []float32, a []complex64) { absSqAddGeneric(acc, a) }

func reConjMulAdd(acc []float32, a, b []complex64) { reConjMulAddGeneric(acc, a, b) }
