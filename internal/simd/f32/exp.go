// SPDX-License-Identifier: Apache-2.0

package f32

import "math"

// The coefficients are polynomials whose greatest weighted error is least
// (found by iteratively reweighted least squares on 2 000 Chebyshev points, in
// 40-digit arithmetic), rounded to float32:
//
//   - expm1Coefs: (e^r − 1 − r)/r² for |r| ≤ ln 2/2, relative error of e^r − 1 2^-26
//   - erfSmall: erf(x)/x − 1 in x² for |x| ≤ 0.9, relative error 2^-31
//   - erfLarge: −ln(1 − erf(x)) for 0.9 ≤ x ≤ 3.95, relative error of erf 2^-34
//   - log1pCoefs: ln(1 + e)/e for 0 ≤ e ≤ 1, relative error 2^-30
//   - logCoefs: (ln(1 + f) − f + f²/2)/f³ for √½ ≤ 1 + f ≤ √2, relative error 2^-30
const (
	log2e     = float32(math.Log2E)
	ln2Hi     = float32(math.Ln2)
	ln2Lo     = float32(-1.9046543e-09) // ln 2 − ln2Hi
	erfBorder = float32(0.9)
	erfLimit  = float32(3.95) // erf is 1 from here on
	expLo     = float32(-104) // e^x is 0 below
	expHi     = float32(89)   // and infinite above
)

var (
	expm1Coefs = [...]float32{0.49999997, 0.16666543, 0.0416672, 0.0083665205, 0.0013882521}
	erfSmall   = [...]float32{0.12837917, -0.37612635, 0.11283715, -0.026860509, 0.005203859, -0.0008175639, 8.513103e-05}
	erfLarge   = [...]float32{-0.00016920392, 1.1294883, 0.63340086, 0.10822037, -0.025080606, 0.0041562505, -0.00043139257, 2.0828527e-05}
	log1pCoefs = [...]float32{1, -0.49999982, 0.3333256, -0.24987271, 0.19890748, -0.16105692, 0.12418436, -0.08244175, 0.041478224, -0.013407527, 0.0020302408}
	logCoefs   = [...]float32{0.33333313, -0.2500001, 0.2000212, -0.16667996, 0.14219552, -0.12405589, 0.11888162, -0.11675652, 0.06746641}
)

// minNormal is the least number that is not subnormal.
const minNormal = 0x1p-126

func polynomial(x float32, c []float32) float32 {
	y := c[len(c)-1]
	for i := len(c) - 2; i >= 0; i-- {
		y = fma(y, x, c[i])
	}
	return y
}

// reduced returns n and e^r − 1 where x = n·ln 2 + r and |r| ≤ ln 2 / 2.
func reduced(x float32) (n int, expm1 float32) {
	k := float32(math.RoundToEven(float64(x * log2e)))
	r := fma(-ln2Hi, k, x)
	r = fma(-ln2Lo, k, r)
	return int(k), fma(polynomial(r, expm1Coefs[:])*r, r, r)
}

func exp(x, _, _ float32) float32 {
	if x != x {
		return x
	}
	n, d := reduced(min(max(x, expLo), expHi))
	return float32(math.Ldexp(float64(d+1), n))
}

// expm1 returns e^x − 1 for x from −87 to 88.
func expm1(x float32) float32 {
	n, d := reduced(x)
	power := math.Float32frombits(uint32(n+127) << 23)
	return fma(d, power, power-1)
}

func sigmoid(x, _, _ float32) float32 { return 1 / (exp(-x, 0, 0) + 1) }

func tanh(x, _, _ float32) float32 {
	t := min(float32(math.Abs(float64(x))), 10)
	if t != t {
		return x
	}
	d := expm1(t + t)
	return float32(math.Copysign(float64(d/(d+2)), float64(x)))
}

func elu(x, alpha, scale float32) float32 {
	if x > 0 || x != x {
		return x * scale
	}
	return expm1(max(x, -87)) * alpha * scale
}

func erf(x, _, _ float32) float32 {
	t := float32(math.Abs(float64(x)))
	if t != t {
		return x
	}
	if t < erfBorder {
		return fma(polynomial(x*x, erfSmall[:]), x, x)
	}
	g := polynomial(min(t, erfLimit), erfLarge[:])
	return float32(math.Copysign(float64(1-exp(-g, 0, 0)), float64(x)))
}

func softplus(x, _, _ float32) float32 {
	e := exp(-float32(math.Abs(float64(x))), 0, 0)
	return fma(polynomial(e, log1pCoefs[:]), e, max(x, 0))
}

// log splits x into 2ᵉ·(1+f) with 1+f from √½ to √2, a subnormal x after it was
// made larger: the bits less those of √½ hold e above and the rest of 1+f below.
func log(x, _, _ float32) float32 {
	switch {
	case x != x || math.IsInf(float64(x), 1):
		return x
	case x == 0:
		return float32(math.Inf(-1))
	case x < 0:
		return float32(math.NaN())
	}
	taken := float32(0)
	if x < minNormal {
		x, taken = x*(1<<23), 23
	}
	const offset = 0x3f3504f3 // √½
	b := int32(math.Float32bits(x)) - offset
	e := float32(b>>23) - taken
	f := math.Float32frombits(uint32(b&(1<<23-1))+offset) - 1
	s := f * f
	y := polynomial(f, logCoefs[:]) * f * s
	y = fma(ln2Lo, e, y)
	y = fma(-0.5, s, y) + f
	return fma(ln2Hi, e, y)
}

func abs(x, _, _ float32) float32   { return float32(math.Abs(float64(x))) }
func sqrt(x, _, _ float32) float32  { return float32(math.Sqrt(float64(x))) }
func floor(x, _, _ float32) float32 { return float32(math.Floor(float64(x))) }
func ceil(x, _, _ float32) float32  { return float32(math.Ceil(float64(x))) }
func round(x, _, _ float32) float32 { return float32(math.RoundToEven(float64(x))) }

func clamp(x, lo, hi float32) float32 { return min(max(x, lo), hi) }

func hardSigmoid(x, a, b float32) float32 { return clamp(fma(a, x, b), 0, 1) }

func leakyRelu(x, a, _ float32) float32 {
	if x < 0 {
		return a * x
	}
	return x
}
