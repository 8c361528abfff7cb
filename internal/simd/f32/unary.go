// SPDX-License-Identifier: Apache-2.0

package f32

// The functions of this file write every element of dst, which may be x, and
// panic when x is shorter. What is not a number stays so. Errors are in units in
// the last place of the result (ULP), the greatest over all arguments;
// TestUnaryAccuracy measures them. A result that is subnormal may be 0.

// Abs computes |x|.
func Abs(dst, x []float32) { fnAbs.run(dst, x, 0, 0) }

// Sqrt computes the square root, exactly rounded.
func Sqrt(dst, x []float32) { fnSqrt.run(dst, x, 0, 0) }

// Floor rounds down to an integer.
func Floor(dst, x []float32) { fnFloor.run(dst, x, 0, 0) }

// Ceil rounds up to an integer.
func Ceil(dst, x []float32) { fnCeil.run(dst, x, 0, 0) }

// Round rounds to the nearest integer, ties to the even one.
func Round(dst, x []float32) { fnRound.run(dst, x, 0, 0) }

// Clamp computes min(max(x, lo), hi).
func Clamp(dst, x []float32, lo, hi float32) { fnClamp.run(dst, x, lo, hi) }

// HardSigmoid computes min(max(a·x + b, 0), 1), the sum fused.
func HardSigmoid(dst, x []float32, a, b float32) { fnHardSigmoid.run(dst, x, a, b) }

// LeakyReLU computes x where it is at least 0, and a·x elsewhere.
func LeakyReLU(dst, x []float32, a float32) { fnLeakyRelu.run(dst, x, a, 0) }

// Exp computes e^x with an error of at most 1.1 ULP.
func Exp(dst, x []float32) { fnExp.run(dst, x, 0, 0) }

// Sigmoid computes 1/(1 + e^−x) with an error of at most 3 ULP.
func Sigmoid(dst, x []float32) { fnSigmoid.run(dst, x, 0, 0) }

// Tanh computes the hyperbolic tangent with an error of at most 3 ULP.
func Tanh(dst, x []float32) { fnTanh.run(dst, x, 0, 0) }

// ELU computes scale·x for x > 0 and scale·alpha·(e^x − 1) elsewhere; for scale
// = alpha = 1 with an error of at most 2 ULP.
func ELU(dst, x []float32, alpha, scale float32) { fnElu.run(dst, x, alpha, scale) }

// Erf computes the error function with an error of at most 1.5 ULP.
func Erf(dst, x []float32) { fnErf.run(dst, x, 0, 0) }

// Softplus computes ln(1 + e^x) with an error of at most 2.5 ULP.
func Softplus(dst, x []float32) { fnSoftplus.run(dst, x, 0, 0) }

// Log computes the natural logarithm with an error of at most 1 ULP.
func Log(dst, x []float32) { fnLog.run(dst, x, 0, 0) }

// Sin computes the sine with an error of at most 2 ULP.
func Sin(dst, x []float32) { fnSin.run(dst, x, 0, 0) }

// Cos computes the cosine with an error of at most 2 ULP.
func Cos(dst, x []float32) { fnCos.run(dst, x, 0, 0) }

// Sign computes −1, 0 or 1; a zero keeps its sign.
func Sign(dst, x []float32) { fnSign.run(dst, x, 0, 0) }

// function names a function of one number and up to two parameters.
type function int

const (
	fnAbs function = iota
	fnSqrt
	fnFloor
	fnCeil
	fnRound
	fnClamp
	fnHardSigmoid
	fnLeakyRelu
	fnExp
	fnSigmoid
	fnTanh
	fnElu
	fnErf
	fnSoftplus
	fnLog
	fnSin
	fnCos
	fnSign
)

// functions is what each function computes.
var functions = [...]func(x, a, b float32) float32{
	fnAbs: abs, fnSqrt: sqrt, fnFloor: floor, fnCeil: ceil, fnRound: round,
	fnClamp: clamp, fnHardSigmoid: hardSigmoid, fnLeakyRelu: leakyRelu,
	fnExp: exp, fnSigmoid: sigmoid, fnTanh: tanh, fnElu: elu, fnErf: erf, fnSoftplus: softplus, fnLog: log,
	fnSin: sin, fnCos: cos, fnSign: sign,
}

func (fn function) run(dst, x []float32, a, b float32) {
	x = x[:len(dst)]
	if fn == fnSin || fn == fnCos {
		fn.runAngles(dst, x)
		return
	}
	fn.runAll(dst, x, a, b)
}

func (fn function) runAll(dst, x []float32, a, b float32) {
	if fn.kernel(dst, x, a, b) {
		return
	}
	f := functions[fn]
	for i, v := range x {
		dst[i] = f(v, a, b)
	}
}

// runAngles computes block by block: what is beyond the range of the kernel, or no
// number, is left to the definition, with its block.
func (fn function) runAngles(dst, x []float32) {
	const block = 256
	for ; len(x) > block; dst, x = dst[block:], x[block:] {
		fn.runAngles(dst[:block], x[:block])
	}
	if len(x) == 0 {
		return
	}
	if Greatest(x) <= angleLimit && Least(x) >= -angleLimit {
		fn.runAll(dst, x, 0, 0)
		return
	}
	f := functions[fn]
	for i, v := range x {
		dst[i] = f(v, 0, 0)
	}
}
