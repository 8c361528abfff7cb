// SPDX-License-Identifier: Apache-2.0

package ref

import (
	"errors"
	"fmt"
	"slices"

	"github.com/neuroran/neuroran/accel/onnx"
)

// step is one node of a plan with its operands; a missing input is nil.
type step struct {
	session *Session
	opset   int64 // version of the standard operator set that the node is written in
	node    node
	in, out []*operand
	fault   *fault
	scratch *scratch
}

func (p *plan) step(n node) *step {
	return &step{session: p.session, opset: p.session.opset, node: n, fault: p.fault, scratch: p.scratch}
}

// failf makes the current Run return an error that names the node, from within a
// kernel.
func (st *step) failf(format string, args ...any) { st.fault.err = st.invalid(format, args...) }

// invalid is the error of a node that breaks a rule of its operator.
func (st *step) invalid(format string, args ...any) error {
	return &onnx.NodeError{Node: st.node.Label(), OpType: st.node.OpType, Reason: fmt.Sprintf(format, args...)}
}

// lack is the error of a node in a form that is not supported here.
func (st *step) lack(err error) error {
	if errors.As(err, new(*onnx.NodeError)) || errors.As(err, new(*onnx.OpError)) {
		return err
	}
	return &onnx.OpError{Node: st.node.Label(), OpType: st.node.OpType, Reason: err.Error()}
}

// kernel makes the closure.
func (st *step) kernel() (func(), error) {
	run, err := builders[st.node.OpType](st)
	if err != nil {
		return nil, st.lack(err)
	}
	return run, nil
}

// run makes the closure and calls it once.
func (st *step) run() error {
	run, err := st.kernel()
	if err != nil {
		return err
	}
	run()
	err, st.fault.err = st.fault.err, nil
	return err
}

// has reports whether input i is given.
func (st *step) has(i int) bool { return i < len(st.in) && st.in[i] != nil }

// wants reports whether output i is asked for.
func (st *step) wants(i int) bool { return i < len(st.out) && st.out[i].name != "" }

// values returns the inputs as inference sees them: with their elements where
// they are constant or were observed.
func (st *step) values() []onnx.Value {
	out := make([]onnx.Value, len(st.in))
	for i, o := range st.in {
		if o == nil {
			continue
		}
		out[i] = onnx.Value{Type: o.typ, Dims: o.dims, Const: o.tens}
		if o.tens == nil {
			out[i].Const = o.saw
		}
	}
	return out
}

// fromNothing lists the operators that make elements of operands without any: a sum
// of nothing is 0.
var fromNothing = map[string]bool{"CastLike": true, "Concat": true, "ConstantOfShape": true, "Einsum": true, "GRU": true, "Gather": true, "GatherND": true,
	"Gemm": true, "LSTM": true, "MatMul": true, "Pad": true, "RNN": true, "ReduceL1": true, "ReduceL2": true, "ReduceLogSum": true,
	"ReduceLogSumExp": true, "ReduceMax": true, "ReduceMean": true, "ReduceMin": true, "ReduceProd": true, "ReduceSum": true,
	"ReduceSumSquare": true, "Scatter": true, "ScatterElements": true, "ScatterND": true}

// starved reports whether an operand has no elements where the kernel needs some.
func (st *step) starved() bool {
	if fromNothing[st.node.OpType] {
		return false
	}
	shaping := onnx.Shaping(st.node.Node)
	for i, o := range st.in {
		if o != nil && o.n == 0 && !slices.Contains(shaping, i) {
			return true
		}
	}
	return false
}

// floats checks that the given inputs and the output are float32.
func (st *step) floats() error {
	for _, o := range append(slices.Clone(st.in), st.out...) {
		if o != nil && o.typ != onnx.Float32 {
			return fmt.Errorf("value %q is %v, the kernel takes float32", o.name, o.typ)
		}
	}
	return nil
}
