// SPDX-License-Identifier: Apache-2.0

package detect

// solveGeneric is the definition of [Work.Solve].
func solveGeneric(w *Work, layers, blocks int, load, q float32) {
	for p := range blocks * Lanes {
		switch layers {
		case 1:
			x := w.num(0, p)
			w.finish(0, p, x, q, w.Gain[0][p])
		case 2:
			w.solve2(p, load, q)
		default:
			w.solveN(p, layers, load, q)
		}
	}
}

// num returns the matched filter of layer l at subcarrier p.
func (w *Work) num(l, p int) complex64 {
	at := p/Lanes*2*Lanes + p%Lanes
	return complex(w.Num[l][at], w.Num[l][at+Lanes])
}

// cross returns element i of G above the diagonal.
func (w *Work) cross(i, p int) complex64 {
	at := p/Lanes*2*Lanes + p%Lanes
	return complex(w.Cross[i][at], w.Cross[i][at+Lanes])
}

// finish divides by the effective gain and bounds the variance.
func (w *Work) finish(l, p int, x complex64, variance, gain float32) {
	if !(gain > tiny) {
		w.Z[l][p], w.Noise[l][p] = 0, MaxNoiseVar
		return
	}
	inv := 1 / gain
	w.Z[l][p] = complex(real(x)*inv, imag(x)*inv)
	v := variance * inv
	if !(v < MaxNoiseVar) {
		v = MaxNoiseVar
	}
	w.Noise[l][p] = max(v, MinNoiseVar)
}

// solve2 solves two layers in closed form. With a = G00 + load, b = G11 + load
// and c = G01, the unbiased estimate of layer 0 is
//
//	(b·n0 − c·n1) / (G00·b − |c|²)
//
// and its error variance q·b / (G00·b − |c|²), without the cancellation that
// 1 − load·[A⁻¹]00 would have. Layer 1 is alike.
func (w *Work) solve2(p int, load, q float32) {
	g0, g1, c := w.Gain[0][p], w.Gain[1][p], w.cross(0, p)
	a, b := g0+load, g1+load
	x, y := w.num(0, p), w.num(1, p)
	cc := float64(real(c))*float64(real(c)) + float64(imag(c))*float64(imag(c))
	d0 := float32(float64(g0)*float64(b) - cc)
	d1 := float32(float64(g1)*float64(a) - cc)
	re := b*real(x) - (real(c)*real(y) - imag(c)*imag(y))
	im := b*imag(x) - (real(c)*imag(y) + imag(c)*real(y))
	w.finish(0, p, complex(re, im), q*b, d0)
	re = a*real(y) - (real(c)*real(x) + imag(c)*imag(x))
	im = a*imag(y) - (real(c)*imag(x) - imag(c)*real(x))
	w.finish(1, p, complex(re, im), q*a, d1)
}

// solveN factorizes A = Uᴴ·D·U with U unit upper triangular, solves for the
// layers, and sums the diagonal of A⁻¹ = U⁻¹·D⁻¹·U⁻ᴴ. t is D·U.
func (w *Work) solveN(p, n int, load, q float32) {
	var u, t, v [MaxLayers][MaxLayers]complex64
	var x [MaxLayers]complex64
	var inv [MaxLayers]float32 // D⁻¹
	good := true
	pair := 0
	for k := range n {
		for j := k + 1; j < n; j++ {
			t[k][j] = w.cross(pair, p)
			pair++
			for i := range k {
				t[k][j] -= conj(u[i][k]) * t[i][j]
			}
		}
		a := w.Gain[k][p] + load
		d := a
		x[k] = w.num(k, p)
		for i := range k {
			d -= normSq(t[i][k]) * inv[i]
			x[k] -= conj(u[i][k]) * x[i]
		}
		good = good && d > weak*a
		inv[k] = 1 / d
		for j := k + 1; j < n; j++ {
			u[k][j] = scale(t[k][j], inv[k])
		}
	}
	for j := n - 1; j >= 0; j-- {
		x[j] = scale(x[j], inv[j])
		diagonal := inv[j]
		for m := j + 1; m < n; m++ {
			x[j] -= u[j][m] * x[m]
			v[j][m] = -u[j][m]
			for i := j + 1; i < m; i++ {
				v[j][m] -= u[j][i] * v[i][m]
			}
			diagonal += normSq(v[j][m]) * inv[m]
		}
		gain := 1 - load*diagonal
		if !good {
			gain = 0
		}
		w.finish(j, p, x[j], q*diagonal, gain)
	}
}

// spreadGeneric is the definition of [Work.Spread], from subcarrier p on.
func spreadGeneric(w *Work, z []complex64, v []float32, first, layers, p int) {
	for l := range layers {
		zs, vs := &w.Z[first+l], &w.Noise[first+l]
		at := p
		for i := l; i < len(z); i += layers {
			z[i], v[i] = zs[at], vs[at]
			at++
		}
	}
}

func conj(x complex64) complex64 { return complex(real(x), -imag(x)) }

func scale(x complex64, f float32) complex64 { return complex(real(x)*f, imag(x)*f) }

func normSq(x complex64) float32 { return real(x)*real(x) + imag(x)*imag(x) }
