// SPDX-License-Identifier: Apache-2.0

package onnx

import (
	"errors"
	"fmt"
	"slices"
)

// maxCounted bounds what ONNX Runtime counts up to one by one.
const maxCounted = 1 << 24

// fatalForms says of each operator which of its forms end the process of ONNX
// Runtime 1.32, or do not end, also in its Python package, where an error should
// come: it returns what is wrong, or "". None of these forms is valid, or computes
// anything.
//
// They were found with mutated models; the tests of internal/bench/onnxconf show
// that each is refused here and fatal there.
var fatalForms = map[string]func(n *Node, in []Value) string{
	"Einsum": fatalList, "Max": fatalList, "Mean": fatalList, "Min": fatalList, "Sum": fatalList,
	"GRU": fatalRecurrent, "LSTM": fatalRecurrent, "RNN": fatalRecurrent,
	"AveragePool": fatalKernel, "LpPool": fatalKernel, "MaxPool": fatalKernel,
	"RandomNormal": fatalNormal, "RandomNormalLike": fatalNormal,
	"RandomUniform": fatalUniform, "RandomUniformLike": fatalUniform,
	"STFT": fatalFrames,
	"ConvTranspose": func(_ *Node, in []Value) string {
		if len(in) > 0 && len(in[0].Dims) > 2 && slices.Contains(in[0].Dims[2:], 0) {
			return fmt.Sprintf("input %v is empty", in[0].Dims)
		}
		return ""
	},
	"GatherND": func(n *Node, _ []Value) string {
		if batch := n.Int("batch_dims", 0); batch < 0 {
			return fmt.Sprintf("batch_dims is %d", batch)
		}
		return ""
	},
	"TfIdfVectorizer": func(n *Node, _ []Value) string {
		if skip := n.Int("max_skip_count", 0); skip > maxCounted {
			return fmt.Sprintf("max_skip_count is %d, at most %d", skip, maxCounted)
		}
		return ""
	},
	"Split": func(n *Node, _ []Value) string {
		if parts := n.Attr("num_outputs"); parts != nil && parts.Int != int64(len(n.Outputs)) {
			return fmt.Sprintf("num_outputs is %d, the node has %d outputs", parts.Int, len(n.Outputs))
		}
		return ""
	},
}

// fatalList wants every input of a list of any length.
func fatalList(n *Node, _ []Value) string {
	if i := slices.Index(n.Inputs, ""); i >= 0 {
		return fmt.Sprintf("input %d of a list is left out", i)
	}
	return ""
}

// fatalRecurrent wants steps and a batch.
func fatalRecurrent(n *Node, in []Value) string {
	if len(in) == 0 || len(in[0].Dims) != 3 || !slices.Contains(in[0].Dims[:2], 0) {
		return ""
	}
	return fmt.Sprintf("input %v has no steps or no batch", in[0].Dims)
}

// fatalKernel wants windows that can be walked through.
func fatalKernel(n *Node, _ []Value) string {
	for _, k := range n.Ints("kernel_shape") {
		if k > maxCounted {
			return fmt.Sprintf("kernel_shape %v, at most %d", n.Ints("kernel_shape"), maxCounted)
		}
	}
	return ""
}

// fatalUniform wants an interval.
func fatalUniform(n *Node, _ []Value) string {
	if low, high := n.Float("low", 0), n.Float("high", 1); !(low <= high) {
		return fmt.Sprintf("from %g to %g", low, high)
	}
	return ""
}

// fatalNormal wants a deviation.
func fatalNormal(n *Node, _ []Value) string {
	if scale := n.Float("scale", 1); !(scale > 0) {
		return fmt.Sprintf("scale is %g", scale)
	}
	return ""
}

// fatalFrames wants frames of some length.
func fatalFrames(_ *Node, in []Value) string {
	if len(in) > 2 && in[2].given() && !in[2].Unranked && (len(in[2].Dims) != 1 || in[2].Dims[0] == 0) {
		return fmt.Sprintf("window %v, want one axis with elements", in[2].Dims)
	}
	if len(in) > 3 && in[3].Const != nil {
		if length, err := in[3].Const.Int64s(); err == nil && slices.Contains(length, 0) {
			return "frame_length is 0"
		}
	}
	return ""
}

// checkFatal returns a [*NodeError] for a node in a form of [fatalForms].
func checkFatal(n *Node, in []Value) error {
	form := fatalForms[n.OpType]
	if form == nil || n.Domain != "" && n.Domain != "ai.onnx" {
		return nil
	}
	if reason := form(n, in); reason != "" {
		return &NodeError{Node: n.Label(), OpType: n.OpType, Reason: reason, fatal: true}
	}
	return nil
}

// onlyFatal returns the error if it is one of [checkFatal].
func onlyFatal(err error) error {
	if n := (*NodeError)(nil); errors.As(err, &n) && n.fatal {
		return err
	}
	return nil
}
