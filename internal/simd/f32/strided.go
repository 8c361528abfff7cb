// SPDX-License-Identifier: Apache-2.0

package f32

// Strided computes dst[i] = src[i·step] for every element of dst. It panics, as
// indexing does, when src is too short.
func Strided(dst, src []float32, step int) {
	if len(dst) == 0 {
		return
	}
	_ = src[(len(dst)-1)*step]
	n := 0
	if step == 2 {
		n = strided2(dst, src)
	}
	for i := range dst[n:] {
		dst[n+i] = src[(n+i)*step]
	}
}
