// SPDX-License-Identifier: Apache-2.0

package onnx

import (
	"errors"
	"fmt"
	"slices"
)

// fatalForms says of each operator which of its forms end the process of ONNX
// Runtime 1.32, also of its Python package, where an error should come: it returns
// what is wrong, or "". None of these forms is valid, or computes anything.
//
// They were found with mutated models; the tests of internal/bench/onnxconf show
// that each is refused here and fatal there.
var fatalForms = map[string]func(n *Node, in []Value) string{
	"Max": fatalList, "Mean": fatalList, "Min": fatalList, "Sum": fatalList,
	"GRU": fatalRecurrent, "LSTM": fatalRecurrent, "RNN": fatalRecurrent,
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
