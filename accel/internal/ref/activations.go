// SPDX-License-Identifier: Apache-2.0

package ref

import (
	"math"

	"github.com/neuroran/neuroran/accel/onnx"
)

// activations makes, from a node's attributes, the function of the operators with
// one input that have no kernel of their own.
var activations = map[string]func(n *onnx.Node) func(float32) float32{
	"Acos": pure64(math.Acos), "Acosh": pure64(math.Acosh), "Asin": pure64(math.Asin), "Asinh": pure64(math.Asinh),
	"Atan": pure64(math.Atan), "Atanh": pure64(math.Atanh), "Cosh": pure64(math.Cosh), "Sinh": pure64(math.Sinh), "Tan": pure64(math.Tan),
	"Celu": func(n *onnx.Node) func(float32) float32 {
		alpha := float64(n.Float("alpha", 1))
		return from64(func(x float64) float64 { return max(0, x) + min(0, alpha*math.Expm1(x/alpha)) })
	},
	"Shrink": func(n *onnx.Node) func(float32) float32 {
		lambda, bias := n.Float("lambd", 0.5), n.Float("bias", 0)
		return func(x float32) float32 {
			switch {
			case x < -lambda:
				return x + bias
			case x > lambda:
				return x - bias
			}
			return 0
		}
	},
	"ThresholdedRelu": func(n *onnx.Node) func(float32) float32 {
		alpha := n.Float("alpha", 1)
		return func(x float32) float32 {
			if x > alpha {
				return x
			}
			return 0
		}
	},
}

func from64(f func(float64) float64) func(float32) float32 {
	return func(x float32) float32 { return float32(f(float64(x))) }
}

func pure64(f func(float64) float64) func(*onnx.Node) func(float32) float32 { return pure(from64(f)) }
