// SPDX-License-Identifier: Apache-2.0

// Package tensor holds typed, dense tensors with named axes over Arrow memory.
//
// A [Tensor] is row-major over one 64-byte aligned buffer. Its elements are
// reached as a Go slice ([Tensor.Data], [Tensor.Row]) and as an Arrow array
// ([Tensor.Arrow], [FromArrow]) without a copy in either direction. Arrow has
// no complex type: complex64 is float32 with a trailing axis of 2, I and Q.
//
// A message is a struct of tensors and plain fields; package tensor/ipc writes such
// structs as rows of Arrow files. A tag names the axes of a tensor there, and with them
// fixes the rank:
//
//	type Grid struct {
//		Slot    uint64
//		Samples tensor.Tensor[complex64] `tensor:"rx,symbol,subcarrier"`
//	}
package tensor
