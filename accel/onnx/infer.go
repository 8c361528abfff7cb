// SPDX-License-Identifier: Apache-2.0

package onnx

import (
	"errors"
	"fmt"
	"slices"
)

// Value is what is known of a value before the graph runs: its element type,
// its lengths with -1 for unknown ones, and its elements where they are
// constant.
type Value struct {
	Type     DataType // element type; Undefined for an input left out, or when Unranked
	Dims     []int    // lengths; -1 where unknown
	Const    *Tensor  // elements, or nil when they depend on the inputs
	Unranked bool     // whether not even the number of lengths is known
}

// given reports whether the value is there at all: an input that is left out has
// no type.
func (v Value) given() bool { return v.Type != Undefined || v.Unranked }

// Supported reports whether [Infer] knows the operator. docs/devices.md lists those of the
// standard set.
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
	if err := checkFatal(n, in); err != nil {
		return nil, err
	}
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
		if !in[i].given() {
			return nil, c.failf("input %d is missing", i)
		}
	}
	if slices.ContainsFunc(in, func(v Value) bool { return v.Unranked }) {
		return c.unknown(), nil
	}
	if err := c.flags(); err != nil {
		return nil, err
	}
	err := op.infer(c)
	if errors.As(err, new(*valueError)) {
		return c.unknown(), nil
	}
	if err != nil {
		return nil, err
	}
	if len(n.Outputs) > len(c.out) {
		return nil, c.failf("%d outputs, at most %d are supported", len(n.Outputs), len(c.out))
	}
	return c.out, nil
}

// Shaping returns which inputs of a node hold numbers that set the lengths of its
// outputs, or how it is computed: lengths are known only when these are.
func Shaping(n *Node) []int { return operators[n.OpType].shaping }

// valueError says that lengths depend on the elements of an input that are not
// known yet.
type valueError struct {
	input int
}

// Error implements error.
func (e *valueError) Error() string {
	return fmt.Sprintf("elements of input %d are not known", e.input)
}

// unknown returns outputs of which nothing is known.
func (c *inference) unknown() []Value {
	return slices.Repeat([]Value{{Unranked: true}}, len(c.node.Outputs))
}

// operator is how many inputs an operator takes (max < 0: any number), its
// inference rule, and what [Shaping] returns.
type operator struct {
	min, max int
	infer    func(*inference) error
	shaping  []int
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

// lackf says that a form of the operator is not supported here.
func (c *inference) lackf(format string, args ...any) error {
	return &OpError{Node: c.node.Label(), OpType: c.node.OpType, Domain: c.node.Domain, Reason: fmt.Sprintf(format, args...)}
}

// flagNames lists the attributes that are 0 or 1. Runtimes differ in what they make
// of other numbers.
var flagNames = []string{"align_corners", "allowzero", "antialias", "broadcast", "ceil_mode", "center_point_box", "count_include_pad",
	"exclude_outside", "exclusive", "fmod", "interleaved", "inverse", "is_causal", "keepdims", "largest", "layout", "linear_before_reset",
	"noop_with_empty_axes", "onesided", "periodic", "reverse", "saturate", "select_last_index", "sorted", "training_mode", "transA", "transB", "upper"}

// flags refuses other numbers.
func (c *inference) flags() error {
	for i := range c.node.Attrs {
		if a := &c.node.Attrs[i]; a.Type == AttrInt && a.Int != 0 && a.Int != 1 && slices.Contains(flagNames, a.Name) {
			return c.failf("attribute %s is %d, want 0 or 1", a.Name, a.Int)
		}
	}
	return nil
}

func (c *inference) add(t DataType, dims ...int) error {
	c.out = append(c.out, Value{Type: t, Dims: dims})
	return nil
}

// has reports whether input i is given.
func (c *inference) has(i int) bool { return i < len(c.in) && c.in[i].given() }

// need returns the integers of input i, or a [*valueError] when they are not
// known.
func (c *inference) need(i int) ([]int64, error) {
	if c.in[i].Const == nil {
		return nil, &valueError{i}
	}
	v, err := c.in[i].Const.Int64s()
	if err != nil {
		err = c.failf("input %d: %v", i, err)
	}
	return v, err
}

// needOne is need for an input of one element.
func (c *inference) needOne(i int) (int64, error) {
	v, err := c.need(i)
	if err == nil && len(v) != 1 {
		err = c.failf("input %d has %d elements, want 1", i, len(v))
	}
	if err != nil {
		return 0, err
	}
	return v[0], nil
}

// args returns the integers of an operand that was an attribute in older
// operator sets and is input i in newer ones. The second result is false when
// it is left out; an input that is not constant is an error.
func (c *inference) args(attr string, i int) ([]int64, bool, error) {
	v, ok, err := Args(c.node, c.in, attr, i)
	return v, ok, c.wrap(err)
}

// wrap names the node in an error, except that something is not known yet.
func (c *inference) wrap(err error) error {
	if err == nil || errors.As(err, new(*valueError)) {
		return err
	}
	return c.failf("%v", err)
}

// Args returns the integers of an operand of node n that was an attribute in
// older operator sets and is input i in newer ones, and whether it is given at
// all. It returns an error when the input is given but its elements are not known.
func Args(n *Node, in []Value, attr string, i int) ([]int64, bool, error) {
	if a := n.Attr(attr); a != nil {
		switch a.Type {
		case AttrInts:
			return a.Ints, true, nil
		case AttrInt:
			return []int64{a.Int}, true, nil
		}
	}
	if i < 0 || i >= len(in) || !in[i].given() {
		return nil, false, nil
	}
	if in[i].Const == nil {
		return nil, true, &valueError{i}
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
	return out, c.wrap(err)
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
