// SPDX-License-Identifier: Apache-2.0

package onnx

import (
	"errors"
	"math"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"
)

var errUTF8 = errors.New("string is not UTF-8")

// field is one field of a message on the wire, already bounded.
type field struct {
	owner string
	num   protowire.Number
	typ   protowire.Type
	raw   []byte // tag and value
	val   []byte // value
}

func (f field) fail(name string, err error) error {
	return &FormatError{Message: f.owner, Field: name, Err: err}
}

// bytes returns the payload of a length-delimited field.
func (f field) bytes(name string) ([]byte, error) {
	if f.typ != protowire.BytesType {
		return nil, f.fail(name, errWire)
	}
	b, n := protowire.ConsumeBytes(f.val)
	if n < 0 {
		return nil, f.fail(name, protowire.ParseError(n))
	}
	return b[:len(b):len(b)], nil
}

func (f field) message(name string, fn func([]byte) error) error {
	b, err := f.bytes(name)
	if err != nil {
		return err
	}
	return fn(b)
}

func (f field) string(name string, dst *string) error {
	b, err := f.bytes(name)
	if err == nil && !utf8.Valid(b) {
		err = f.fail(name, errUTF8)
	}
	*dst = string(b)
	return err
}

func (f field) strings(name string, dst *[]string) error {
	var s string
	err := f.string(name, &s)
	*dst = append(*dst, s)
	return err
}

func (f field) int64(name string, dst *int64) error {
	if f.typ != protowire.VarintType {
		return f.fail(name, errWire)
	}
	v, _ := protowire.ConsumeVarint(f.val)
	*dst = int64(v)
	return nil
}

func (f field) dataType(name string, dst *DataType) error {
	var v int64
	if err := f.int64(name, &v); err != nil {
		return err
	}
	if v < 0 || v > math.MaxInt32 {
		return f.fail(name, errRange)
	}
	*dst = DataType(v)
	return nil
}

func (f field) float32(name string, dst *float32) error {
	if f.typ != protowire.Fixed32Type {
		return f.fail(name, errWire)
	}
	v, _ := protowire.ConsumeFixed32(f.val)
	*dst = math.Float32frombits(v)
	return nil
}

// varints calls fn for a repeated integer, packed or not.
func (f field) varints(name string, fn func(uint64)) error {
	if f.typ == protowire.VarintType {
		v, _ := protowire.ConsumeVarint(f.val)
		fn(v)
		return nil
	}
	b, err := f.bytes(name)
	for err == nil && len(b) > 0 {
		v, n := protowire.ConsumeVarint(b)
		if n < 0 {
			return f.fail(name, protowire.ParseError(n))
		}
		fn(v)
		b = b[n:]
	}
	return err
}

func (f field) int64s(name string, dst *[]int64) error {
	return f.varints(name, func(v uint64) { *dst = append(*dst, int64(v)) })
}

func (f field) float32s(name string, dst *[]float32) error {
	return f.fixed(name, protowire.Fixed32Type, func(b []byte) {
		v, _ := protowire.ConsumeFixed32(b)
		*dst = append(*dst, math.Float32frombits(v))
	})
}

// fixed calls fn for every element of a repeated fixed-size number, packed or
// not.
func (f field) fixed(name string, typ protowire.Type, fn func([]byte)) error {
	if f.typ == typ {
		fn(f.val)
		return nil
	}
	size := 4
	if typ == protowire.Fixed64Type {
		size = 8
	}
	b, err := f.bytes(name)
	if err == nil && len(b)%size != 0 {
		err = f.fail(name, errRange)
	}
	for ; err == nil && len(b) > 0; b = b[size:] {
		fn(b[:size])
	}
	return err
}

func (f field) valueInfo(name string, dst *[]ValueInfo) error {
	return f.message(name, func(b []byte) error {
		v, err := decodeValueInfo(b)
		*dst = append(*dst, v)
		return err
	})
}
