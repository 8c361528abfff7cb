// SPDX-License-Identifier: Apache-2.0

package c128

import "math"

// Cholesky replaces the lower triangle of the Hermitian positive definite
// n×n matrix a (row-major) by its factor L, a = L·Lᴴ, with a real positive
// diagonal. The strict upper triangle is neither read nor written. It reports
// false, with a in an undefined state, when a pivot is not positive.
func Cholesky(a []complex128, n int) bool {
	for j := range n {
		rj := a[j*n : j*n+n]
		d := real(rj[j])
		for _, v := range rj[:j] {
			d -= real(v)*real(v) + imag(v)*imag(v)
		}
		if !(d > 0) || math.IsInf(d, 1) {
			return false
		}
		d = math.Sqrt(d)
		rj[j] = complex(d, 0)
		inv := 1 / d
		for i := j + 1; i < n; i++ {
			ri := a[i*n : i*n+n]
			s := ri[j] - rowProduct(ri[:j], rj[:j])
			ri[j] = complex(real(s)*inv, imag(s)*inv)
		}
	}
	return true
}

// rowProduct returns Σ a[i]·conj(b[i]).
func rowProduct(a, b []complex128) complex128 {
	var re0, im0, re1, im1 float64
	b = b[:len(a)]
	i := 0
	for ; i+1 < len(a); i += 2 {
		x, y := a[i], b[i]
		u, v := a[i+1], b[i+1]
		re0 += real(x)*real(y) + imag(x)*imag(y)
		im0 += imag(x)*real(y) - real(x)*imag(y)
		re1 += real(u)*real(v) + imag(u)*imag(v)
		im1 += imag(u)*real(v) - real(u)*imag(v)
	}
	if i < len(a) {
		x, y := a[i], b[i]
		re0 += real(x)*real(y) + imag(x)*imag(y)
		im0 += imag(x)*real(y) - real(x)*imag(y)
	}
	return complex(re0+re1, im0+im1)
}

// SolveLower replaces b by L⁻¹·b for the factor of [Cholesky].
func SolveLower(l []complex128, n int, b []complex128) {
	b = b[:n]
	for i := range n {
		row := l[i*n : i*n+i+1]
		var re, im float64
		for k, v := range row[:i] {
			x := b[k]
			re += real(v)*real(x) - imag(v)*imag(x)
			im += real(v)*imag(x) + imag(v)*real(x)
		}
		inv := 1 / real(row[i])
		b[i] = complex((real(b[i])-re)*inv, (imag(b[i])-im)*inv)
	}
}
