// SPDX-License-Identifier: Apache-2.0

package backend

// Config is what a user may choose about a session; the fields are those of
// accel.Options, which documents them. The zero value is the default.
type Config struct {
	Library       string       // path of the shared library; "" looks it up
	Flavor        string       // flavour of the installed library; "" goes by the device
	LibraryDirs   []string     // folders of libraries that the provider needs
	CacheDir      string       // folder of compiled engines; "" is below the user's cache
	Threads       int          // threads of one Run; 0 means 1
	Spin          bool         // whether idle threads spin
	Precision     Precision    // arithmetic of the device
	Optimization  Optimization // how far the graph is rewritten
	KeepDenormals bool         // compute with denormal numbers instead of taking them for 0
	AllowFallback bool         // let nodes that the device lacks run on the CPU
}

// Precision is the arithmetic that a device may use for a model of float32.
type Precision uint8

// Precisions.
const (
	Float32  Precision = iota // as the model has it
	TF32                      // products of float32 with 10 bits of mantissa
	BFloat16                  // bfloat16: range of float32, 8 bits of mantissa
	Float16                   // IEEE half precision
	Int8                      // 8-bit integers where the model has QuantizeLinear and DequantizeLinear
)

// String returns the name of the precision, such as "f32".
func (p Precision) String() string {
	names := [...]string{"f32", "tf32", "bf16", "f16", "int8"}
	if int(p) < len(names) {
		return names[p]
	}
	return "unknown"
}

// Optimization is how far a provider may rewrite the graph of a model.
type Optimization uint8

// Levels of optimization.
const (
	OptimizeAll      Optimization = iota // everything, layouts for this processor included
	OptimizeExtended                     // fusions of operators, but no layouts
	OptimizeBasic                        // folding of constants, removal of what is redundant
	OptimizeNone                         // nothing
)

// String returns the name of the level, such as "all".
func (o Optimization) String() string {
	names := [...]string{"all", "extended", "basic", "none"}
	if int(o) < len(names) {
		return names[o]
	}
	return "unknown"
}
