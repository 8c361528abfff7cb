// SPDX-License-Identifier: Apache-2.0

package tensor

import (
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/neuroran/neuroran/internal/testvec"
)

// pyarrowScript reads one of our streams, prints what it holds, and writes its
// rows back through Arrow's C++ implementation.
const pyarrowScript = `
import sys, pyarrow as pa
data = open(sys.argv[1], "rb").read()
with pa.ipc.open_stream(pa.BufferReader(data)) as r:
    table = r.read_all()
table.validate(full=True)
for row in range(table.num_rows):
    t = table.slice(row, 1)
    print(t["Slot"][0].as_py(), t["NewData"][0].as_py(), t["SNR"][0].as_py(), t["Late"][0].as_py(),
          t["Gain"][0].as_py(), t["Matrix"][0].as_py(), t["Ref"][0].as_py(), t["Users"][0].as_py()[1]["On"])
    for name in ("Samples", "Soft", "Half", "Empty"):
        c = t[name].chunk(0)
        print(name, c.type.value_type, c.type.shape, c.type.dim_names, c.storage.flatten().to_pylist()[-3:])
with pa.OSFile(sys.argv[2], "wb") as f, pa.ipc.new_stream(f, table.schema) as w:
    for row in range(table.num_rows):
        w.write_table(table.slice(row, 1))
`

const pyarrowWant = `77 True 12.5 -1000000 [1.0, -2.0] [[1, 2, 3], [-4, -5, -6]] {'Type': 2, 'Ports': [0, 1, 4, 5], 'On': [True, False, True]} [False, True, True]
Samples float [2, 3, 5, 2] ['rx', 'symbol', 'subcarrier', 'iq'] [-14.0, 29.0, -14.5]
Soft int8 [67] ['bit'] [92, 95, 98]
Half halffloat [2, 2] ['a', 'b'] [1.5, 2.5, 3.5]
Empty double [0] None []
`

func TestPyArrowReadsWhatWeEncode(t *testing.T) {
	python := testvec.Python(t, "pyarrow")
	m := newTestMessage()
	enc, dec := mustCodec[testMessage](t)
	_, buf, err := enc.Encode(nil, &m)
	if err != nil {
		t.Fatal(err)
	}
	second := newTestMessage()
	second.Slot, second.Samples.Data()[29] = 78, 5
	if _, buf, err = enc.Encode(buf, &second); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	in, back := filepath.Join(dir, "in.arrows"), filepath.Join(dir, "back.arrows")
	if err := os.WriteFile(in, buf, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(python, "-c", pyarrowScript, in, back).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	got := strings.ReplaceAll(string(out), "(", "[")
	want := pyarrowWant + strings.NewReplacer("77 True", "78 True", "-14.0, 29.0, -14.5", "-14.0, 5.0, 0.0").Replace(pyarrowWant)
	if diff := cmp.Diff(want, strings.ReplaceAll(got, ")", "]")); diff != "" {
		t.Errorf("pyarrow prints: %s", diff)
	}
	text, err := os.ReadFile(back)
	if err != nil {
		t.Fatal(err)
	}
	rest := append(alignedBytes(len(text))[:0], text...)
	for _, want := range []testMessage{m, second} {
		var got testMessage
		if rest, err = dec.Decode(&got, 0, rest); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(decoded(want), got); diff != "" {
			t.Errorf("what pyarrow wrote: %s", diff)
		}
	}
}

// everyKind has a tensor of each element type.
type everyKind struct {
	I8  Tensor[int8]      `tensor:"a,b"`
	I16 Tensor[int16]     `tensor:"a,b"`
	I32 Tensor[int32]     `tensor:"a,b"`
	I64 Tensor[int64]     `tensor:"a,b"`
	U8  Tensor[uint8]     `tensor:"a,b"`
	U16 Tensor[uint16]    `tensor:"a,b"`
	U32 Tensor[uint32]    `tensor:"a,b"`
	U64 Tensor[uint64]    `tensor:"a,b"`
	F16 Tensor[Float16]   `tensor:"a,b"`
	F32 Tensor[float32]   `tensor:"a,b"`
	F64 Tensor[float64]   `tensor:"a,b"`
	C64 Tensor[complex64] `tensor:"a,b"`
}

// kindsScript prints the first row of each column as numpy sees it: the type, the
// names of the axes, and the elements.
const kindsScript = `
import sys, pyarrow as pa
with pa.ipc.open_stream(sys.argv[1]) as r:
    table = r.read_all()
for name in table.column_names:
    c = table[name].chunk(0)
    assert isinstance(c.type, pa.FixedShapeTensorType), c.type
    x = c.to_numpy_ndarray()[0]
    if name == "C64":
        x = x.view("complex64")[..., 0]
    print(name, x.dtype, c.type.dim_names, x.tolist())
`

const kindsWant = `I8 int8 ['a', 'b'] [[-128, 1, 2], [3, 4, 127]]
I16 int16 ['a', 'b'] [[-32768, 1, 2], [3, 4, 32767]]
I32 int32 ['a', 'b'] [[-2147483648, 1, 2], [3, 4, 2147483647]]
I64 int64 ['a', 'b'] [[-9223372036854775808, 1, 2], [3, 4, 9223372036854775807]]
U8 uint8 ['a', 'b'] [[0, 1, 2], [3, 4, 255]]
U16 uint16 ['a', 'b'] [[0, 1, 2], [3, 4, 65535]]
U32 uint32 ['a', 'b'] [[0, 1, 2], [3, 4, 4294967295]]
U64 uint64 ['a', 'b'] [[0, 1, 2], [3, 4, 18446744073709551615]]
F16 float16 ['a', 'b'] [[-65504.0, 1.0, 2.0], [3.0, 4.0, 65504.0]]
F32 float32 ['a', 'b'] [[-0.5, 1.0, 2.0], [3.0, 4.0, 1.5]]
F64 float64 ['a', 'b'] [[-0.1, 1.0, 2.0], [3.0, 4.0, 0.1]]
C64 complex64 ['a', 'b', 'iq'] [[(-1+2j), (1+0j), (2+0j)], [(3+0j), (4+0j), (1-2j)]]
`

// sixOf returns a tensor of 2 × 3 elements: lowest, 1, 2, 3, 4, highest.
func sixOf[E Element](t *testing.T, lowest, one, two, three, four, highest E) Tensor[E] {
	t.Helper()
	x, err := FromSlice([]E{lowest, one, two, three, four, highest}, []int{2, 3}, "a", "b")
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// TestPyArrowReadsEveryKind encodes a tensor of each element type and reads it
// with pyarrow into numpy.
func TestPyArrowReadsEveryKind(t *testing.T) {
	python := testvec.Python(t, "pyarrow", "numpy")
	half := NewFloat16
	m := everyKind{
		I8:  sixOf[int8](t, math.MinInt8, 1, 2, 3, 4, math.MaxInt8),
		I16: sixOf[int16](t, math.MinInt16, 1, 2, 3, 4, math.MaxInt16),
		I32: sixOf[int32](t, math.MinInt32, 1, 2, 3, 4, math.MaxInt32),
		I64: sixOf[int64](t, math.MinInt64, 1, 2, 3, 4, math.MaxInt64),
		U8:  sixOf[uint8](t, 0, 1, 2, 3, 4, math.MaxUint8),
		U16: sixOf[uint16](t, 0, 1, 2, 3, 4, math.MaxUint16),
		U32: sixOf[uint32](t, 0, 1, 2, 3, 4, math.MaxUint32),
		U64: sixOf[uint64](t, 0, 1, 2, 3, 4, math.MaxUint64),
		F16: sixOf(t, half(-65504), half(1), half(2), half(3), half(4), half(65504)),
		F32: sixOf[float32](t, -0.5, 1, 2, 3, 4, 1.5),
		F64: sixOf(t, -0.1, 1, 2, 3, 4, 0.1),
		C64: sixOf[complex64](t, -1+2i, 1, 2, 3, 4, 1-2i),
	}
	enc, dec := mustCodec[everyKind](t)
	_, buf, err := enc.Encode(nil, &m)
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "kinds.arrows")
	if err := os.WriteFile(name, buf, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(python, "-c", kindsScript, name).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if diff := cmp.Diff(kindsWant, string(out)); diff != "" {
		t.Errorf("pyarrow reads (-want +got):\n%s", diff)
	}
	var back everyKind
	if _, err := dec.Decode(&back, 0, buf); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(m, back); diff != "" {
		t.Errorf("decoded (-want +got):\n%s", diff)
	}
}
