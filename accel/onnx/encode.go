// SPDX-License-Identifier: Apache-2.0

package onnx

import (
	"fmt"
	"maps"
	"math"
	"os"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"
)

// Save writes the model to a file at path.
func Save(path string, m *Model) error {
	if err := os.WriteFile(path, Encode(nil, m), 0o644); err != nil {
		return fmt.Errorf("onnx: save: %w", err)
	}
	return nil
}

// Encode appends the bytes of the model to dst. The same model always gives
// the same bytes, so that a hash names it.
func Encode(dst []byte, m *Model) []byte {
	dst = putInt(dst, 1, m.IRVersion)
	dst = putString(dst, 2, m.Producer)
	dst = putString(dst, 3, m.ProducerVersion)
	dst = putString(dst, 4, m.Domain)
	dst = putInt(dst, 5, m.Version)
	dst = putString(dst, 6, m.Doc)
	if m.Graph != nil {
		dst = putMessage(dst, 7, appendGraph(nil, m.Graph))
	}
	for _, o := range m.Opsets {
		dst = putMessage(dst, 8, putInt(putString(nil, 1, o.Domain), 2, o.Version))
	}
	for _, k := range slices.Sorted(maps.Keys(m.Metadata)) {
		dst = putMessage(dst, 14, putString(putString(nil, 1, k), 2, m.Metadata[k]))
	}
	return append(dst, m.unknown...)
}

func appendGraph(dst []byte, g *Graph) []byte {
	for i := range g.Nodes {
		dst = putMessage(dst, 1, appendNode(nil, &g.Nodes[i]))
	}
	dst = putString(dst, 2, g.Name)
	for i := range g.Initializers {
		dst = putMessage(dst, 5, appendTensor(nil, &g.Initializers[i]))
	}
	dst = putString(dst, 10, g.Doc)
	dst = putValues(dst, 11, g.Inputs)
	dst = putValues(dst, 12, g.Outputs)
	dst = putValues(dst, 13, g.Values)
	return append(dst, g.unknown...)
}

func appendNode(dst []byte, n *Node) []byte {
	for _, s := range n.Inputs {
		dst = putMessage(dst, 1, []byte(s))
	}
	for _, s := range n.Outputs {
		dst = putMessage(dst, 2, []byte(s))
	}
	dst = putString(dst, 3, n.Name)
	dst = putString(dst, 4, n.OpType)
	for i := range n.Attrs {
		dst = putMessage(dst, 5, appendAttribute(nil, &n.Attrs[i]))
	}
	dst = putString(dst, 6, n.Doc)
	dst = putString(dst, 7, n.Domain)
	return append(dst, n.unknown...)
}

func appendAttribute(dst []byte, a *Attribute) []byte {
	dst = putString(dst, 1, a.Name)
	switch a.Type {
	case AttrFloat:
		dst = protowire.AppendTag(dst, 2, protowire.Fixed32Type)
		dst = protowire.AppendFixed32(dst, math.Float32bits(a.Float))
	case AttrInt:
		dst = protowire.AppendTag(dst, 3, protowire.VarintType)
		dst = protowire.AppendVarint(dst, uint64(a.Int))
	case AttrString:
		dst = putMessage(dst, 4, a.Str)
	case AttrTensor:
		dst = putMessage(dst, 5, appendTensor(nil, a.Tensor))
	case AttrGraph:
		dst = putMessage(dst, 6, appendGraph(nil, a.Graph))
	case AttrFloats:
		var b []byte
		for _, v := range a.Floats {
			b = protowire.AppendFixed32(b, math.Float32bits(v))
		}
		dst = putMessage(dst, 7, b)
	case AttrInts:
		dst = putMessage(dst, 8, varints(a.Ints))
	case AttrStrings:
		for _, s := range a.Strs {
			dst = putMessage(dst, 9, s)
		}
	}
	dst = putInt(dst, 20, int64(a.Type))
	return append(dst, a.unknown...)
}

func appendTensor(dst []byte, t *Tensor) []byte {
	if len(t.Dims) > 0 {
		dims := make([]int64, len(t.Dims))
		for i, d := range t.Dims {
			dims[i] = int64(d)
		}
		dst = putMessage(dst, 1, varints(dims))
	}
	dst = putInt(dst, 2, int64(t.Type))
	dst = putString(dst, 8, t.Name)
	if t.Type == String {
		for _, s := range t.Strs {
			dst = putMessage(dst, 6, s)
		}
	} else {
		dst = putMessage(dst, 9, t.Raw)
	}
	return append(dst, t.unknown...)
}

func putValues(dst []byte, num protowire.Number, list []ValueInfo) []byte {
	for i := range list {
		dst = putMessage(dst, num, appendValue(nil, &list[i]))
	}
	return dst
}

func appendValue(dst []byte, v *ValueInfo) []byte {
	dst = putString(dst, 1, v.Name)
	if v.Type != Undefined || v.Ranked {
		typ := putInt(nil, 1, int64(v.Type))
		if v.Ranked {
			typ = putMessage(typ, 2, appendShape(nil, v))
		}
		dst = putMessage(dst, 2, putMessage(nil, 1, typ))
	}
	dst = putString(dst, 3, v.Doc)
	return append(dst, v.unknown...)
}

func appendShape(dst []byte, v *ValueInfo) []byte {
	for i, d := range v.Dims {
		var dim []byte
		switch {
		case d >= 0:
			dim = protowire.AppendTag(dim, 1, protowire.VarintType)
			dim = protowire.AppendVarint(dim, uint64(d))
		case i < len(v.Params):
			dim = putString(dim, 2, v.Params[i])
		}
		dst = putMessage(dst, 1, dim)
	}
	return dst
}

func varints(v []int64) []byte {
	var b []byte
	for _, x := range v {
		b = protowire.AppendVarint(b, uint64(x))
	}
	return b
}

func putInt(dst []byte, num protowire.Number, v int64) []byte {
	if v == 0 {
		return dst
	}
	return protowire.AppendVarint(protowire.AppendTag(dst, num, protowire.VarintType), uint64(v))
}

func putString(dst []byte, num protowire.Number, s string) []byte {
	if s == "" {
		return dst
	}
	return protowire.AppendString(protowire.AppendTag(dst, num, protowire.BytesType), s)
}

func putMessage(dst []byte, num protowire.Number, b []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(dst, num, protowire.BytesType), b)
}
