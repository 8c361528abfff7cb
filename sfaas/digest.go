// SPDX-License-Identifier: Apache-2.0

package sfaas

import (
	"encoding/binary"
	"fmt"
	"math"
	"reflect"

	"github.com/cespare/xxhash/v2"
)

// Digest identifies a configuration: equal digests mean that two functions, or
// two graphs, may exchange state and messages.
type Digest uint64

// String returns 16 hexadecimal digits.
func (d Digest) String() string { return fmt.Sprintf("%016x", uint64(d)) }

// digest hashes everything that a move must find equal at its target.
func (f *function) digest() Digest {
	var b []byte
	b = appendString(b, f.name)
	for _, t := range f.ins {
		b = appendType(b, t)
	}
	b = appendType(b, f.out)
	if f.each {
		b = append(b, 1)
	}
	for _, p := range f.ports {
		b = appendType(append(b, byte(p.kind)), p.typ)
	}
	for _, c := range f.cells {
		b = appendString(append(b, byte(c.class)), c.name)
		b = appendString(binary.AppendVarint(b, int64(c.version)), c.shape)
		b = appendDigest(b, c.form)
	}
	b, _ = appendParams(b, reflect.ValueOf(f.cfg.Params), "Params")
	return Digest(xxhash.Sum64(b))
}

// appendType appends the name and the form of a message's type.
func appendType(b []byte, t reflect.Type) []byte {
	return appendDigest(appendString(b, t.String()), newLayout(t).digest())
}

// appendParams appends a canonical encoding of v, or says which part of it has
// none.
func appendParams(b []byte, v reflect.Value, path string) ([]byte, error) {
	if !v.IsValid() {
		return append(b, 0), nil
	}
	b = append(b, byte(v.Kind()))
	switch v.Kind() {
	case reflect.Bool:
		return appendFlag(b, v.Bool()), nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return binary.AppendVarint(b, v.Int()), nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return binary.AppendUvarint(b, v.Uint()), nil
	case reflect.Float32, reflect.Float64:
		return binary.LittleEndian.AppendUint64(b, math.Float64bits(v.Float())), nil
	case reflect.Complex64, reflect.Complex128:
		x := v.Complex()
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(real(x)))
		return binary.LittleEndian.AppendUint64(b, math.Float64bits(imag(x))), nil
	case reflect.String:
		return appendString(b, v.String()), nil
	case reflect.Slice, reflect.Array:
		return appendElements(binary.AppendUvarint(b, uint64(v.Len())), v, path)
	case reflect.Struct:
		return appendFields(appendString(b, v.Type().String()), v, path)
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return append(b, 0), nil
		}
		return appendParams(append(b, 1), v.Elem(), path)
	}
	return b, fmt.Errorf("%s is a %s and has no digest", path, v.Kind())
}

func appendElements(b []byte, v reflect.Value, path string) ([]byte, error) {
	var err error
	for i := range v.Len() {
		if b, err = appendParams(b, v.Index(i), path+"[]"); err != nil {
			return b, err
		}
	}
	return b, nil
}

func appendFields(b []byte, v reflect.Value, path string) ([]byte, error) {
	var err error
	for i := range v.NumField() {
		if b, err = appendParams(b, v.Field(i), path+"."+v.Type().Field(i).Name); err != nil {
			return b, err
		}
	}
	return b, nil
}
