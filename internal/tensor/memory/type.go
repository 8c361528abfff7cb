// SPDX-License-Identifier: Apache-2.0

package memory

import (
	"fmt"
	"reflect"
	"slices"
)

// Form says how a type lies in memory.
type Form uint8

// The forms of types.
const (
	Bool    Form = iota + 1 // one byte, 0 or 1
	Int                     // a signed integer of Size bytes
	Uint                    // an unsigned one
	Float                   // a floating-point number of Size bytes
	Complex                 // two floating-point numbers of half the size each
	Array                   // Len values of Elem, one after the other
	Struct                  // Fields
	Slice                   // a [SliceHeader] of values of Elem
	String                  // a Go string
	Tensor                  // a tensor; see Ops
	Opaque                  // something that has no values of its own: see Reason
)

// Type describes a Go type. It is immutable.
type Type struct {
	Go     reflect.Type
	Form   Form
	Size   uintptr // bytes
	Len    int     // of an array
	Elem   *Type   // of an array or slice
	Fields []Field // of a struct
	Ops    *Ops    // of a tensor
	Reason string  // why it is opaque, such as "is a map"

	Recursive bool // it is opaque since it is a part of itself
}

// Field is a field of a struct.
type Field struct {
	Name   string  // as in Go
	Offset uintptr // within the struct
	Tag    reflect.StructTag
	Type   *Type // of the field
}

// Of describes a type. It walks over it each time: who asks keeps the result.
func Of(t reflect.Type) *Type { return describe(t, nil) }

// describe is Of within outer types, which it must not contain again.
func describe(t reflect.Type, outer []reflect.Type) *Type {
	x := &Type{Go: t, Size: t.Size()}
	if x.Ops = opsOf(t); x.Ops != nil {
		x.Form = Tensor
		return x
	}
	if slices.Contains(outer, t) {
		x.Form, x.Reason, x.Recursive = Opaque, "is recursive", true
		return x
	}
	within := append(outer[:len(outer):len(outer)], t)
	switch t.Kind() {
	case reflect.Bool:
		x.Form = Bool
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		x.Form = Int
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		x.Form = Uint
	case reflect.Float32, reflect.Float64:
		x.Form = Float
	case reflect.Complex64, reflect.Complex128:
		x.Form = Complex
	case reflect.Array:
		x.Form, x.Len, x.Elem = Array, t.Len(), describe(t.Elem(), within)
	case reflect.Struct:
		x.Form = Struct
		for f := range t.Fields() {
			x.Fields = append(x.Fields, Field{f.Name, f.Offset, f.Tag, describe(f.Type, within)})
		}
	case reflect.Slice:
		x.Form, x.Elem = Slice, describe(t.Elem(), within)
	case reflect.String:
		x.Form = String
	default:
		x.Form, x.Reason = Opaque, fmt.Sprintf("is a %s", t.Kind())
	}
	return x
}
