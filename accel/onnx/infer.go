// SPDX-License-Identifier: Apache-2.0

package onnx

import (
	"fmt"
	"slices"
)

// Value is what is known of a value before the graph runs: its element type,
// its lengths with -1 for unknown ones, and its elements where they are
// constant.
type Value struct {
	Type  DataType // element type
	Dims  []int    // lengths; -1 where unknown
	Const *Tensor  // elements, or nil when they depend on the inputs
}

// Supported reports whether [Infer] knows the operator.
func Supported(domain, opType string) bool {
	if domain != "" && domain != "ai.onnx" {
		return false
	}
	_, ok := operators[opType]
	return ok
}

// Infer returns the outputs of a node of the given version of the standard
// operator set, given its inputs; an input that is left out has type
// [Undefined]. Where all lengths of the inputs are known, and the operands that
// set lengths are constant, all lengths of the outputs are known.
//
// It returns an [*OpsetError] when the version is not between [MinOpset] and
// [MaxOpset], an [*OpError] when the operator is not known here, and a
// [*NodeError] when the inputs or attributes break its rules.
//
// The rules are those of the ONNX operator specification in that version.
func Infer(n *Node, opset int64, in []Value) ([]Value, error) {
	if err := CheckOpset(opset); err != nil {
		return nil, err
	}
	if !Supported(n.Domain, n.OpType) {
		return nil, &OpError{Node: n.Label(), OpType: n.OpType, Domain: n.Domain}
	}
	op := operators[n.OpType]
	c := &inference{node: n, opset: opset, in: in}
	if len(in) < op.min || (op.max >= 0 && len(in) > op.max) {
		return nil, c.failf("%d inputs, want %d to %d", len(in), op.min, op.max)
	}
	for i := range op.min {
		if in[i].Type == Undefined {
			return nil, c.failf("input %d is missing", i)
		}
	}
	if err := op.infer(c); err != nil {
		return nil, err
	}
	if len(n.Outputs) > len(c.out) {
		return nil, c.failf("%d outputs, at most %d are supported", len(n.Outputs), len(c.out))
	}
	return c.out, nil
}

// operator is how many inputs an operator takes (max < 0: any number) and its
// inference rule.
type operator struct {
	min, max int
	infer    func(*inference) error
}

// inference is the state of one call of [Infer].
type inference struct {
	node  *Node
	opset int64
	in    []Value
	out   []Value
}

func (c *inference) failf(format string, args ...any) error {
	return &NodeError{Node: c.node.Label(), OpType: c.node.OpType, Reason: fmt.Sprintf(format, args...)}
}

func (c *inference) add(t DataType, dims ...int) error {
	c.out = append(c.out, Value{Type: t, Dims: dims})
	return nil
}

// has reports whether input i is given.
func (c *inference) has(i int) bool { return i < len(c.in) && c.in[i].Type != Undefined }

// args returns the integers of an operand that was an attribute in older
// operator sets and is input i in newer ones. The second result is false when
// it is left out; an input that is not constant is an error.
func (c *inference) args(attr string, i int) ([]int64, bool, error) {
	v, ok, err := Args(c.node, c.in, attr, i)
	if err != nil {
		err = c.failf("%v", err)
	}
	return v, ok, err
}

// Args returns the integers of an operand of node n that was an attribute in
// older operator sets and is input i in newer ones, and whether it is given at
// all. It returns an error when the input is given but not constant.
func Args(n *Node, in []Value, attr string, i int) ([]int64, bool, error) {
	if a := n.Attr(attr); a != nil {
		switch a.Type {
		case AttrInts:
			return a.Ints, true, nil
		case AttrInt:
			return []int64{a.Int}, true, nil
		}
	}
	if i < 0 || i >= len(in) || in[i].Type == Undefined {
		return nil, false, nil
	}
	if in[i].Const == nil {
		return nil, true, fmt.Errorf("input %d (%s) must be constant", i, attr)
	}
	v, err := in[i].Const.Int64s()
	return v, true, err
}

// Axes resolves negative axes against a rank and checks range and repetition.
func Axes(axes []int64, rank int) ([]int, error) {
	out := make([]int, len(axes))
	for i, a := range axes {
		r := a
		if r < 0 {
			r += int64(rank)
		}
		if r < 0 || r >= int64(rank) {
			return nil, fmt.Errorf("axis %d out of range for rank %d", a, rank)
		}
		if slices.Contains(out[:i], int(r)) {
			return nil, fmt.Errorf("axis %d is given twice", a)
		}
		out[i] = int(r)
	}
	return out, nil
}

func (c *inference) axes(axes []int64, rank int) ([]int, error) {
	out, err := Axes(axes, rank)
	if err != nil {
		err = c.failf("%v", err)
	}
	return out, err
}

// axis resolves one axis attribute.
func (c *inference) axis(attr string, def int64, rank int) (int, error) {
	a, err := c.axes([]int64{c.node.Int(attr, def)}, rank)
	if err != nil {
		return 0, err
	}
	return a[0], nil
}

// Broadcast returns the lengths of an elementwise operation on two shapes, or
// false when they do not fit; -1 stands for an unknown length.
func Broadcast(a, b []int) ([]int, bool) {
	if len(a) < len(b) {
		a, b = b, a
	}
	out := slices.Clone(a)
	off := len(a) - len(b)
	for i, y := range b {
		x := a[off+i]
		switch {
		case x == y || y == 1:
		case x == 1 || x < 0:
			out[off+i] = y
		case y < 0:
		default:
			return nil, false
		}
	}
	return out, true
}

// same checks that a length is as wanted, where both are known.
func same(a, b int) bool { return a < 0 || b < 0 || a == b }
