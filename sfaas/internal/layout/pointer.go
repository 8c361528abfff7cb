// SPDX-License-Identifier: Apache-2.0

package layout

import "unsafe"

// DataOf returns the pointer that an interface holds. Body holds a pointer.
func DataOf(body any) unsafe.Pointer { return (*iface)(unsafe.Pointer(&body)).data }

// iface is the memory of an interface that holds a pointer.
type iface struct {
	typ  unsafe.Pointer
	data unsafe.Pointer
}
