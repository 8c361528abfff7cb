// SPDX-License-Identifier: Apache-2.0

package channel

import "math"

// Integer lists the sample types of an A/D converter.
type Integer interface{ int8 | int16 }

// Quantize rounds samples to integers, I and Q interleaved, and clips at full
// scale ±(2^(b−1)−1).
//
//   - dst: 2·len(src) values
//   - scale: integer value of amplitude 1
//
// It returns how many values were clipped, and a [*ShapeError] if dst has
// another length. It does not allocate.
func Quantize[T Integer](dst []T, src []complex64, scale float64) (clipped int, err error) {
	if len(dst) != 2*len(src) {
		return 0, &ShapeError{"quantize dst", len(dst), 2 * len(src)}
	}
	limit := float64(math.MaxInt8)
	if _, wide := any(dst).([]int16); wide {
		limit = math.MaxInt16
	}
	for i, x := range src {
		for j, v := range [2]float32{real(x), imag(x)} {
			r := math.RoundToEven(float64(v) * scale)
			switch {
			case r > limit:
				r = limit
				clipped++
			case !(r >= -limit): // also what is not a number
				r = -limit
				clipped++
			}
			dst[2*i+j] = T(r)
		}
	}
	return clipped, nil
}

// ScaleFor returns the scale that puts the root mean square of x, per I or Q, a
// number of decibels below full scale of a signed integer of the given bits.
func ScaleFor(x []complex64, bits int, backoffDB float64) float64 {
	sum := 0.0
	for _, v := range x {
		sum += float64(real(v))*float64(real(v)) + float64(imag(v))*float64(imag(v))
	}
	if sum == 0 {
		return 1
	}
	rms := math.Sqrt(sum / float64(2*len(x)))
	return (math.Exp2(float64(bits-1)) - 1) * math.Pow(10, -backoffDB/20) / rms
}
