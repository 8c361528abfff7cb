// SPDX-License-Identifier: Apache-2.0

package onnx_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/neuroran/neuroran/accel/onnx"
)

// bytesField is a field of length-delimited bytes.
func bytesField(num protowire.Number, parts ...[]byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(nil, num, protowire.BytesType), slices.Concat(parts...))
}

func intField(num protowire.Number, v uint64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(nil, num, protowire.VarintType), v)
}

// tensorBytes is a tensor with its payload in float_data or int64_data.
func tensorBytes(name string, t onnx.DataType, values []uint64, dims ...uint64) []byte {
	var out, data []byte
	for _, d := range dims {
		out = append(out, intField(1, d)...)
	}
	out = append(append(out, intField(2, uint64(t))...), bytesField(8, []byte(name))...)
	for _, v := range values {
		if t == onnx.Float32 {
			data = protowire.AppendFixed32(data, uint32(v))
		} else {
			data = protowire.AppendVarint(data, v)
		}
	}
	num := protowire.Number(7)
	if t == onnx.Float32 {
		num = 4
	}
	return append(out, bytesField(num, data)...)
}

// sparseBytes is a SparseTensorProto of lengths dims.
func sparseBytes(values, indices []byte, dims ...uint64) []byte {
	out := append(bytesField(1, values), bytesField(2, indices)...)
	for _, d := range dims {
		out = append(out, intField(3, d)...)
	}
	return out
}

const five, seven = 0x40a00000, 0x40e00000 // bits of float32

// sparseModel has a sparse initializer, or a Constant with a sparse value.
func sparseModel(constant bool, sparse []byte) []byte {
	initial := bytesField(15, sparse)
	if constant {
		attr := slices.Concat(bytesField(1, []byte("sparse_value")), bytesField(22, sparse), intField(20, 11))
		initial = bytesField(1, bytesField(2, []byte("w")), bytesField(4, []byte("Constant")), bytesField(5, attr))
	}
	node := slices.Concat(bytesField(1, []byte("w")), bytesField(2, []byte("y")), bytesField(4, []byte("Relu")))
	return slices.Concat(bytesField(8, intField(2, 13)), bytesField(7, initial, bytesField(1, node), bytesField(12, bytesField(1, []byte("y")))))
}

// TestSparseConstants writes constants out of which the file has only some
// elements, in both ways of saying where they are.
func TestSparseConstants(t *testing.T) {
	values := tensorBytes("w", onnx.Float32, []uint64{five, seven}, 2)
	for name, indices := range map[string][]byte{
		"linear":      tensorBytes("", onnx.Int64, []uint64{1, 4}, 2),
		"coordinates": tensorBytes("", onnx.Int64, []uint64{0, 1, 1, 1}, 2, 2),
	} {
		for _, constant := range []bool{false, true} {
			m, err := onnx.Decode(sparseModel(constant, sparseBytes(values, indices, 2, 3)))
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			var w *onnx.Tensor
			_ = m.EachWeight(func(t *onnx.Tensor) error { w = t; return nil })
			got, err := w.Float32s()
			if want := []float32{0, 5, 0, 0, 7, 0}; err != nil || !slices.Equal(got, want) || !slices.Equal(w.Dims, []int{2, 3}) {
				t.Errorf("%s: got %v %v, %v", name, got, w.Dims, err)
			}
			all, err := onnx.InferAll(m, nil)
			if err != nil || !slices.Equal(all["y"].Dims, []int{2, 3}) {
				t.Errorf("%s: got %v, %v", name, all["y"], err)
			}
		}
	}
}

// TestSparseConstantsRefused refuses what is inconsistent, and what would take
// gigabytes when it is written out.
func TestSparseConstantsRefused(t *testing.T) {
	values := tensorBytes("w", onnx.Float32, []uint64{five, seven}, 2)
	at := func(v ...uint64) []byte { return tensorBytes("", onnx.Int64, v, 2) }
	for name, file := range map[string][]byte{
		"indices outside":    sparseModel(false, sparseBytes(values, at(1, 6), 2, 3)),
		"indices negative":   sparseModel(false, sparseBytes(values, at(1, 1<<63), 2, 3)),
		"indices of rank 3":  sparseModel(false, sparseBytes(values, tensorBytes("", onnx.Int64, []uint64{1, 4}, 2, 1, 1), 2, 3)),
		"indices too few":    sparseModel(true, sparseBytes(values, tensorBytes("", onnx.Int64, []uint64{1}, 1), 2, 3)),
		"indices of float32": sparseModel(false, sparseBytes(values, values, 2, 3)),
		"dims too large":     sparseModel(true, sparseBytes(values, at(1, 4), 1<<20, 1<<19)),
		"dims that overflow": sparseModel(false, sparseBytes(values, at(1, 4), 1<<40, 1<<40)),
		"data_type missing":  sparseModel(false, sparseBytes(nil, at(1, 4), 2, 3)),
		"indices too many":   sparseModel(false, sparseBytes(tensorBytes("w", onnx.Float32, nil, 0), at(1, 4), 2, 3)),
	} {
		field, _, _ := strings.Cut(name, " ")
		var format *onnx.FormatError
		if _, err := onnx.Decode(file); !errors.As(err, &format) || format.Field != field {
			t.Errorf("%s: got %v, want a *FormatError of %s", name, err, field)
		}
	}
}

// FuzzSparse decodes sparse constants.
func FuzzSparse(f *testing.F) {
	f.Add(sparseBytes(tensorBytes("w", onnx.Float32, []uint64{five, seven}, 2), tensorBytes("", onnx.Int64, []uint64{0, 1, 1, 1}, 2, 2), 2, 3))
	f.Fuzz(func(t *testing.T, sparse []byte) {
		for _, constant := range []bool{false, true} {
			m, err := onnx.Decode(sparseModel(constant, sparse))
			if err != nil {
				continue
			}
			_ = m.EachWeight(func(w *onnx.Tensor) error {
				if w.Type.Size() > 0 && len(w.Raw) != w.Len()*w.Type.Size() {
					t.Errorf("%d bytes for %v %v", len(w.Raw), w.Type, w.Dims)
				}
				return nil
			})
		}
	})
}
