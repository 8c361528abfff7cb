// SPDX-License-Identifier: Apache-2.0

package c64

// MulEven writes dst[i] = a[2i]·b[i]. len(b) = len(dst), len(a) ≥ 2·len(dst)−1.
// dst must not overlap a.
func MulEven(dst, a, b []complex64) {
	if len(dst) == 0 {
		return
	}
	mulEven(dst, a[:2*len(dst)-1], b[:len(dst)])
}

// MulConjEven writes dst[i] = a[2i]·conj(b[i]). Lengths are those of [MulEven].
func MulConjEven(dst, a, b []complex64) {
	if len(dst) == 0 {
		return
	}
	mulConjEven(dst, a[:2*len(dst)-1], b[:len(dst)])
}

// PairSum writes dst[m] = a[2m]·b[2m] + a[2m+1]·b[2m+1]: the despreading of a
// code of two. len(a) = len(b) = 2·len(dst). dst must not overlap the others.
func PairSum(dst, a, b []complex64) { pairSum(dst, a[:2*len(dst)], b[:2*len(dst)]) }

// LineFour interpolates by four between the values of src, each of which holds
// for three positions: dst[4m], dst[4m+1] and dst[4m+2] are src[m] and dst[4m+3]
// is (src[m] + src[m+1])/2. Behind the last value of src, its own value stands.
// len(dst) = 4·len(src). dst must not overlap src.
func LineFour(dst, src []complex64) {
	dst = dst[:4*len(src)]
	if len(src) == 0 {
		return
	}
	lineFour(dst, src)
}

// AutoCorrelate adds Σ_p x[p+k]·conj(x[p]) to dst[k], for all p and p+k within
// x. scratch has at least len(x)+len(dst)+12 values and is overwritten. Products
// are summed in single precision, 512 at a time.
func AutoCorrelate(dst []complex128, x, scratch []complex64) {
	autoCorrelate(dst, x, scratch[:len(x)+len(dst)+12])
}
