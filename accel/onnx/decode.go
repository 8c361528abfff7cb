// SPDX-License-Identifier: Apache-2.0

package onnx

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"

	"google.golang.org/protobuf/encoding/protowire"
)

// maxDepth bounds how deep graphs nest in attributes of nodes.
const maxDepth = 8

var (
	errWire  = errors.New("wrong wire type")
	errRange = errors.New("value out of range")
	errNone  = errors.New("missing")
)

// Load reads and decodes the model file at path, with the payload that lies in
// other files of the same folder: clean relative paths to regular files only.
//
// It returns the errors of [Decode], where ErrExternalData is replaced by what is
// wrong with such a file.
func Load(path string) (*Model, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("onnx: load: %w", err)
	}
	m, err := decode(data)
	if err != nil {
		return nil, err
	}
	return m, m.inline(filepath.Dir(path))
}

// Decode reads a model. The result aliases data, which must not change while
// the model is in use.
//
// It returns a [*FormatError] that names the message and field when the bytes
// are no model, hold a tensor whose payload does not fit its shape, or nest too
// deeply; nodes that come before what they need are put behind it. The cause is
// [ErrExternalData] when a payload lies in another file: see
// [Load]. It does not judge the graph: see [Check].
func Decode(data []byte) (*Model, error) {
	m, err := decode(data)
	if err != nil {
		return nil, err
	}
	if err := m.inline(""); err != nil {
		return nil, err
	}
	return m, nil
}

func decode(data []byte) (*Model, error) {
	m := &Model{}
	err := eachField("ModelProto", data, func(f field) error {
		switch f.num {
		case 1:
			return f.int64("ir_version", &m.IRVersion)
		case 2:
			return f.string("producer_name", &m.Producer)
		case 3:
			return f.string("producer_version", &m.ProducerVersion)
		case 4:
			return f.string("domain", &m.Domain)
		case 5:
			return f.int64("model_version", &m.Version)
		case 6:
			return f.string("doc_string", &m.Doc)
		case 7:
			return f.message("graph", func(b []byte) (err error) {
				m.Graph, err = decodeGraph(b, 0)
				return err
			})
		case 8:
			return f.message("opset_import", func(b []byte) error {
				o, err := decodeOpset(b)
				m.Opsets = append(m.Opsets, o)
				return err
			})
		case 14:
			return f.message("metadata_props", m.decodeMetadata)
		}
		m.unknown = append(m.unknown, f.raw...)
		return nil
	})
	if err == nil && m.Graph == nil {
		err = &FormatError{Message: "ModelProto", Field: "graph", Err: errNone}
	}
	if err != nil {
		return nil, err
	}
	return m, nil
}

func decodeOpset(b []byte) (o Opset, err error) {
	err = eachField("OperatorSetIdProto", b, func(f field) error {
		switch f.num {
		case 1:
			return f.string("domain", &o.Domain)
		case 2:
			return f.int64("version", &o.Version)
		}
		return nil
	})
	return o, err
}

func decodePair(b []byte) (key, value string, err error) {
	err = eachField("StringStringEntryProto", b, func(f field) error {
		switch f.num {
		case 1:
			return f.string("key", &key)
		case 2:
			return f.string("value", &value)
		}
		return nil
	})
	return key, value, err
}

func (m *Model) decodeMetadata(b []byte) error {
	key, value, err := decodePair(b)
	if m.Metadata == nil {
		m.Metadata = map[string]string{}
	}
	m.Metadata[key] = value
	return err
}

func decodeGraph(b []byte, depth int) (*Graph, error) {
	if depth > maxDepth {
		return nil, &FormatError{Message: "GraphProto", Err: ErrTooDeep}
	}
	g := &Graph{}
	err := eachField("GraphProto", b, func(f field) error {
		switch f.num {
		case 1:
			return f.message("node", func(b []byte) error {
				n, err := decodeNode(b, depth)
				g.Nodes = append(g.Nodes, n)
				return err
			})
		case 2:
			return f.string("name", &g.Name)
		case 5:
			return f.message("initializer", func(b []byte) error {
				t, err := decodeTensor(b)
				g.Initializers = append(g.Initializers, t)
				return err
			})
		case 10:
			return f.string("doc_string", &g.Doc)
		case 11:
			return f.valueInfo("input", &g.Inputs)
		case 12:
			return f.valueInfo("output", &g.Outputs)
		case 13:
			return f.valueInfo("value_info", &g.Values)
		case 15:
			return f.message("sparse_initializer", func(b []byte) error {
				t, err := decodeSparse(b)
				g.Initializers = append(g.Initializers, t)
				return err
			})
		}
		g.unknown = append(g.unknown, f.raw...)
		return nil
	})
	g.Nodes = ordered(g.Nodes)
	return g, err
}

func decodeNode(b []byte, depth int) (n Node, err error) {
	err = eachField("NodeProto", b, func(f field) error {
		switch f.num {
		case 1:
			return f.strings("input", &n.Inputs)
		case 2:
			return f.strings("output", &n.Outputs)
		case 3:
			return f.string("name", &n.Name)
		case 4:
			return f.string("op_type", &n.OpType)
		case 5:
			return f.message("attribute", func(b []byte) error {
				a, err := decodeAttribute(b, depth)
				n.Attrs = append(n.Attrs, a)
				return err
			})
		case 6:
			return f.string("doc_string", &n.Doc)
		case 7:
			return f.string("domain", &n.Domain)
		}
		n.unknown = append(n.unknown, f.raw...)
		return nil
	})
	return n, err
}

func decodeAttribute(b []byte, depth int) (a Attribute, err error) {
	err = eachField("AttributeProto", b, func(f field) error {
		switch f.num {
		case 1:
			return f.string("name", &a.Name)
		case 2:
			return f.float32("f", &a.Float)
		case 3:
			return f.int64("i", &a.Int)
		case 4:
			return f.message("s", func(b []byte) error { a.Str = b; return nil })
		case 5:
			return f.message("t", func(b []byte) error {
				t, err := decodeTensor(b)
				a.Tensor = &t
				return err
			})
		case 6:
			return f.message("g", func(b []byte) (err error) {
				a.Graph, err = decodeGraph(b, depth+1)
				return err
			})
		case 7:
			return f.float32s("floats", &a.Floats)
		case 8:
			return f.int64s("ints", &a.Ints)
		case 9:
			return f.message("strings", func(b []byte) error { a.Strs = append(a.Strs, b); return nil })
		case 20:
			var v int64
			err := f.int64("type", &v)
			if v < 0 || v > math.MaxInt32 {
				return f.fail("type", errRange)
			}
			a.Type = AttrType(v)
			return err
		case 22:
			return f.message("sparse_tensor", func(b []byte) error {
				t, err := decodeSparse(b)
				a.Tensor = &t
				return err
			})
		}
		a.unknown = append(a.unknown, f.raw...)
		return nil
	})
	if a.Type == attrSparse && a.Name == "sparse_value" { // of Constant: what value is when written out
		a.Type, a.Name = AttrTensor, "value"
	}
	if a.Type == AttrTensor && a.Tensor == nil || a.Type == AttrGraph && a.Graph == nil {
		err = errors.Join(err, &FormatError{Message: "AttributeProto", Field: "type", Err: errNone})
	}
	return a, err
}

func decodeValueInfo(b []byte) (v ValueInfo, err error) {
	err = eachField("ValueInfoProto", b, func(f field) error {
		switch f.num {
		case 1:
			return f.string("name", &v.Name)
		case 2:
			return f.message("type", func(b []byte) error { return v.decodeType(b, f.raw) })
		case 3:
			return f.string("doc_string", &v.Doc)
		}
		v.unknown = append(v.unknown, f.raw...)
		return nil
	})
	return v, err
}

// eachField calls fn for every field of a message, in order.
func eachField(message string, b []byte, fn func(field) error) error {
	for len(b) > 0 {
		num, typ, n := protowire.ConsumeTag(b)
		if n < 0 {
			return &FormatError{Message: message, Err: protowire.ParseError(n)}
		}
		size := protowire.ConsumeFieldValue(num, typ, b[n:])
		if size < 0 {
			return &FormatError{Message: message, Err: fmt.Errorf("field %d: %w", num, protowire.ParseError(size))}
		}
		f := field{owner: message, num: num, typ: typ, raw: b[: n+size : n+size], val: b[n : n+size : n+size]}
		if err := fn(f); err != nil {
			return err
		}
		b = b[n+size:]
	}
	return nil
}
