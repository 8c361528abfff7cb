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

// form is a symmetric form, vᵀ·M·v = Σ M_ii·v_i² + Σ_{i<k} 2·M_ik·v_i·v_k.
type form struct {
	diagonal []float64
	above    []float64 // 2·M_ik, i < k, by rows; empty for a diagonal form
}

func (m matrix) form() form {
	f, off := form{}, 0.0
	for i := range m.n {
		f.diagonal = append(f.diagonal, m.v[i*m.n+i])
		for k := i + 1; k < m.n; k++ {
			f.above = append(f.above, 2*m.v[i*m.n+k])
			off += math.Abs(m.v[i*m.n+k])
		}
	}
	if off == 0 {
		f.above = nil
	}
	return f
}

// of returns the sum of the values of the form for real and imaginary parts: that of
// the Hermitian form. Four sums run side by side.
func (f *form) of(v *pilotRow) float64 {
	sum, above := 0.0, f.above
	n := len(f.diagonal)
	for i, d := range f.diagonal {
		p, q := d*v[0][i], d*v[1][i]
		if len(above) > 0 {
			a, b := v[0][i+1:n], v[1][i+1:n]
			row := above[:len(a)]
			above = above[len(a):]
			b = b[:len(row)]
			p2, q2 := 0.0, 0.0
			k := 0
			for ; k+1 < len(row); k += 2 {
				m, m2 := row[k], row[k+1]
				p += m * a[k]
				q += m * b[k]
				p2 += m2 * a[k+1]
				q2 += m2 * b[k+1]
			}
			if k < len(row) {
				p += row[k] * a[k]
				q += row[k] * b[k]
			}
			p, q = p+p2, q+q2
		}
		sum += p*v[0][i] + q*v[1][i]
	}
	return sum
}
