// SPDX-License-Identifier: Apache-2.0

package dtx

import "math"

// matrix is square, real and symmetric, by rows.
type matrix struct {
	n int
	v []float64
}

func newMatrix(n int) matrix { return matrix{n, make([]float64, n*n)} }

func identity(n int) matrix {
	m := newMatrix(n)
	for i := range n {
		m.v[i*n+i] = 1
	}
	return m
}

func (m matrix) times(o matrix) matrix {
	out := newMatrix(m.n)
	for i := range m.n {
		for k := range m.n {
			for j := range m.n {
				out.v[i*m.n+j] += m.v[i*m.n+k] * o.v[k*m.n+j]
			}
		}
	}
	return out
}

func (m matrix) scale(f float64) {
	for i := range m.v {
		m.v[i] *= f
	}
}

// plus returns m + f·o.
func (m matrix) plus(f float64, o matrix) matrix {
	out := newMatrix(m.n)
	for i, x := range m.v {
		out.v[i] = x + f*o.v[i]
	}
	return out
}

// cholesky returns L, lower triangular, of m = L·Lᵀ, which must be positive definite.
func (m matrix) cholesky() matrix {
	l := newMatrix(m.n)
	for i := range m.n {
		row := l.v[i*m.n:][:m.n]
		for k := range i + 1 {
			other := l.v[k*m.n:][:m.n]
			x := m.v[i*m.n+k]
			for j := range k {
				x -= row[j] * other[j]
			}
			if k == i {
				row[i] = math.Sqrt(x)
			} else {
				row[k] = x / other[k]
			}
		}
	}
	return l
}

// logDet returns the logarithm of the determinant of L·Lᵀ, of the lower triangular L.
func (m matrix) logDet() (sum float64) {
	for i := range m.n {
		sum += 2 * math.Log(m.v[i*m.n+i])
	}
	return sum
}

// between returns L⁻¹·m·L⁻ᵀ, of the lower triangular L.
func (m matrix) between(l matrix) matrix {
	out := newMatrix(m.n)
	copy(out.v, m.v)
	for range 2 { // rows of out are solved for, and m is symmetric: the same twice
		for r := range m.n {
			x := out.v[r*m.n:][:m.n]
			for i := range x {
				row := l.v[i*m.n:][:m.n]
				for k := range i {
					x[i] -= row[k] * x[k]
				}
				x[i] /= row[i]
			}
		}
		out.transpose()
	}
	return out
}

func (m matrix) transpose() {
	for i := range m.n {
		for k := range i {
			m.v[i*m.n+k], m.v[k*m.n+i] = m.v[k*m.n+i], m.v[i*m.n+k]
		}
	}
}

func (m matrix) trace() (sum float64) {
	for i := range m.n {
		sum += m.v[i*m.n+i]
	}
	return sum
}

// normSq returns the trace of the square.
func (m matrix) normSq() float64 { return m.traceOf(m) }

// traceOf returns the trace of m·o.
func (m matrix) traceOf(o matrix) (sum float64) {
	for i, x := range m.v {
		sum += x * o.v[i]
	}
	return sum
}

// of returns vᵀ·M·v.
func (m matrix) of(v []float64) (sum float64) {
	for i, x := range v {
		for k, y := range v {
			sum += x * y * m.v[i*m.n+k]
		}
	}
	return sum
}

// single returns the values by rows in single precision.
func (m matrix) single() []float32 {
	v := make([]float32, len(m.v))
	for i, x := range m.v {
		v[i] = float32(x)
	}
	return v
}
