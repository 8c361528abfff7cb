// SPDX-License-Identifier: Apache-2.0

package dtx

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

// single returns the values by rows in single precision.
func (m matrix) single() []float32 {
	v := make([]float32, len(m.v))
	for i, x := range m.v {
		v[i] = float32(x)
	}
	return v
}
