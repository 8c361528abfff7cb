// SPDX-License-Identifier: Apache-2.0

// Package accel runs ONNX models on devices, bound to memory once and run many
// times without an allocation or a copy.
//
//	model, err := accel.NewModel(data)                      // parsed, checked, hashed
//	session, err := accel.Open(ctx, model, "ort/cpu", "ref") // the first device that can
//	in, out := tensor.New[float32]([]int{3276, 2}), tensor.New[float32]([]int{3276, 8})
//	binding, err := session.Bind([]accel.Buffer{accel.Of(&in)}, []accel.Buffer{accel.Of(&out)})
//	err = binding.Run()                                     // reads in, writes out
//
// # Devices
//
//   - ref: pure Go, always there, without cgo and without a download. It is the
//     default and the oracle of the tests.
//   - ort/cpu: ONNX Runtime on the CPU; needs cgo and libonnxruntime.
//   - ort/cuda:N, ort/tensorrt:N, ort/openvino:CPU|GPU|NPU: names that are
//     understood, and answered with the reason why they cannot be opened here.
//
// [Probe] lists them with what is missing. Nothing needs to be imported or
// registered: with cgo, ort/* is compiled in; without, it says so.
//
// # Library
//
// libonnxruntime is looked for in [Options.Library], the environment variable
// ONNXRUNTIME_SHARED_LIBRARY_PATH, the user's cache (where
// go run github.com/neuroran/neuroran/accel/ortlib puts it) and the system
// loader. Nothing is downloaded at run time. One process loads one library, at
// the first use of an ort device, and keeps it.
//
// # Memory
//
// A [Binding] pins its buffers and keeps them alive until it is closed, so a
// caller may drop its own tensors. It sees the memory that the tensor had at
// [Session.Bind]: a tensor that grows afterwards has moved away from it.
//
// # Concurrency
//
// A [Model] is immutable. A [Session] may be used from any goroutine, and its
// bindings run at the same time; one Binding is for one goroutine at a time. A
// binding uses one thread unless [Options.Threads] says otherwise: run cells
// and slots side by side on goroutines instead.
package accel
