// SPDX-License-Identifier: Apache-2.0

package c64

import "math"

// radix4Generic is the definition of [Radix4].
func radix4Generic(dst, src []complex64, m, s int, tw []complex64) {
	for p := range m {
		w1, w2, w3 := tw[p], tw[m+p], tw[2*m+p]
		a, b := src[s*p:][:s], src[s*(p+m):][:s]
		c, d := src[s*(p+2*m):][:s], src[s*(p+3*m):][:s]
		y0, y1 := dst[s*4*p:][:s], dst[s*(4*p+1):][:s]
		y2, y3 := dst[s*(4*p+2):][:s], dst[s*(4*p+3):][:s]
		for q := range a {
			even, odd := a[q]+c[q], a[q]-c[q]
			sum, diff := b[q]+d[q], b[q]-d[q]
			turned := complex(-imag(diff), real(diff)) // j·(b−d)
			y0[q] = even + sum
			y1[q] = mul(w1, odd-turned)
			y2[q] = mul(w2, even-sum)
			y3[q] = mul(w3, odd+turned)
		}
	}
}

// radix2Generic is the definition of [Radix2].
func radix2Generic(dst, src []complex64, m, s int, tw []complex64) {
	for p := range m {
		w := tw[p]
		a, b := src[s*p:][:s], src[s*(p+m):][:s]
		y0, y1 := dst[s*2*p:][:s], dst[s*(2*p+1):][:s]
		for q := range a {
			y0[q], y1[q] = a[q]+b[q], mul(w, a[q]-b[q])
		}
	}
}

// radix3Generic is the definition of [Radix3].
func radix3Generic(dst, src []complex64, s int) {
	const h = 0.86602540378443864676 // √3/2
	a, b, c := src[:s], src[s:][:s], src[2*s:][:s]
	y0, y1, y2 := dst[:s], dst[s:][:s], dst[2*s:][:s]
	for q := range a {
		sum, diff := b[q]+c[q], b[q]-c[q]
		mid := a[q] - complex(real(sum)/2, imag(sum)/2)
		turned := complex(-h*imag(diff), h*real(diff)) // j·√3/2·(b−c)
		y0[q], y1[q], y2[q] = a[q]+sum, mid-turned, mid+turned
	}
}

// mul is a complex product without the special cases of infinities.
func mul(a, b complex64) complex64 {
	return complex(real(a)*real(b)-imag(a)*imag(b), real(a)*imag(b)+imag(a)*real(b))
}

// radix8Generic is the definition of [Radix8].
func radix8Generic(dst, src []complex64, m, s int, tw []complex64) {
	const r = math.Sqrt2 / 2
	for p := range m {
		for q := range s {
			var x [8]complex64
			for k := range x {
				x[k] = src[q+s*(p+m*k)]
			}
			for k := range 4 {
				x[k], x[k+4] = x[k]+x[k+4], x[k]-x[k+4]
			}
			x[5], x[6], x[7] = x[5]*complex(r, -r), x[6]*-1i, x[7]*complex(-r, -r)
			for half := range 2 {
				a := x[4*half:]
				even, odd, sum, diff := a[0]+a[2], a[0]-a[2], a[1]+a[3], (a[1]-a[3])*-1i
				for k, y := range [4]complex64{even + sum, odd + diff, even - sum, odd - diff} {
					if out := 2*k + half; out > 0 {
						y *= tw[(out-1)*m+p]
						dst[q+s*(8*p+out)] = y
					} else {
						dst[q+s*8*p] = y
					}
				}
			}
		}
	}
}
