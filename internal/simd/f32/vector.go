// SPDX-License-Identifier: Apache-2.0

package f32

// Axpy computes dst[i] += a·x[i], fused, for every element of dst. It panics
// when x is shorter.
func Axpy(dst []float32, a float32, x []float32) { axpy(dst, a, x[:len(dst)]) }

// Add computes dst[i] = x[i] + y[i] for every element of dst, which may be a
// source. It panics when x or y is shorter.
func Add(dst, x, y []float32) { add(dst, x[:len(dst)], y[:len(dst)]) }

// Mul computes dst[i] = x[i] · y[i] for every element of dst, which may be a
// source. It panics when x or y is shorter.
func Mul(dst, x, y []float32) { mul(dst, x[:len(dst)], y[:len(dst)]) }

// ScaleShift computes dst[i] = max(x[i]·scale + shift, floor), fused, for every
// element of dst, which may be x; floor may be [NoFloor]. It panics when x is
// shorter.
func ScaleShift(dst, x []float32, scale, shift, floor float32) {
	scaleShift(dst, x[:len(dst)], scale, shift, floor)
}

func axpyGeneric(dst []float32, a float32, x []float32) {
	for i, v := range x {
		dst[i] = fma(a, v, dst[i])
	}
}

func addGeneric(dst, x, y []float32) {
	for i, v := range x {
		dst[i] = v + y[i]
	}
}

func mulGeneric(dst, x, y []float32) {
	for i, v := range x {
		dst[i] = v * y[i]
	}
}

func scaleShiftGeneric(dst, x []float32, scale, shift, floor float32) {
	for i, v := range x {
		v = fma(v, scale, shift)
		if v < floor {
			v = floor
		}
		dst[i] = v
	}
}
