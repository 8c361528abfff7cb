// SPDX-License-Identifier: Apache-2.0

// Package tensor holds typed, dense tensors with named axes over Arrow memory,
// and the codec that turns messages made of them into Arrow streams.
//
// A [Tensor] is row-major over one 64-byte aligned buffer. Its elements are
// reached as a Go slice ([Tensor.Data], [Tensor.Row]) and as an Arrow array
// ([Tensor.Arrow], [FromArrow]) without a copy in either direction. Arrow has
// no complex type: complex64 is float32 with a trailing axis of 2, I and Q.
//
// A message is a struct of tensors, scalars, fixed arrays and structs of
// these. One message is one row of an Arrow record batch: its tensors are
// columns of the canonical extension type arrow.fixed_shape_tensor, so that
// pyarrow reads what an [Encoder] writes. A schema is sent once for each
// combination of shapes; a [Decoder] copies no tensor and checks every bound.
//
//	type Grid struct {
//		Slot    uint64
//		Samples tensor.Tensor[complex64] `tensor:"rx,symbol,subcarrier"`
//	}
//
// The tag names the axes, and with them fixes the rank; `tensor:"-"` leaves a
// field out. Buffers are recycled by a [Pool], which bounds how many live.
package tensor
