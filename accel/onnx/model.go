// SPDX-License-Identifier: Apache-2.0

package onnx

import "slices"

// Model is an ONNX file: a graph, the operator sets it is written in, and who
// wrote it (ModelProto).
type Model struct {
	IRVersion       int64             // version of the file format
	Opsets          []Opset           // operator sets; "" is the standard one
	Producer        string            // program that wrote the model
	ProducerVersion string            // its version
	Domain          string            // name space of the model
	Version         int64             // version of the model
	Doc             string            // description for people
	Graph           *Graph            // the computation; never nil after Decode
	Metadata        map[string]string // free key-value pairs

	unknown []byte
}

// Opset names an operator set and its version (OperatorSetIdProto).
type Opset struct {
	Domain  string // "" is the standard set
	Version int64  // version of the set
}

// Opset returns the version of the standard operator set, or 0 without one.
func (m *Model) Opset() int64 {
	for _, o := range m.Opsets {
		if o.Domain == "" || o.Domain == "ai.onnx" {
			return o.Version
		}
	}
	return 0
}

// Graph is a list of nodes in an order in which they can run (GraphProto).
type Graph struct {
	Name         string      // name of the graph
	Doc          string      // description for people
	Nodes        []Node      // operations, inputs before their consumers
	Initializers []Tensor    // constants, by name
	Inputs       []ValueInfo // inputs; old files list initializers here too
	Outputs      []ValueInfo // outputs
	Values       []ValueInfo // types of values in between, where known

	unknown []byte
}

// Initializer returns the constant of the given name, or nil.
func (g *Graph) Initializer(name string) *Tensor {
	for i := range g.Initializers {
		if g.Initializers[i].Name == name {
			return &g.Initializers[i]
		}
	}
	return nil
}

// Feeds returns the inputs that a caller must give: those without an
// initializer.
func (g *Graph) Feeds() []ValueInfo {
	return slices.DeleteFunc(slices.Clone(g.Inputs), func(v ValueInfo) bool {
		return g.Initializer(v.Name) != nil
	})
}

// Node applies an operator to named values (NodeProto).
type Node struct {
	Name    string      // name of the node, may be empty
	OpType  string      // operator, such as "Gemm"
	Domain  string      // operator set, "" for the standard one
	Inputs  []string    // value names; "" leaves an optional input out
	Outputs []string    // value names; "" drops an optional output
	Attrs   []Attribute // parameters
	Doc     string      // description for people

	unknown []byte
}

// Label returns the node's name, or its first output when it has none.
func (n *Node) Label() string {
	if n.Name == "" && len(n.Outputs) > 0 {
		return n.Outputs[0]
	}
	return n.Name
}

// Input returns the name of input i, or "" when it is left out.
func (n *Node) Input(i int) string {
	if i < len(n.Inputs) {
		return n.Inputs[i]
	}
	return ""
}

// Attr returns the attribute of the given name, or nil.
func (n *Node) Attr(name string) *Attribute {
	for i := range n.Attrs {
		if n.Attrs[i].Name == name {
			return &n.Attrs[i]
		}
	}
	return nil
}

// Int returns an integer attribute, or def when the node lacks it.
func (n *Node) Int(name string, def int64) int64 {
	if a := n.Attr(name); a != nil && a.Type == AttrInt {
		return a.Int
	}
	return def
}

// Float returns a float attribute, or def when the node lacks it.
func (n *Node) Float(name string, def float32) float32 {
	if a := n.Attr(name); a != nil && a.Type == AttrFloat {
		return a.Float
	}
	return def
}

// Ints returns an integer list, or nil when the node lacks it.
func (n *Node) Ints(name string) []int64 {
	if a := n.Attr(name); a != nil && a.Type == AttrInts {
		return a.Ints
	}
	return nil
}

// Floats returns a float list, or nil when the node lacks it.
func (n *Node) Floats(name string) []float32 {
	if a := n.Attr(name); a != nil && a.Type == AttrFloats {
		return a.Floats
	}
	return nil
}

// Str returns a string attribute, or def when the node lacks it.
func (n *Node) Str(name, def string) string {
	if a := n.Attr(name); a != nil && a.Type == AttrString {
		return string(a.Str)
	}
	return def
}

// AttrType says which field of an [Attribute] is set, numbered as in the
// schema.
type AttrType int32

// Kinds of attributes.
const (
	AttrUndefined AttrType = 0  // none; only before Check
	AttrFloat     AttrType = 1  // Float
	AttrInt       AttrType = 2  // Int
	AttrString    AttrType = 3  // Str
	AttrTensor    AttrType = 4  // Tensor
	AttrGraph     AttrType = 5  // Graph
	AttrFloats    AttrType = 6  // Floats
	AttrInts      AttrType = 7  // Ints
	AttrStrings   AttrType = 8  // Strs
	AttrTensors   AttrType = 9  // kept as bytes only
	AttrGraphs    AttrType = 10 // kept as bytes only

	attrSparse AttrType = 11 // becomes AttrTensor
)

// Attribute is a named parameter of a node (AttributeProto).
type Attribute struct {
	Name   string    // name of the parameter
	Type   AttrType  // which of the fields below holds it
	Float  float32   // value of AttrFloat
	Int    int64     // value of AttrInt
	Str    []byte    // value of AttrString
	Tensor *Tensor   // value of AttrTensor
	Graph  *Graph    // value of AttrGraph
	Floats []float32 // value of AttrFloats
	Ints   []int64   // value of AttrInts
	Strs   [][]byte  // value of AttrStrings

	unknown []byte
}

// Int makes an integer attribute.
func Int(name string, v int64) Attribute { return Attribute{Name: name, Type: AttrInt, Int: v} }

// Float makes a float attribute.
func Float(name string, v float32) Attribute {
	return Attribute{Name: name, Type: AttrFloat, Float: v}
}

// Ints makes an integer-list attribute.
func Ints(name string, v ...int64) Attribute {
	return Attribute{Name: name, Type: AttrInts, Ints: v}
}

// Str makes a string attribute.
func Str(name, v string) Attribute {
	return Attribute{Name: name, Type: AttrString, Str: []byte(v)}
}

// ValueInfo is the name and type of a value (ValueInfoProto).
type ValueInfo struct {
	Name   string   // name of the value
	Type   DataType // element type; Undefined when it is no tensor or not given
	Dims   []int    // lengths; -1 where unknown; nil also when the rank is unknown
	Params []string // names of unknown lengths, as long as Dims or nil
	Ranked bool     // whether Dims is given: a scalar has Ranked and no Dims
	Doc    string   // description for people

	other   string // what it is when it is no tensor, such as "sequence(map(int64, tensor(float32)))"
	unknown []byte
}

// Kind says what the value is, as far as the file says: "tensor(float32)",
// "sequence(map(int64, tensor(float32)))", "optional(…)", "sparse tensor(float32)",
// "opaque"; it is "undeclared" where it says nothing.
func (v ValueInfo) Kind() string {
	switch {
	case v.other != "":
		return v.other
	case v.Type == Undefined:
		return "undeclared"
	}
	return "tensor(" + v.Type.String() + ")"
}

// IsTensor reports whether the file declares a tensor, or nothing.
func (v ValueInfo) IsTensor() bool { return v.other == "" }

// NotTensor makes a value of another kind than a tensor; see [ValueInfo.Kind].
func NotTensor(name, kind string) ValueInfo { return ValueInfo{Name: name, other: kind} }
