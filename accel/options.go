// SPDX-License-Identifier: Apache-2.0

package accel

import (
	"crypto/ed25519"

	"github.com/neuroran/neuroran/accel/backend"
)

// Options are choices about sessions. The zero value is the default: one
// thread, no spinning, float32, every optimization, denormals taken for 0, and
// no node anywhere but on the device.
//
// A device that cannot do what an option asks for returns an [*OptionError].
type Options struct {
	// Library is the path of libonnxruntime for ort devices; "" looks it up. It
	// must name the real file. One process loads one library: once it is
	// loaded, another path is refused.
	Library string
	// Flavor chooses among the libraries that accel/ortlib has installed: "cpu",
	// "openvino" or "gpu". "" goes by the device that is opened first; see the
	// package documentation for the rule.
	Flavor string
	// LibraryDirs are folders in which libraries that a provider needs, such as
	// those of CUDA, are looked for when the system loader does not find them.
	LibraryDirs []string
	// CacheDir is where ort/tensorrt keeps compiled engines and timings; "" is a
	// folder below the user's cache.
	CacheDir string
	// Threads is how many threads one Run may use; 0 means 1.
	Threads int
	// Spin lets idle threads of the runtime spin, which helps only where
	// Threads > 1 and the machine is otherwise idle.
	Spin bool
	// Precision is the arithmetic that the device may use; the zero value is
	// [Float32]. Anything else changes results: measure how far.
	//
	//	device            beside f32
	//	ort/cuda          tf32
	//	ort/tensorrt      tf32, bf16, f16, int8 (for models with QuantizeLinear)
	//	ort/openvino:CPU  bf16, where the processor computes in it
	//	ort/openvino:GPU  f16
	//	ort/openvino:NPU  f16
	Precision Precision
	// Optimization is how far the runtime may rewrite the graph; the zero value
	// is [OptimizeAll]. The device "ref" does what it does whatever it says.
	Optimization Optimization
	// KeepDenormals computes with denormal numbers, which can be hundreds of
	// times as slow, instead of taking them for 0.
	KeepDenormals bool
	// AllowFallback lets nodes that an ort device does not support run on the
	// CPU; otherwise such a model is refused.
	AllowFallback bool
	// TrustedKeys are Ed25519 keys: where any is given, Open refuses a model that
	// is not from a [Registry] with a signature of one of them. See [Entry.Sign].
	TrustedKeys []ed25519.PublicKey
	// Providers are more providers than the built-in ones; see package
	// accel/backend.
	Providers []backend.Provider
}

// config returns what providers see of the options.
func (o Options) config() backend.Config {
	return backend.Config{
		Library: o.Library, Flavor: o.Flavor, LibraryDirs: o.LibraryDirs, CacheDir: o.CacheDir,
		Threads: o.Threads, Spin: o.Spin, Precision: o.Precision, Optimization: o.Optimization,
		KeepDenormals: o.KeepDenormals, AllowFallback: o.AllowFallback,
	}
}

// Precision is the arithmetic that a device may use for a model of float32.
type Precision = backend.Precision

// Precisions.
const (
	Float32  = backend.Float32  // as the model has it
	TF32     = backend.TF32     // products of float32 with 10 bits of mantissa
	BFloat16 = backend.BFloat16 // bfloat16: range of float32, 8 bits of mantissa
	Float16  = backend.Float16  // IEEE half precision
	Int8     = backend.Int8     // 8-bit integers where the model has QuantizeLinear and DequantizeLinear
)

// Optimization is how far a provider may rewrite the graph of a model.
type Optimization = backend.Optimization

// Levels of optimization.
const (
	OptimizeAll      = backend.OptimizeAll      // everything, layouts for this processor included
	OptimizeExtended = backend.OptimizeExtended // fusions of operators, but no layouts
	OptimizeBasic    = backend.OptimizeBasic    // folding of constants, removal of what is redundant
	OptimizeNone     = backend.OptimizeNone     // nothing
)
