// SPDX-License-Identifier: Apache-2.0

package detect

// splitGeneric is the definition of [Split].
func splitGeneric(dst []float32, src []complex64, scale float32) {
	for i := 0; i < len(dst); i += 2 * Lanes {
		re, im := dst[i:i+Lanes], dst[i+Lanes:i+2*Lanes]
		n := min(Lanes, len(src))
		for k, x := range src[:n] {
			re[k], im[k] = scale*real(x), scale*imag(x)
		}
		clear(re[n:])
		clear(im[n:])
		src = src[n:]
	}
}

// combGeneric is the definition of [Comb].
func combGeneric(dst []float32, w []complex64, src []float32, off []int) {
	clear(dst)
	for i, f := range w {
		row := src[off[i]:][:len(dst)]
		for p := 0; p < len(dst); p += 2 * Lanes {
			d, x := dst[p:p+2*Lanes], row[p:p+2*Lanes]
			for k := range Lanes {
				d[k] += real(f)*x[k] - imag(f)*x[k+Lanes]
				d[k+Lanes] += real(f)*x[k+Lanes] + imag(f)*x[k]
			}
		}
	}
}

// dotGeneric is the definition of [Dot].
func dotGeneric(dst, a, b []float32, n, stepA, stepB int) {
	clear(dst)
	for r := range n {
		for p := 0; p < len(dst); p += 2 * Lanes {
			d, x, y := dst[p:p+2*Lanes], a[r*stepA+p:][:2*Lanes], b[r*stepB+p:][:2*Lanes]
			for k := range Lanes {
				d[k] += x[k]*y[k] + x[k+Lanes]*y[k+Lanes]
				d[k+Lanes] += x[k]*y[k+Lanes] - x[k+Lanes]*y[k]
			}
		}
	}
}

// dotRealGeneric is the definition of [DotReal].
func dotRealGeneric(dst, a, b []float32, n, stepA, stepB int) {
	clear(dst)
	for r := range n {
		for p := 0; p < len(dst); p += Lanes {
			d, x, y := dst[p:p+Lanes], a[r*stepA+2*p:][:2*Lanes], b[r*stepB+2*p:][:2*Lanes]
			for k := range Lanes {
				d[k] += x[k]*y[k] + x[k+Lanes]*y[k+Lanes]
			}
		}
	}
}

// sumInverseGeneric is the definition of [SumInverse].
func sumInverseGeneric(v []float32) float64 {
	sum := 0.0
	for len(v) >= 4 {
		sum += float64(1/v[0] + 1/v[1] + (1/v[2] + 1/v[3]))
		v = v[4:]
	}
	for _, x := range v {
		sum += float64(1 / x)
	}
	return sum
}
