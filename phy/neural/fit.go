// SPDX-License-Identifier: Apache-2.0

package neural

import "math"

// fitBatches is how many batches a fit of the output layer draws.
const fitBatches = 50

// fitOutput sets the output layer to the weighted least-squares fit, given the
// hidden layer: it solves (Σ w a aᵀ + ridge) W2 = Σ w a wantᵀ over fresh
// symbols, where a is the activations and 1.
func (t *trainer) fitOutput() {
	n := t.hidden + 1
	gram, right := make([]float64, n*n), make([]float64, n*t.bits)
	a := make([]float64, n)
	w1, b1, w2, b2 := t.split(t.theta)
	for range fitBatches {
		t.data.draw(t.x, t.want, t.weight)
		for i, w := range t.weight {
			for j := range t.hidden {
				a[j] = max(0, t.x[2*i]*w1[j]+t.x[2*i+1]*w1[t.hidden+j]+b1[j])
			}
			a[t.hidden] = 1
			accumulate(gram, right, a, t.want[i*t.bits:(i+1)*t.bits], w)
		}
	}
	for i := range n {
		gram[i*n+i] *= 1 + 1e-9
	}
	if solve(gram, right, n, t.bits) {
		copy(w2, right)
		copy(b2, right[t.hidden*t.bits:])
	}
}

// accumulate adds the normal equations of one symbol.
func accumulate(gram, right, a, want []float64, w float64) {
	n, bits := len(a), len(want)
	for i, x := range a {
		if x == 0 {
			continue
		}
		row := gram[i*n : i*n+i+1]
		for j := range row {
			row[j] += w * x * a[j]
		}
		for k, y := range want {
			right[i*bits+k] += w * x * y
		}
	}
}

// solve overwrites the n×m matrix b with the solution of A x = b by a Cholesky
// decomposition; A is symmetric, n×n, given by its lower triangle, and
// overwritten. It reports false, with b undefined, when A is not positive
// definite.
func solve(a, b []float64, n, m int) bool {
	for i := range n {
		for j := 0; j <= i; j++ {
			sum := a[i*n+j]
			for k := range j {
				sum -= a[i*n+k] * a[j*n+k]
			}
			if i > j {
				a[i*n+j] = sum / a[j*n+j]
				continue
			}
			if !(sum > 0) {
				return false
			}
			a[i*n+i] = math.Sqrt(sum)
		}
	}
	for c := range m {
		for i := range n {
			for k := range i {
				b[i*m+c] -= a[i*n+k] * b[k*m+c]
			}
			b[i*m+c] /= a[i*n+i]
		}
		for i := n - 1; i >= 0; i-- {
			for k := i + 1; k < n; k++ {
				b[i*m+c] -= a[k*n+i] * b[k*m+c]
			}
			b[i*m+c] /= a[i*n+i]
		}
	}
	return true
}
