// SPDX-License-Identifier: Apache-2.0

package f32

// The functions of this file write every element of dst, which may be x or y,
// and panic when x or y is shorter.

// Axpy computes dst[i] += a·x[i], fused.
func Axpy(dst []float32, a float32, x []float32) { axpy(dst, a, x[:len(dst)]) }

// ScaleShift computes dst[i] = max(x[i]·scale + shift, floor), fused; floor may
// be [NoFloor].
func ScaleShift(dst, x []float32, scale, shift, floor float32) {
	scaleShift(dst, x[:len(dst)], scale, shift, floor)
}

// Normalize computes dst[i] = (x[i] − mean)·scale·gamma[i] + beta[i], the last
// product and sum fused.
func Normalize(dst, x, gamma, beta []float32, mean, scale float32) {
	n := len(dst)
	normalize(dst, x[:n], gamma[:n], beta[:n], mean, scale)
}

// Add computes dst[i] = x[i] + y[i].
func Add(dst, x, y []float32) { opAdd.vectors(dst, x, y) }

// Sub computes dst[i] = x[i] − y[i].
func Sub(dst, x, y []float32) { opSub.vectors(dst, x, y) }

// Mul computes dst[i] = x[i] · y[i].
func Mul(dst, x, y []float32) { opMul.vectors(dst, x, y) }

// Div computes dst[i] = x[i] / y[i].
func Div(dst, x, y []float32) { opDiv.vectors(dst, x, y) }

// Max computes dst[i] = max(x[i], y[i]); what is not a number wins.
func Max(dst, x, y []float32) { opMax.vectors(dst, x, y) }

// Min computes dst[i] = min(x[i], y[i]); what is not a number wins.
func Min(dst, x, y []float32) { opMin.vectors(dst, x, y) }

// AddNumber computes dst[i] = x[i] + y.
func AddNumber(dst, x []float32, y float32) { opAdd.number(dst, x, y) }

// SubNumber computes dst[i] = x[i] − y.
func SubNumber(dst, x []float32, y float32) { opSub.number(dst, x, y) }

// SubFromNumber computes dst[i] = y − x[i].
func SubFromNumber(dst, x []float32, y float32) { opSubFrom.number(dst, x, y) }

// MulNumber computes dst[i] = x[i] · y.
func MulNumber(dst, x []float32, y float32) { opMul.number(dst, x, y) }

// DivNumber computes dst[i] = x[i] / y.
func DivNumber(dst, x []float32, y float32) { opDiv.number(dst, x, y) }

// DivOfNumber computes dst[i] = y / x[i].
func DivOfNumber(dst, x []float32, y float32) { opDivOf.number(dst, x, y) }

// MaxNumber computes dst[i] = max(x[i], y); what is not a number wins.
func MaxNumber(dst, x []float32, y float32) { opMax.number(dst, x, y) }

// MinNumber computes dst[i] = min(x[i], y); what is not a number wins.
func MinNumber(dst, x []float32, y float32) { opMin.number(dst, x, y) }

// operator names a function of two numbers.
type operator int

const (
	opAdd operator = iota
	opSub
	opSubFrom
	opMul
	opDiv
	opDivOf
	opMax
	opMin
)

// definition is what each operator computes.
var definition = [...]func(x, y float32) float32{
	opAdd:     func(x, y float32) float32 { return x + y },
	opSub:     func(x, y float32) float32 { return x - y },
	opSubFrom: func(x, y float32) float32 { return y - x },
	opMul:     func(x, y float32) float32 { return x * y },
	opDiv:     func(x, y float32) float32 { return x / y },
	opDivOf:   func(x, y float32) float32 { return y / x },
	opMax:     func(x, y float32) float32 { return max(x, y) },
	opMin:     func(x, y float32) float32 { return min(x, y) },
}

func (op operator) vectors(dst, x, y []float32) {
	x, y = x[:len(dst)], y[:len(dst)]
	if op.vectorKernel(dst, x, y) {
		return
	}
	f := definition[op]
	for i, v := range x {
		dst[i] = f(v, y[i])
	}
}

func (op operator) number(dst, x []float32, y float32) {
	x = x[:len(dst)]
	if op.numberKernel(dst, x, y) {
		return
	}
	f := definition[op]
	for i, v := range x {
		dst[i] = f(v, y)
	}
}

func axpyGeneric(dst []float32, a float32, x []float32) {
	for i, v := range x {
		dst[i] = fma(a, v, dst[i])
	}
}

func scaleShiftGeneric(dst, x []float32, scale, shift, floor float32) {
	for i, v := range x {
		v = fma(v, scale, shift)
		if v < floor {
			v = floor
		}
		dst[i] = v
	}
}

func normalizeGeneric(dst, x, gamma, beta []float32, mean, scale float32) {
	for i, v := range x {
		dst[i] = fma((v-mean)*scale, gamma[i], beta[i])
	}
}
