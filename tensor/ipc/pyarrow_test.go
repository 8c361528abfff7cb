// SPDX-License-Identifier: Apache-2.0

package ipc_test

import (
	"bytes"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/apache/arrow/go/v15/arrow/array"
	arrowipc "github.com/apache/arrow/go/v15/arrow/ipc"
	"github.com/google/go-cmp/cmp"

	"github.com/neuroran/neuroran/internal/testvec"
	"github.com/neuroran/neuroran/tensor"
)

// pyarrowScript reads one of our files, prints what it holds, and writes its rows back
// through Arrow's C++ implementation.
const pyarrowScript = `
import sys, numpy as np, pyarrow as pa
table = pa.ipc.open_file(sys.argv[1]).read_all()
table.validate(full=True)
for row in table.to_pylist():
    print(row["Slot"], row["NewData"], row["SNR"], row["Late"], row["Gain"], row["Matrix"], row["Ref"], row["Refs"][1]["On"],
          row["Names"], row["Nested"], row["hidden"], row["Unset"], row["Pair"], row["Half"])
    x = row["Samples"]
    z = np.array(x["data"], "f4").view("c8").reshape(x["shape"][:-1])
    print(z.shape, z.sum(), [(u["Name"], u["Ref"]["Type"], len(u["Gains"]), u["H"]["shape"]) for u in row["Users"]])
for name in ("Samples", "Pair"):
    t = table.schema.field(name).type
    print(getattr(t, "storage_type", t))  # newer ones know the extension type
with pa.OSFile(sys.argv[2], "wb") as f, pa.ipc.new_file(f, table.schema) as w:
    w.write_table(table, max_chunksize=1)
`

const pyarrowWant = `78 False 12.5 -1000000 [1.0, -2.0] [[1, 2, 3], [-4, -5, -6]] {'Type': 2, 'Ports': [0, 1, 4, 5], 'On': [True, False, True]} [False, True, True] ['', 'üx'] [[]] -3 {'data': [], 'shape': [0, 0]} [{'data': [-1, 0, 0, 0, 0, 0], 'shape': [3, 2]}, {'data': [-2, 0], 'shape': [2]}] {'data': [0.0, 0.0, 0.0, 0.5], 'shape': [2, 2]}
(2, 1, 5) (45-22.5j) [('', 1, 0, [1, 2, 2])]
80 False 12.5 -1000000 [1.0, -2.0] [[1, 2, 3], [-4, -5, -6]] {'Type': 2, 'Ports': [0, 1, 4, 5], 'On': [True, False, True]} [False, True, True] ['', 'üxxx'] [[], [0], [0, 0]] -3 {'data': [], 'shape': [0, 0]} [{'data': [-1, 0, 0, 0, 0, 0], 'shape': [3, 2]}, {'data': [-2, 0], 'shape': [2]}] {'data': [0.0, 0.0, 0.0, 0.5], 'shape': [2, 2]}
(2, 3, 5) (435-217.5j) [('', 1, 0, [1, 2, 2]), ('u', 3, 2, [2, 2, 2]), ('uu', 1, 4, [3, 2, 2])]
struct<data: list<item: float>, shape: fixed_size_list<item: int32>[4]>
fixed_size_list<item: struct<data: list<item: int8>, shape: list<item: int32>>>[2]
`

// TestPyArrowReadsWhatWeWrite reads ragged rows with pyarrow, and what pyarrow has
// written of them with ours.
func TestPyArrowReadsWhatWeWrite(t *testing.T) {
	python := testvec.Python(t, "pyarrow", "numpy")
	dir := t.TempDir()
	in, back := filepath.Join(dir, "in.arrow"), filepath.Join(dir, "back.arrow")
	want := []message{newMessage(1), newMessage(3)}
	if err := os.WriteFile(in, written(t, want...), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(python, "-c", pyarrowScript, in, back).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if diff := cmp.Diff(pyarrowWant, string(out)); diff != "" {
		t.Errorf("pyarrow prints (-want +got):\n%s", diff)
	}
	file, err := os.ReadFile(back)
	if err != nil {
		t.Fatal(err)
	}
	r := opened[message](t, file)
	for i := range want {
		var got message
		if err := r.Read(i, &got); err != nil {
			t.Fatal(err)
		}
		if diff := same(want[i], got); diff != "" {
			t.Errorf("row %d from pyarrow (-want +got):\n%s", i, diff)
		}
	}
}

// kinds has a tensor of each element type.
type kinds struct {
	I8  tensor.Tensor[int8]           `tensor:"a,b"`
	I16 tensor.Tensor[int16]          `tensor:"a,b"`
	I32 tensor.Tensor[int32]          `tensor:"a,b"`
	I64 tensor.Tensor[int64]          `tensor:"a,b"`
	U8  tensor.Tensor[uint8]          `tensor:"a,b"`
	U16 tensor.Tensor[uint16]         `tensor:"a,b"`
	U32 tensor.Tensor[uint32]         `tensor:"a,b"`
	U64 tensor.Tensor[uint64]         `tensor:"a,b"`
	F16 tensor.Tensor[tensor.Float16] `tensor:"a,b"`
	F32 tensor.Tensor[float32]        `tensor:"a,b"`
	F64 tensor.Tensor[float64]        `tensor:"a,b"`
	C64 tensor.Tensor[complex64]      `tensor:"a,b"`
}

const kindsScript = `
import sys, pyarrow as pa
table = pa.ipc.open_file(sys.argv[1]).read_all()
for name in table.column_names:
    t = table.schema.field(name).type
    print(name, getattr(t, "storage_type", t).field(0).type.value_type, table[name][0].as_py())
`

const kindsWant = `I8 int8 {'data': [-128, 1, 2, 127], 'shape': [2, 2]}
I16 int16 {'data': [-32768, 1, 2, 32767], 'shape': [2, 2]}
I32 int32 {'data': [-2147483648, 1, 2, 2147483647], 'shape': [2, 2]}
I64 int64 {'data': [-9223372036854775808, 1, 2, 9223372036854775807], 'shape': [2, 2]}
U8 uint8 {'data': [0, 1, 2, 255], 'shape': [2, 2]}
U16 uint16 {'data': [0, 1, 2, 65535], 'shape': [2, 2]}
U32 uint32 {'data': [0, 1, 2, 4294967295], 'shape': [2, 2]}
U64 uint64 {'data': [0, 1, 2, 18446744073709551615], 'shape': [2, 2]}
F16 halffloat {'data': [-65504.0, 1.0, 2.0, 65504.0], 'shape': [2, 2]}
F32 float {'data': [-0.5, 1.0, 2.0, 1.5], 'shape': [2, 2]}
F64 double {'data': [-0.1, 1.0, 2.0, 0.1], 'shape': [2, 2]}
C64 float {'data': [-1.0, 2.0, 1.0, 0.0, 2.0, 0.0, 1.0, -2.0], 'shape': [2, 2, 2]}
`

// four returns a tensor of 2 × 2 elements.
func four[E tensor.Element](t *testing.T, x ...E) tensor.Tensor[E] {
	t.Helper()
	out, err := tensor.FromSlice(x, []int{2, 2}, "a", "b")
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestPyArrowReadsEveryKind reads a tensor of each element type.
func TestPyArrowReadsEveryKind(t *testing.T) {
	python := testvec.Python(t, "pyarrow", "numpy")
	half := tensor.NewFloat16
	m := kinds{
		I8:  four[int8](t, math.MinInt8, 1, 2, math.MaxInt8),
		I16: four[int16](t, math.MinInt16, 1, 2, math.MaxInt16),
		I32: four[int32](t, math.MinInt32, 1, 2, math.MaxInt32),
		I64: four[int64](t, math.MinInt64, 1, 2, math.MaxInt64),
		U8:  four[uint8](t, 0, 1, 2, math.MaxUint8),
		U16: four[uint16](t, 0, 1, 2, math.MaxUint16),
		U32: four[uint32](t, 0, 1, 2, math.MaxUint32),
		U64: four[uint64](t, 0, 1, 2, math.MaxUint64),
		F16: four(t, half(-65504), half(1), half(2), half(65504)),
		F32: four[float32](t, -0.5, 1, 2, 1.5),
		F64: four(t, -0.1, 1, 2, 0.1),
		C64: four[complex64](t, -1+2i, 1, 2, 1-2i),
	}
	name := filepath.Join(t.TempDir(), "kinds.arrow")
	file := written(t, m)
	if err := os.WriteFile(name, file, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(python, "-c", kindsScript, name).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if diff := cmp.Diff(kindsWant, string(out)); diff != "" {
		t.Errorf("pyarrow reads (-want +got):\n%s", diff)
	}
	var back kinds
	if err := opened[kinds](t, file).Read(0, &back); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(m, back); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestArrowReadsWhatWeWrite lets Arrow's Go implementation judge a file, wherever there
// is no Python.
func TestArrowReadsWhatWeWrite(t *testing.T) {
	want := []message{newMessage(2), newMessage(0), newMessage(5)}
	r, err := arrowipc.NewFileReader(bytes.NewReader(written(t, want...)))
	if err != nil {
		t.Fatal(err)
	}
	if r.NumRecords() != len(want) {
		t.Fatalf("%d record batches", r.NumRecords())
	}
	for i := range want {
		rec, err := r.Record(i)
		if err != nil {
			t.Fatal(err)
		}
		if got := rec.Column(0).(*array.Uint64).Value(0); got != want[i].Slot || rec.NumRows() != 1 {
			t.Errorf("slot %d, want %d", got, want[i].Slot)
		}
		samples := rec.Column(rec.Schema().FieldIndices("Samples")[0]).(*array.Struct)
		if got := samples.Field(0).(*array.List).ListValues().Len(); got != 2*want[i].Samples.Len() {
			t.Errorf("row %d: %d numbers of samples, want %d", i, got, 2*want[i].Samples.Len())
		}
	}
}
