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
//   - ort/cuda:N, ort/tensorrt:N: card N of NVIDIA; what TensorRT does not
//     support, CUDA computes.
//   - ort/openvino:CPU|GPU|NPU: OpenVINO of Intel. On a CPU it is as fast as
//     ort/cpu in float32; it pays in [BFloat16], see [Options.Precision].
//
// [Probe] lists them with what each lacks on this host and what would mend it.
// Nothing needs to be imported or registered: with cgo, ort/* is compiled in;
// without, it says so. Another kind of device is a provider of its own: see
// package accel/backend for the seam, [Options.Providers] for how a program
// hands it over, and package accel/acceltest for what it must pass.
//
// A model runs on the device that it was opened on, all of it: a node that the
// device does not support is an error of Open, unless [Options.AllowFallback]
// lets it run on the CPU.
//
// # Library
//
// libonnxruntime is looked for in [Options.Library], in the flavour of
// [Options.Flavor], in the environment variable ONNXRUNTIME_SHARED_LIBRARY_PATH,
// in the user's cache (where go run github.com/neuroran/neuroran/accel/ortlib
// puts it) and with the system loader. Nothing is downloaded at run time, and
// nothing is printed to standard error.
//
// One process loads one library and keeps it: the first ort device that is
// opened, and lacks nothing, decides which. ort/cpu takes the flavour cpu, or
// else openvino, or else gpu, as each has the CPU provider inside; ort/openvino
// takes openvino, ort/cuda and ort/tensorrt take gpu. A device whose provider
// is not beside the loaded library says so. A program that wants several
// devices opens the most demanding first, or sets [Options.Flavor].
//
// # Models of others
//
// Files of exporters hold weights in other files ([LoadModel] reads them), scalar
// and bool ports ([Bools]), no elements at all, lengths without names, and outputs
// that are declared wrongly: all of these can be bound. What a device cannot run is
// refused before the first Run by an error that names node and operator. Outputs
// that are no tensors of numbers, such as the maps of classifiers, are left out of
// the signature and named by [Model.LeftOut]; a model with such an input, or with
// nothing else to give, is refused by a [*PortError]. The
// backend tests of the ONNX package show it for every device:
// internal/bench/onnxconf.
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
// and slots side by side on goroutines instead. Threads belong to the session:
// with Threads = 4 each session has three of its own.
package accel
