// SPDX-License-Identifier: Apache-2.0

package c64

import "math"

// rampBlock is how many values of a ramp are computed in double precision; the
// others are these, turned.
const rampBlock = 64

// Ramp writes dst[k] = exp(j·(first + step·k)), to a few units in the last
// place.
func Ramp(dst []complex64, first, step float64) {
	block := dst[:min(len(dst), rampBlock)]
	sin, cos := math.Sincos(step)
	turn := complex(cos, sin)
	sin, cos = math.Sincos(first)
	z := complex(cos, sin)
	for k := range block {
		block[k] = complex64(z)
		z *= turn
	}
	for k := rampBlock; k < len(dst); k += rampBlock {
		sin, cos := math.Sincos(step * float64(k))
		n := min(rampBlock, len(dst)-k)
		Scale(dst[k:k+n], block[:n], complex(float32(cos), float32(sin)))
	}
}
