// SPDX-License-Identifier: Apache-2.0

package accel

import (
	"fmt"
	"slices"
	"strings"

	"github.com/neuroran/neuroran/accel/onnx"
)

// Port is one input or output of a model.
type Port struct {
	Name string        // name in the graph
	Type onnx.DataType // element type
	Dims []int         // lengths; -1 is chosen at Bind; nil when not even their number is known
}

// String returns the port as name:type[dims], with ? for an open length.
func (p Port) String() string {
	if p.Dims == nil {
		return fmt.Sprintf("%s:%v[…]", p.Name, p.Type)
	}
	dims := make([]string, len(p.Dims))
	for i, d := range p.Dims {
		dims[i] = "?"
		if d >= 0 {
			dims[i] = fmt.Sprint(d)
		}
	}
	return fmt.Sprintf("%s:%v[%s]", p.Name, p.Type, strings.Join(dims, " "))
}

// Signature is the ports of a model, in the order in which buffers are bound.
type Signature struct {
	Inputs  []Port // inputs without a default
	Outputs []Port // outputs
}

// String returns the signature as (inputs) -> (outputs).
func (s Signature) String() string {
	list := func(ports []Port) string {
		parts := make([]string, len(ports))
		for i, p := range ports {
			parts[i] = p.String()
		}
		return "(" + strings.Join(parts, ", ") + ")"
	}
	return list(s.Inputs) + " -> " + list(s.Outputs)
}

// Equal reports whether names, types and lengths agree, open lengths included.
func (s Signature) Equal(t Signature) bool {
	same := func(a, b Port) bool {
		return a.Name == b.Name && a.Type == b.Type && slices.Equal(a.Dims, b.Dims)
	}
	return slices.EqualFunc(s.Inputs, t.Inputs, same) && slices.EqualFunc(s.Outputs, t.Outputs, same)
}

func (s Signature) inputNames() []string  { return portNames(s.Inputs) }
func (s Signature) outputNames() []string { return portNames(s.Outputs) }

func portNames(ports []Port) []string {
	names := make([]string, len(ports))
	for i, p := range ports {
		names[i] = p.Name
	}
	return names
}

// openLengths returns the names of the open lengths of each input: lengths of one
// name must agree. Names that exporters give to what they know nothing about are
// none, nor are those that one input has twice, and those of outputs prove nothing.
func openLengths(m *onnx.Model) [][]string {
	var names [][]string
	for _, v := range m.Graph.Feeds() {
		list := slices.Clone(v.Params)
		for i, name := range list {
			if slices.Index(v.Params, name) != i || slices.Contains(v.Params[i+1:], name) || name == "?" || name == "-1" || name == "None" || name == "unk" {
				list[i] = ""
			}
		}
		names = append(names, list)
	}
	return names
}

// signatureOf reads the ports of a checked graph. What is inferred about outputs
// goes before what the file declares, which exporters get wrong; where neither
// says how many lengths there are, Dims is nil.
func signatureOf(m *onnx.Model) Signature {
	var sig Signature
	for _, v := range m.Graph.Feeds() {
		sig.Inputs = append(sig.Inputs, portOf(v))
	}
	values, _ := onnx.InferKnown(m, nil) // what is wrong is an error of Open
	for _, v := range m.Graph.Outputs {
		p, known := portOf(v), values[v.Name]
		if known.Type != onnx.Undefined {
			p.Type = known.Type
		}
		if known.Type != onnx.Undefined && !known.Unranked {
			p.Dims = merged(known.Dims, p.Dims)
		}
		sig.Outputs = append(sig.Outputs, p)
	}
	return sig
}

func portOf(v onnx.ValueInfo) Port {
	p := Port{Name: v.Name, Type: v.Type}
	if v.Ranked {
		p.Dims = append([]int{}, v.Dims...)
	}
	return p
}

// merged returns the inferred lengths and, where they are open, the declared ones.
func merged(inferred, declared []int) []int {
	dims := append([]int{}, inferred...)
	if len(declared) == len(dims) {
		for i, d := range dims {
			if d < 0 {
				dims[i] = declared[i]
			}
		}
	}
	return dims
}
