// SPDX-License-Identifier: Apache-2.0

package equalizer

// tiny is the smallest effective gain that is divided by.
const tiny = 1e-30

// detect1 is maximum ratio combining, x̂ = num/gain.
func (e *Equalizer) detect1(q float32, n int) {
	num, gain, z, v := e.num[0][:n], e.gain[0][:n], e.z[0][:n], e.noise[0][:n]
	for p, x := range num {
		z[p], v[p] = finish(real(x), imag(x), q, gain[p])
	}
}

// finish divides by the effective gain and bounds the variance.
func finish(re, im, errGain, gain float32) (complex64, float32) {
	if !(gain > tiny) {
		return 0, MaxNoiseVar
	}
	inv := 1 / gain
	return complex(re*inv, im*inv), min(max(errGain*inv, MinNoiseVar), MaxNoiseVar)
}

// detect2 solves two layers in closed form. With a = G00 + load, b = G11 + load
// and c = G01, the unbiased estimate of layer 0 is
//
//	(b·n0 − c·n1) / (G00·b − |c|²)
//
// and its error variance q·b / (G00·b − |c|²), without the cancellation that
// 1 − [(G+I)⁻¹]00 would have. Layer 1 is alike.
func (e *Equalizer) detect2(q, load float32, n int) {
	n0, n1, g0, g1, c01 := e.num[0][:n], e.num[1][:n], e.gain[0][:n], e.gain[1][:n], e.cross[0][:n]
	z0, z1, v0, v1 := e.z[0][:n], e.z[1][:n], e.noise[0][:n], e.noise[1][:n]
	for p, x := range n0 {
		y, c := n1[p], c01[p]
		a, b := g0[p]+load, g1[p]+load
		cc := float64(real(c))*float64(real(c)) + float64(imag(c))*float64(imag(c))
		d0 := float32(float64(g0[p])*float64(b) - cc)
		d1 := float32(float64(g1[p])*float64(a) - cc)
		re := b*real(x) - (real(c)*real(y) - imag(c)*imag(y))
		im := b*imag(x) - (real(c)*imag(y) + imag(c)*real(y))
		z0[p], v0[p] = finish(re, im, q*b, d0)
		re = a*real(y) - (real(c)*real(x) + imag(c)*imag(x))
		im = a*imag(y) - (real(c)*imag(x) - imag(c)*real(x))
		z1[p], v1[p] = finish(re, im, q*a, d1)
	}
}
