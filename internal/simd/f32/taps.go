// SPDX-License-Identifier: Apache-2.0

package f32

// Taps computes a weighted sum of shifted copies of a signal, as a row of a
// depthwise convolution is: dst[j] = max(Σ_t w[t]·src[offsets[t]+j] + init,
// floor), fused, from tap 0 upwards.
//
//   - dst: any number of elements
//   - src: at least offsets[t] + len(dst) elements for every tap
//   - offsets: one a tap, not negative
//   - w: one weight a tap
//   - floor: 0 for a ReLU, [NoFloor] for none
//
// It panics, as slicing does, when src or
// w is too short.
func Taps(dst, src []float32, offsets []int, w []float32, init, floor float32) {
	w = w[:len(offsets)]
	for _, off := range offsets {
		_ = src[off : off+len(dst)]
	}
	taps(dst, src, offsets, w, init, floor)
}

func tapsGeneric(dst, src []float32, offsets []int, w []float32, init, floor float32) {
	clear(dst)
	for t, off := range offsets {
		for j, x := range src[off:][:len(dst)] {
			dst[j] = fma(w[t], x, dst[j])
		}
	}
	for j, v := range dst {
		v += init
		if v < floor {
			v = floor
		}
		dst[j] = v
	}
}
