// SPDX-License-Identifier: Apache-2.0

package onnx

import (
	"encoding/binary"
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"
)

// decodeTensor reads a TensorProto and brings its payload, which may lie in one
// of seven fields, to Raw.
func decodeTensor(b []byte) (t Tensor, err error) {
	var typed typedData
	elsewhere, ext := false, external{length: -1}
	err = eachField("TensorProto", b, func(f field) error {
		switch f.num {
		case 1:
			return f.varints("dims", func(v uint64) {
				d := int(int64(v))
				if d < 0 || d > maxElems {
					d = -1 // refused below
				}
				t.Dims = append(t.Dims, d)
			})
		case 2:
			return f.dataType("data_type", &t.Type)
		case 8:
			return f.string("name", &t.Name)
		case 9:
			return f.message("raw_data", func(b []byte) error { t.Raw = b; return nil })
		case 14:
			var loc int64
			err := f.int64("data_location", &loc)
			elsewhere = loc == 1
			return err
		case 13:
			return f.message("external_data", func(b []byte) error {
				key, value, err := decodePair(b)
				if err == nil {
					err = ext.parse(key, value)
				}
				if err != nil {
					err = &FormatError{Message: "TensorProto", Field: "external_data", Err: err}
				}
				return err
			})
		case 4, 5, 6, 7, 10, 11:
			return typed.read(f)
		}
		t.unknown = append(t.unknown, f.raw...)
		return nil
	})
	if err != nil {
		return t, err
	}
	fail := func(field string, err error) (Tensor, error) {
		return t, &FormatError{Message: "TensorProto", Field: field, Err: fmt.Errorf("tensor %q: %w", t.Name, err)}
	}
	n, ok := product(t.Dims)
	switch {
	case !ok:
		return fail("dims", errRange)
	case elsewhere && t.Type.bytes(n) >= 0:
		t.external = &ext
		return t, nil
	case t.Type == String:
		t.Strs = typed.strs
		if len(t.Strs) != n {
			return fail("string_data", fmt.Errorf("%d elements, want %d", len(t.Strs), n))
		}
		return t, nil
	case t.Type.bytes(n) < 0:
		return fail("data_type", fmt.Errorf("%v", t.Type))
	}
	if t.Raw == nil {
		t.Raw = typed.raw(t.Type)
	}
	if want := t.Type.bytes(n); len(t.Raw) != want {
		return fail("raw_data", fmt.Errorf("%d bytes, want %d", len(t.Raw), want))
	}
	return t, nil
}

// typedData collects the payload of a tensor that is not in raw_data.
type typedData struct {
	fixed []byte   // float_data, double_data
	ints  []uint64 // int32_data, int64_data, uint64_data
	strs  [][]byte // string_data
}

func (d *typedData) read(f field) error {
	switch f.num {
	case 4:
		return f.fixed("float_data", protowire.Fixed32Type, func(b []byte) { d.fixed = append(d.fixed, b...) })
	case 10:
		return f.fixed("double_data", protowire.Fixed64Type, func(b []byte) { d.fixed = append(d.fixed, b...) })
	case 6:
		return f.message("string_data", func(b []byte) error { d.strs = append(d.strs, b); return nil })
	default:
		return f.varints("int_data", func(v uint64) { d.ints = append(d.ints, v) })
	}
}

// raw returns the payload as little-endian bytes of elements of the type.
func (d *typedData) raw(t DataType) []byte {
	switch t {
	case Float32, Float64, Complex64, Complex128:
		return d.fixed
	}
	raw := make([]byte, 0, len(d.ints)*t.Size())
	var word [8]byte
	for _, v := range d.ints {
		binary.LittleEndian.PutUint64(word[:], v)
		raw = append(raw, word[:max(t.Size(), 1)]...) // small types are packed already
	}
	return raw
}
