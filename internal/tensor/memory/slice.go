// SPDX-License-Identifier: Apache-2.0

package memory

import (
	"reflect"
	"unsafe"
)

// SliceHeader is the memory of a slice; Data keeps the elements alive.
type SliceHeader struct {
	Data unsafe.Pointer // the first element
	Len  int            // elements
	Cap  int            // elements that there is room for
}

// Resize gives the slice at p, whose type is t, n elements. It keeps the memory if it
// can, also that of elements beyond the slice's length.
func (t *Type) Resize(p unsafe.Pointer, n int) {
	h := (*SliceHeader)(p)
	if n <= h.Cap {
		h.Len = n
		return
	}
	s := reflect.MakeSlice(t.Go, n, n)
	if h.Cap > 0 { // what the elements hold stays in use
		all := reflect.NewAt(t.Go, unsafe.Pointer(&SliceHeader{h.Data, h.Cap, h.Cap}))
		reflect.Copy(s, all.Elem())
	}
	*h = SliceHeader{s.UnsafePointer(), n, n}
}
