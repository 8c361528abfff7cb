// SPDX-License-Identifier: Apache-2.0

package noise

import (
	"math"
	"math/cmplx"
)

// eigen is a Hermitian matrix of n rows as A = V·diag(value)·Vᴴ, by descending value.
type eigen struct {
	n      int
	value  [maxRx]float64
	vector [maxRx * maxRx]complex128 // V, by rows: column i belongs to value i
}

// decompose finds the eigenvalues of a, of n rows, by Jacobi's rotations; a is
// overwritten.
func (e *eigen) decompose(a []complex128, n int) {
	const sweeps = 12 // more than enough: they converge quadratically
	e.n = n
	v := e.vector[:n*n]
	clear(v)
	for i := range n {
		v[i*n+i] = 1
	}
	for range sweeps {
		off, all := 0.0, 0.0
		for i := range n {
			for k := range i {
				off += real(a[i*n+k])*real(a[i*n+k]) + imag(a[i*n+k])*imag(a[i*n+k])
			}
			all += real(a[i*n+i]) * real(a[i*n+i])
		}
		if !(off > 1e-28*all) {
			break
		}
		for p := range n {
			for q := p + 1; q < n; q++ {
				rotate(a, v, n, p, q)
			}
		}
	}
	for i := range n {
		e.value[i] = real(a[i*n+i])
	}
	for i := range n {
		for k := i + 1; k < n; k++ {
			if e.value[k] > e.value[i] {
				e.value[i], e.value[k] = e.value[k], e.value[i]
				for r := range n {
					v[r*n+i], v[r*n+k] = v[r*n+k], v[r*n+i]
				}
			}
		}
	}
}

// rotate makes element p, q of a zero, and turns the columns of v alike.
func rotate(a, v []complex128, n, p, q int) {
	size := cmplx.Abs(a[p*n+q])
	if size == 0 {
		return
	}
	phase := a[p*n+q] / complex(size, 0)
	theta := (real(a[q*n+q]) - real(a[p*n+p])) / (2 * size)
	t := math.Copysign(1/(math.Abs(theta)+math.Sqrt(theta*theta+1)), theta)
	cos := 1 / math.Sqrt(t*t+1)
	c, s := complex(cos, 0), complex(t*cos, 0)*phase
	for _, m := range [2][]complex128{a, v} {
		for r := range n {
			x, y := m[r*n+p], m[r*n+q]
			m[r*n+p], m[r*n+q] = c*x-cmplx.Conj(s)*y, s*x+c*y
		}
	}
	for r := range n {
		x, y := a[p*n+r], a[q*n+r]
		a[p*n+r], a[q*n+r] = c*x-s*y, cmplx.Conj(s)*x+c*y
	}
}

// strong returns how many of the eigenvalues of a covariance that was measured on so
// many values stand above others that could all be the same: Bartlett's test of
// sphericity, in the form for complex values, over one value less each time. It is
// n − 1 where no two are alike.
//
// D. N. Lawley, Biometrika 43 (1956).
func (e *eigen) strong(count float64) int {
	const spread = 3 // standard deviations
	for k := range e.n - 1 {
		rest := float64(e.n - k)
		mean, logs := 0.0, 0.0
		for _, x := range e.value[k:e.n] {
			mean += x / rest
			logs += math.Log(max(x, 1e-300))
		}
		dof := rest*rest - 1
		values := count - float64(k) - (2*rest*rest+1)/(6*rest)
		if values > 0 && 2*values*(rest*math.Log(max(mean, 1e-300))-logs) < dof+spread*math.Sqrt(2*dof) {
			return k
		}
	}
	return e.n - 1
}

// level makes the eigenvalues from number k on equal. What the greater ones have taken
// away from them by chance is given back.
func (e *eigen) level(k int, count float64) {
	sum := 0.0
	for _, x := range e.value[k:e.n] {
		sum += x
	}
	for i := k; i < e.n; i++ {
		e.value[i] = sum / float64(e.n-k) * count / max(count-float64(k), 1)
	}
}

// compose writes V·diag(value)·Vᴴ.
func (e *eigen) compose(a []complex128) {
	n := e.n
	for r := range n {
		for c := range r + 1 {
			sum := complex128(0)
			for i, x := range e.value[:n] {
				sum += e.vector[r*n+i] * cmplx.Conj(e.vector[c*n+i]) * complex(x, 0)
			}
			a[r*n+c], a[c*n+r] = sum, cmplx.Conj(sum)
		}
	}
}
