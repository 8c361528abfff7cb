// SPDX-License-Identifier: Apache-2.0

package equalizer

import "math"

// detectN solves three or four layers by one Cholesky factorisation
// A = G + load·I = L·Lᴴ a resource element, in double precision.
func (e *Equalizer) detectN(q, load float32, layers, n int) {
	var s smallSystem
	for p := range n {
		i := 0
		for l := range layers {
			s.b[l] = complex128(e.num[l][p])
			s.a[l][l] = complex(float64(e.gain[l][p])+float64(load), 0)
			for m := l + 1; m < layers; m++ {
				c := complex128(e.cross[i][p])
				s.a[m][l] = complex(real(c), -imag(c))
				i++
			}
		}
		if !s.solve(layers) {
			for l := range layers {
				e.z[l][p], e.noise[l][p] = 0, MaxNoiseVar
			}
			continue
		}
		for l := range layers {
			// The bias is µ = 1 − load·[A⁻¹]; without load it is 1.
			mu := 1 - float64(load)*s.inv[l]
			re, im := float32(real(s.b[l])), float32(imag(s.b[l]))
			e.z[l][p], e.noise[l][p] = finish(re, im, q*float32(s.inv[l]), float32(mu))
		}
	}
}

// smallSystem is a Hermitian system of up to 4 unknowns. solve replaces b by
// A⁻¹·b and writes the diagonal of A⁻¹ to inv. Only the lower triangle of a is
// read; it is destroyed.
type smallSystem struct {
	a   [maxLayers][maxLayers]complex128
	b   [maxLayers]complex128
	inv [maxLayers]float64
}

func (s *smallSystem) solve(n int) bool {
	if !s.factor(n) {
		return false
	}
	for i := range n { // L·x = b
		x := s.b[i]
		for k := range i {
			x -= s.a[i][k] * s.b[k]
		}
		s.b[i] = scale(x, s.inv[i])
	}
	for i := n - 1; i >= 0; i-- { // Lᴴ·x = b
		x := s.b[i]
		for k := i + 1; k < n; k++ {
			x -= conj(s.a[k][i]) * s.b[k]
		}
		s.b[i] = scale(x, s.inv[i])
	}
	s.diagonal(n)
	return true
}

// factor writes L below the diagonal of a and the inverse of its diagonal to
// inv.
func (s *smallSystem) factor(n int) bool {
	scaleOf := 0.0
	for j := range n {
		scaleOf = max(scaleOf, real(s.a[j][j]))
	}
	for j := range n {
		d := real(s.a[j][j])
		for k := range j {
			d -= normSq(s.a[j][k])
		}
		if !(d > 1e-13*scaleOf) {
			return false
		}
		s.inv[j] = 1 / math.Sqrt(d)
		for i := j + 1; i < n; i++ {
			x := s.a[i][j]
			for k := range j {
				x -= s.a[i][k] * conj(s.a[j][k])
			}
			s.a[i][j] = scale(x, s.inv[j])
		}
	}
	return true
}

// diagonal replaces inv by the diagonal of A⁻¹ = L⁻ᴴ·L⁻¹: the squared norms of
// the columns of L⁻¹.
func (s *smallSystem) diagonal(n int) {
	for j := range n {
		var col [maxLayers]complex128
		col[j] = complex(s.inv[j], 0)
		sum := s.inv[j] * s.inv[j]
		for i := j + 1; i < n; i++ {
			var x complex128
			for k := j; k < i; k++ {
				x -= s.a[i][k] * col[k]
			}
			col[i] = scale(x, s.inv[i])
			sum += normSq(col[i])
		}
		// inv[j] is not needed for later columns.
		s.inv[j] = sum
	}
}

func conj(x complex128) complex128 { return complex(real(x), -imag(x)) }

func scale(x complex128, f float64) complex128 { return complex(real(x)*f, imag(x)*f) }

func normSq(x complex128) float64 { return real(x)*real(x) + imag(x)*imag(x) }
