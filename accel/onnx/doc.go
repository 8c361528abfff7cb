// SPDX-License-Identifier: Apache-2.0

// Package onnx reads, writes, checks and builds ONNX models in pure Go.
//
// The structs mirror the messages of the public ONNX schema as far as tensors
// need them; what they do not name is kept as bytes and written back, so that
// [Decode] followed by [Encode] loses nothing. Decoding checks every bound and
// aliases the tensors' payload, so a model costs its bytes and little more.
//
// [Builder] writes a network in a few lines and infers every shape on the way:
//
//	b := onnx.NewBuilder("mlp")
//	x := b.Input("iq", onnx.Float32, -1, 2)
//	h := b.Relu(b.Gemm(x, b.Float32s("w1", w1, 2, 32), b.Float32s("b1", b1, 32)))
//	b.Output("llr", b.Gemm(h, b.Float32s("w2", w2, 32, 8), b.Float32s("b2", b2, 8)))
//	m, err := b.Model()
//
// [Load] also reads weights that lie beside the model, as some exporters write
// them, and makes them part of it. [Bindable] writes a model so that a runtime can
// bind each port, without a change of what it computes.
//
// [Check] proves that a graph is closed, ordered and in single assignment, and
// [Infer] gives the outputs of one node from its inputs, by the rules of the
// version of the operator set ([MinOpset] to [MaxOpset]) that the model is written
// in; executors plan with the same function that the builder checks with.
//
// A [Model] and everything below it is immutable by convention once built:
// readers may share it, and nobody but its builder writes.
package onnx
