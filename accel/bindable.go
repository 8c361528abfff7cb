// SPDX-License-Identifier: Apache-2.0

package accel

import (
	"slices"

	"github.com/neuroran/neuroran/accel/backend"
	"github.com/neuroran/neuroran/accel/onnx"
)

// bindable is a model as far as it can be bound to memory. What cannot be is
// left out where it is an output beside others; a model that has nothing else to
// give, or that wants such an input, cannot be opened.
type bindable struct {
	data    []byte       // the model as a file, without the outputs that are left out
	graph   *onnx.Model  // the same, decoded
	leftOut []*PortError // outputs that are left out
	refusal *PortError   // why no session can be opened, or nil
}

// bindable splits the ports of a model: it returns the signature of those that
// can be bound, and what providers are to be given.
func (s Signature) bindable(data []byte, m *onnx.Model) (Signature, *bindable) {
	b := &bindable{data: data, graph: m}
	for i, v := range m.Graph.Feeds() {
		if b.refusal == nil && !holds(v, s.Inputs[i].Type) {
			b.refusal = &PortError{Port: v.Name, Kind: kindOf(v, s.Inputs[i].Type)}
		}
	}
	kept := Signature{Inputs: s.Inputs}
	var outputs []onnx.ValueInfo
	for i, v := range m.Graph.Outputs {
		if typ := s.Outputs[i].Type; !holds(v, typ) {
			b.leftOut = append(b.leftOut, outputError(m.Graph, v.Name, kindOf(v, typ)))
			continue
		}
		kept.Outputs, outputs = append(kept.Outputs, s.Outputs[i]), append(outputs, v)
	}
	if len(b.leftOut) == 0 {
		return kept, b
	}
	if len(outputs) == 0 && b.refusal == nil {
		b.refusal = b.leftOut[0]
	}
	graph, model := *m.Graph, *m
	graph.Outputs, model.Graph = outputs, &graph
	b.graph, b.data = &model, onnx.Encode(nil, &model)
	return kept, b
}

// holds reports whether a [Buffer] holds values of a port, or whether its type is
// not known yet.
func holds(v onnx.ValueInfo, typ onnx.DataType) bool {
	if !v.IsTensor() {
		return false
	}
	switch typ {
	case onnx.Undefined, onnx.Bool, onnx.Float16, onnx.Float32, onnx.Float64, onnx.Int8, onnx.Int16, onnx.Int32, onnx.Int64,
		onnx.Uint8, onnx.Uint16, onnx.Uint32, onnx.Uint64:
		return true
	}
	return false
}

// kindOf says what a port is whose type is known to be typ.
func kindOf(v onnx.ValueInfo, typ onnx.DataType) string {
	if v.IsTensor() {
		v.Type = typ
	}
	return v.Kind()
}

// outputError names the node that computes an output.
func outputError(g *onnx.Graph, name, kind string) *PortError {
	e := &PortError{Port: name, Output: true, Kind: kind}
	for i := range g.Nodes {
		if slices.Contains(g.Nodes[i].Outputs, name) {
			e.Node, e.OpType = g.Nodes[i].Label(), g.Nodes[i].OpType
		}
	}
	return e
}

// LeftOut returns the outputs of the file that no [Buffer] holds, and that the
// signature therefore lacks: sequences, maps, optional values, strings. A model
// that has no other outputs, or such an input, is refused by [Open].
func (m *Model) LeftOut() []*PortError { return slices.Clone(m.bound.leftOut) }

// described returns the signature with what a session says about outputs whose
// type nothing else says. It returns a [*PortError] for one that no buffer holds.
func (m *Model) described(s backend.Session) (Signature, error) {
	d, ok := s.(backend.Describer)
	if !ok || !slices.ContainsFunc(m.sig.Outputs, func(p Port) bool { return p.Type == onnx.Undefined }) {
		return m.sig, nil
	}
	outputs, err := d.Outputs()
	if err != nil {
		return m.sig, err
	}
	sig := Signature{Inputs: m.sig.Inputs, Outputs: slices.Clone(m.sig.Outputs)}
	for i := range sig.Outputs {
		p, v := &sig.Outputs[i], outputs[i]
		if p.Type != onnx.Undefined {
			continue
		}
		if !holds(v, v.Type) {
			return m.sig, outputError(m.graph.Graph, p.Name, v.Kind())
		}
		p.Type = v.Type
	}
	return sig, nil
}
