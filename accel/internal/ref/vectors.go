// SPDX-License-Identifier: Apache-2.0

package ref

import (
	"math"

	"github.com/neuroran/neuroran/accel/onnx"
	"github.com/neuroran/neuroran/internal/simd/f32"
)

// vectorized makes, from a node's attributes, the vector kernel of the operators
// with one input that have one. The kernels are several times faster than a
// function called for each element, and differ from it in the last places.
var vectorized = map[string]func(n *onnx.Node) func(dst, x []float32){
	"Abs":        same(f32.Abs),
	"Ceil":       same(f32.Ceil),
	"Cos":        same(f32.Cos),
	"Erf":        same(f32.Erf),
	"Exp":        same(f32.Exp),
	"Floor":      same(f32.Floor),
	"Log":        same(f32.Log),
	"Neg":        same(func(dst, x []float32) { f32.MulNumber(dst, x, -1) }),
	"Reciprocal": same(func(dst, x []float32) { f32.DivOfNumber(dst, x, 1) }),
	"Relu":       same(func(dst, x []float32) { f32.ScaleShift(dst, x, 1, 0, 0) }),
	"Round":      same(f32.Round),
	"Sigmoid":    same(f32.Sigmoid),
	"Sign":       same(f32.Sign),
	"Sin":        same(f32.Sin),
	"Softplus":   same(f32.Softplus),
	"Sqrt":       same(f32.Sqrt),
	"Tanh":       same(f32.Tanh),
	"Elu": func(n *onnx.Node) func(dst, x []float32) {
		alpha := n.Float("alpha", 1)
		return func(dst, x []float32) { f32.ELU(dst, x, alpha, 1) }
	},
	"HardSigmoid": func(n *onnx.Node) func(dst, x []float32) {
		alpha, beta := n.Float("alpha", 0.2), n.Float("beta", 0.5)
		return func(dst, x []float32) { f32.HardSigmoid(dst, x, alpha, beta) }
	},
	"LeakyRelu": func(n *onnx.Node) func(dst, x []float32) {
		alpha := n.Float("alpha", 0.01)
		return func(dst, x []float32) { f32.LeakyReLU(dst, x, alpha) }
	},
	"Selu": func(n *onnx.Node) func(dst, x []float32) {
		alpha, gamma := n.Float("alpha", 1.67326319217681884765625), n.Float("gamma", 1.05070102214813232421875)
		return func(dst, x []float32) { f32.ELU(dst, x, alpha, gamma) }
	},
	"Gelu": func(n *onnx.Node) func(dst, x []float32) {
		if n.Str("approximate", "none") == "tanh" {
			return blocked(geluTanh)
		}
		return blocked(gelu)
	},
	"HardSwish": blocks(func(dst, x, t []float32) {
		f32.HardSigmoid(t, x, 1.0/6, 0.5)
		f32.Mul(dst, x, t)
	}),
	"Mish": blocks(func(dst, x, t []float32) {
		f32.Softplus(t, x)
		f32.Tanh(t, t)
		f32.Mul(dst, x, t)
	}),
	"Softsign": blocks(func(dst, x, t []float32) {
		f32.Abs(t, x)
		f32.AddNumber(t, t, 1)
		f32.Div(dst, x, t)
	}),
	"Swish": func(n *onnx.Node) func(dst, x []float32) {
		alpha := n.Float("alpha", 1)
		return blocked(func(dst, x, t []float32) {
			f32.MulNumber(t, x, alpha)
			f32.Sigmoid(t, t)
			f32.Mul(dst, x, t)
		})
	},
}

// same is the kernel of an operator without attributes.
func same(f func(dst, x []float32)) func(*onnx.Node) func(dst, x []float32) {
	return func(*onnx.Node) func(dst, x []float32) { return f }
}

// blocks is that of one that needs room for as many elements as it is given.
func blocks(f func(dst, x, t []float32)) func(*onnx.Node) func(dst, x []float32) {
	return func(*onnx.Node) func(dst, x []float32) { return blocked(f) }
}

// blocked runs a kernel of several passes block by block, so that what lies
// between the passes stays in the first-level cache.
func blocked(f func(dst, x, t []float32)) func(dst, x []float32) {
	const block = 1024
	buf := make([]float32, block)
	return func(dst, x []float32) {
		for i := 0; i < len(x); i += block {
			n := min(block, len(x)-i)
			f(dst[i:i+n], x[i:i+n], buf[:n])
		}
	}
}

// gelu is x/2·(1 + erf(x/√2)).
func gelu(dst, x, t []float32) {
	f32.MulNumber(t, x, math.Sqrt2/2)
	f32.Erf(t, t)
	f32.ScaleShift(t, t, 0.5, 0.5, f32.NoFloor)
	f32.Mul(dst, x, t)
}

// geluTanh is x·σ(2u) with u = √(2/π)·(x + 0.044715·x³), which is the usual
// x/2·(1 + tanh u) without its loss of digits for negative x.
func geluTanh(dst, x, t []float32) {
	const scale = 2 * 0.7978845608028654 // 2·√(2/π)
	f32.Mul(t, x, x)
	f32.ScaleShift(t, t, 0.044715*scale, scale, f32.NoFloor)
	f32.Mul(t, t, x)
	f32.Sigmoid(t, t)
	f32.Mul(dst, x, t)
}
