// SPDX-License-Identifier: Apache-2.0

package c128

import (
	"math"
	"math/cmplx"
	"math/rand/v2"
	"testing"
)

// TestCholeskySolves checks L·Lᴴ and the solution of L·x = b.
func TestCholeskySolves(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for n := 1; n <= 24; n++ {
		g := make([]complex128, n*n)
		for i := range g {
			g[i] = complex(rng.NormFloat64(), rng.NormFloat64())
		}
		a := make([]complex128, n*n) // G·Gᴴ + I
		for i := range n {
			for j := range n {
				for k := range n {
					a[i*n+j] += g[i*n+k] * cmplx.Conj(g[j*n+k])
				}
			}
			a[i*n+i]++
		}
		l := append([]complex128(nil), a...)
		if !Cholesky(l, n) {
			t.Fatalf("n=%d: not positive definite", n)
		}
		x, b := make([]complex128, n), make([]complex128, n)
		for i := range x {
			x[i] = complex(rng.NormFloat64(), rng.NormFloat64())
		}
		for i := range n {
			for j := range i + 1 {
				product := complex128(0)
				for k := range j + 1 {
					product += l[i*n+k] * cmplx.Conj(l[j*n+k])
				}
				if cmplx.Abs(product-a[i*n+j]) > 1e-9 {
					t.Fatalf("n=%d: (L·Lᴴ)[%d, %d] = %v, want %v", n, i, j, product, a[i*n+j])
				}
				b[i] += l[i*n+j] * x[j]
			}
		}
		SolveLower(l, n, b)
		for i := range x {
			if cmplx.Abs(b[i]-x[i]) > 1e-9 {
				t.Fatalf("n=%d: x[%d] = %v, want %v", n, i, b[i], x[i])
			}
		}
	}
}

func TestCholeskyRefuses(t *testing.T) {
	for _, a := range [][]complex128{{0}, {-1}, {complex(math.NaN(), 0)}, {1, 0, 2, 1}} {
		n := int(math.Sqrt(float64(len(a))))
		if Cholesky(append([]complex128(nil), a...), n) {
			t.Errorf("Cholesky accepts %v", a)
		}
	}
}
