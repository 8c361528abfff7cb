// SPDX-License-Identifier: Apache-2.0

package f32

import "math"

// MaxCols is the longest row of [QuantizeRows].
const MaxCols = 8

// QuantizeRows computes dst = round(x · scale / max(variance, floor)), limited
// to ±limit, where each variance belongs to one row of x. Ties round to even;
// what is not a number becomes 0.
//
//   - dst: [rows·cols], cols at most [MaxCols]
//   - x: [rows·cols]
//   - variance: [rows]
//   - scale: factor of all; limit: at most 127
//
// It panics when the lengths disagree.
func QuantizeRows(dst []int8, x, variance []float32, scale, floor, limit float32) {
	if len(variance) == 0 {
		return
	}
	cols := len(dst) / len(variance)
	if len(x) != len(dst) || cols*len(variance) != len(dst) || cols > MaxCols {
		panic("f32: quantize rows: lengths disagree")
	}
	done := quantizeRows(dst, x, variance, cols, scale, floor, limit)
	quantizeRowsGeneric(dst[done*cols:], x[done*cols:], variance[done:], cols, scale, floor, limit)
}

func quantizeRowsGeneric(dst []int8, x, variance []float32, cols int, scale, floor, limit float32) {
	for i, v := range variance {
		if v < floor {
			v = floor
		}
		w := scale / v
		for k, y := range x[i*cols : (i+1)*cols] {
			y *= w
			switch {
			case y != y:
				y = 0
			case y > limit:
				y = limit
			case y < -limit:
				y = -limit
			}
			dst[i*cols+k] = int8(math.RoundToEven(float64(y)))
		}
	}
}

// spreads holds, for each number of columns, which of eight rows each of the
// next eight elements belongs to, vector by vector.
var spreads = func() (t [MaxCols + 1][MaxCols][8]int32) {
	for cols := 1; cols <= MaxCols; cols++ {
		for v := range cols {
			for e := range 8 {
				t[cols][v][e] = int32((8*v + e) / cols)
			}
		}
	}
	return t
}()
