// SPDX-License-Identifier: Apache-2.0

package c64

// Mul writes dst[i] = a[i]·b[i]. All slices have the length of dst.
func Mul(dst, a, b []complex64) {
	a, b = a[:len(dst)], b[:len(dst)]
	mulVec(dst, a, b)
}

// Scale writes dst[i] = a[i]·c. Both slices have the length of dst.
func Scale(dst, a []complex64, c complex64) {
	scaleVec(dst, a[:len(dst)], c)
}

// MulScale writes dst[i] = a[i]·b[i]·c. All slices have the length of dst.
func MulScale(dst, a, b []complex64, c complex64) {
	mulScaleVec(dst, a[:len(dst)], b[:len(dst)], c)
}

// MulConj writes dst[i] = a[i]·conj(b[i]). All slices have the length of dst.
func MulConj(dst, a, b []complex64) {
	a, b = a[:len(dst)], b[:len(dst)]
	mulConjVec(dst, a, b)
}
