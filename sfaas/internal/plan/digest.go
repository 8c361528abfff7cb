// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"encoding/binary"
	"fmt"
	"math"
	"reflect"

	"github.com/cespare/xxhash/v2"
	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/layout"
)

// Digest hashes everything that a move must find equal at its target.
//
// Two builds whose functions have equal digests read each other's cells and messages.
// What a function does is not in it, but only what it takes, gives and keeps, and its
// parameters.
func (f *Function) Digest() base.Digest { return f.hash(f.Cells) }

// bare is Digest without the cells, which may be of another version where their
// content can be upgraded.
func (f *Function) bare() base.Digest { return f.hash(nil) }

func (f *Function) hash(cells []*CellDecl) base.Digest {
	var b []byte
	b = base.AppendString(b, f.Name)
	for _, t := range f.Ins {
		b = appendType(b, t)
	}
	b = appendType(b, f.Out)
	if f.Each {
		b = append(b, 1)
	}
	for _, p := range f.Ports {
		b = appendType(append(b, byte(p.Kind)), p.Type)
	}
	for _, c := range cells {
		b = base.AppendString(append(b, byte(c.Class)), c.Name)
		b = base.AppendString(binary.AppendVarint(b, int64(c.Version)), c.Shape)
		b = base.AppendDigest(b, c.Form)
	}
	b, _ = AppendParams(b, reflect.ValueOf(f.Config.Params), "Params")
	return base.Digest(xxhash.Sum64(b))
}

// Digest hashes what the parts at the two ends of an edge must agree on.
//
// Capacity, deadline and drop are the consumer's own affair, and are not in it.
func (e *Edge) Digest() base.Digest {
	b := base.AppendDigest(nil, e.Stable)
	b = append(b, byte(e.Kind), byte(e.Config.Guarantee))
	b = base.AppendDigest(base.AppendString(b, e.Cut), e.From.Layout.Digest())
	return base.Digest(xxhash.Sum64(b))
}

// appendType appends the name and the form of a message's type.
func appendType(b []byte, t reflect.Type) []byte {
	return base.AppendDigest(base.AppendString(b, t.String()), layout.New(t).Digest())
}

// AppendParams appends a canonical encoding of v, or says which part of it has
// none.
func AppendParams(b []byte, v reflect.Value, path string) ([]byte, error) {
	if !v.IsValid() {
		return append(b, 0), nil
	}
	// Kinds and lengths are written too, so that no two values have one encoding.
	b = append(b, byte(v.Kind()))
	switch v.Kind() {
	case reflect.Bool:
		return base.AppendFlag(b, v.Bool()), nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return binary.AppendVarint(b, v.Int()), nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return binary.AppendUvarint(b, v.Uint()), nil
	case reflect.Float32, reflect.Float64:
		// By bits: NaN is equal to itself, and minus zero is not zero.
		return binary.LittleEndian.AppendUint64(b, math.Float64bits(v.Float())), nil
	case reflect.Complex64, reflect.Complex128:
		x := v.Complex()
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(real(x)))
		return binary.LittleEndian.AppendUint64(b, math.Float64bits(imag(x))), nil
	case reflect.String:
		return base.AppendString(b, v.String()), nil
	case reflect.Slice, reflect.Array:
		// A nil slice is as an empty one: both mean the same to who reads parameters.
		return appendElements(binary.AppendUvarint(b, uint64(v.Len())), v, path)
	case reflect.Struct:
		return appendFields(base.AppendString(b, v.Type().String()), v, path)
	case reflect.Pointer, reflect.Interface:
		// What is pointed to counts, not the pointer. Maps, functions and channels have
		// no order or no content.
		if v.IsNil() {
			return append(b, 0), nil
		}
		return AppendParams(append(b, 1), v.Elem(), path)
	}
	return b, fmt.Errorf("%s is a %s and has no digest", path, v.Kind())
}

func appendElements(b []byte, v reflect.Value, path string) ([]byte, error) {
	var err error
	for i := range v.Len() {
		if b, err = AppendParams(b, v.Index(i), path+"[]"); err != nil {
			return b, err
		}
	}
	return b, nil
}

func appendFields(b []byte, v reflect.Value, path string) ([]byte, error) {
	var err error
	for i := range v.NumField() {
		if b, err = AppendParams(b, v.Field(i), path+"."+v.Type().Field(i).Name); err != nil {
			return b, err
		}
	}
	return b, nil
}
