// SPDX-License-Identifier: Apache-2.0

package onnx

import (
	"errors"
	"fmt"
)

// ErrExternalData says that a tensor keeps its payload in another file, which
// only [Load] opens.
var ErrExternalData = errors.New("tensor payload lies in another file")

// ErrTooDeep says that graphs or messages nest deeper than the decoder allows.
var ErrTooDeep = errors.New("nested too deeply")

// FormatError says which message and field of the bytes are not valid ONNX.
type FormatError struct {
	Message string // message of the schema, such as "TensorProto"
	Field   string // field of that message, or "" when the field is unknown
	Err     error  // what is wrong with it
}

// Error implements error.
func (e *FormatError) Error() string {
	if e.Field == "" {
		return fmt.Sprintf("onnx: %s: %v", e.Message, e.Err)
	}
	return fmt.Sprintf("onnx: %s.%s: %v", e.Message, e.Field, e.Err)
}

// Unwrap returns the cause.
func (e *FormatError) Unwrap() error { return e.Err }

// OpsetError says that a model is written in a version of the standard operator
// set whose operators are not known here.
type OpsetError struct {
	Got      int64 // version of the model, 0 when it names none
	Min, Max int64 // versions that are known
}

// Error implements error.
func (e *OpsetError) Error() string {
	return fmt.Sprintf("onnx: version %d of the standard operator set, want %d to %d", e.Got, e.Min, e.Max)
}

// NodeError says which node of a graph breaks a rule.
type NodeError struct {
	Node   string // name of the node, or of its first output when it has none
	OpType string // operator, such as "Gemm"
	Reason string // the broken rule, with got and want

	fatal bool // whether a runtime does not survive it: see fatal.go
}

// Error implements error.
func (e *NodeError) Error() string {
	return fmt.Sprintf("onnx: node %q (%s): %s", e.Node, e.OpType, e.Reason)
}

// OpError says that an operator, or a form of it, is not known here: nothing is
// wrong with the model, but its shapes cannot be inferred or it cannot be
// executed.
type OpError struct {
	Node   string // name of the node, or of its first output when it has none
	OpType string // operator
	Domain string // operator set, "" for the standard one
	Reason string // the form that is not supported, "" when the operator is not
}

// Error implements error.
func (e *OpError) Error() string {
	if e.Reason != "" {
		return fmt.Sprintf("onnx: operator %s (node %q): %s", e.OpType, e.Node, e.Reason)
	}
	if e.Domain != "" {
		return fmt.Sprintf("onnx: operator %s of domain %s is not supported (node %q)", e.OpType, e.Domain, e.Node)
	}
	return fmt.Sprintf("onnx: operator %s is not supported (node %q)", e.OpType, e.Node)
}
