// SPDX-License-Identifier: Apache-2.0

package ipc_test

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/neuroran/neuroran/tensor"
	"github.com/neuroran/neuroran/tensor/ipc"
)

// reference, user and message have one field of every form.
type reference struct {
	Type  uint8
	Ports [4]uint8
	On    [3]bool
}

type user struct {
	Name  string
	Ref   reference
	Gains []complex64
	H     tensor.Tensor[complex64] `tensor:"rx,symbol"`
}

type message struct {
	Slot     uint64
	RNTI     uint16
	NewData  bool
	SNR      float32
	Late     time.Duration
	Gain     complex64
	Wide     complex128
	Ref      reference
	Refs     [2]reference
	Matrix   [2][3]int16
	Users    []user
	Names    [2]string
	Nested   [][]int32
	Samples  tensor.Tensor[complex64] `tensor:"rx,symbol,subcarrier"`
	Soft     [2]tensor.Tensor[int8]   `tensor:"-"`
	Pair     [2]tensor.Tensor[int8]
	Half     tensor.Tensor[tensor.Float16]
	Unset    tensor.Tensor[float64] `tensor:"a,b"`
	hidden   int32
	Nothing  struct{}
	Leftover map[string]int `tensor:"-"`
}

// newMessage returns a message whose shapes and lengths follow from n.
func newMessage(n int) message {
	m := message{
		Slot: uint64(77 + n), RNTI: 1001, NewData: n%2 == 0, SNR: 12.5, Late: -time.Millisecond, Gain: 1 - 2i, Wide: 3 + 4i,
		Ref:     reference{Type: 2, Ports: [4]uint8{0, 1, 4, 5}, On: [3]bool{true, false, true}},
		Refs:    [2]reference{{Type: 1}, {Type: 3, Ports: [4]uint8{9}, On: [3]bool{false, true, true}}},
		Matrix:  [2][3]int16{{1, 2, 3}, {-4, -5, -6}},
		Names:   [2]string{"", "ü" + strings.Repeat("x", n)},
		Samples: tensor.New[complex64]([]int{2, n, 5}, "rx", "symbol", "subcarrier"),
		Half:    tensor.New[tensor.Float16]([]int{2, 2}),
		hidden:  -3,
	}
	for i := range m.Samples.Data() {
		m.Samples.Data()[i] = complex(float32(i), -float32(i)/2)
	}
	for u := range n {
		x := user{Name: strings.Repeat("u", u), Ref: m.Refs[u%2], H: tensor.New[complex64]([]int{u + 1, 2}, "rx", "symbol")}
		for i := range u * 2 {
			x.Gains = append(x.Gains, complex(float32(i), 1))
		}
		x.H.Data()[u] = 5i
		m.Users = append(m.Users, x)
		m.Nested = append(m.Nested, make([]int32, u))
	}
	for i := range m.Pair {
		m.Pair[i] = tensor.New[int8]([]int{3, 2}[i:])
		m.Pair[i].Data()[0] = int8(-i - 1)
	}
	m.Half.Data()[3] = tensor.NewFloat16(0.5)
	return m
}

// written returns a file with the messages.
func written[M any](t testing.TB, all ...M) []byte {
	t.Helper()
	var buf bytes.Buffer
	w, err := ipc.NewWriter[M](&buf)
	if err != nil {
		t.Fatal(err)
	}
	for i := range all {
		if err := w.Write(&all[i]); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.Close(), w.Close()); err != nil {
		t.Fatal(err)
	}
	if err := w.Write(new(M)); err == nil {
		t.Error("a closed file takes a row")
	}
	return buf.Bytes()
}

func opened[M any](t testing.TB, file []byte) *ipc.Reader[M] {
	t.Helper()
	r, err := ipc.NewReader[M](bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// same compares messages: a tensor without a shape has come back with one of zeros,
// empty slices are not nil.
func same(want, got message) string {
	if want.Unset.Rank() == 0 {
		want.Unset = tensor.New[float64]([]int{0, 0}, "a", "b")
	}
	return cmp.Diff(want, got, cmp.AllowUnexported(message{}), cmp.Transformer("empty", func(x []complex64) []complex64 { return append([]complex64{}, x...) }),
		cmp.Transformer("empty32", func(x []int32) []int32 { return append([]int32{}, x...) }),
		cmp.Transformer("emptyUsers", func(x []user) []user { return append([]user{}, x...) }),
		cmp.Transformer("emptyNested", func(x [][]int32) [][]int32 { return append([][]int32{}, x...) }))
}

// TestRaggedRowsReturn writes rows of other shapes and lengths each into one file and
// reads them in any order, into one value.
func TestRaggedRowsReturn(t *testing.T) {
	want := []message{newMessage(0), newMessage(3), newMessage(1), newMessage(7), newMessage(2)}
	r := opened[message](t, written(t, want...))
	if r.Len() != len(want) {
		t.Fatalf("%d rows, want %d", r.Len(), len(want))
	}
	var got message
	for _, i := range []int{4, 0, 1, 3, 2, 2} {
		if err := r.Read(i, &got); err != nil {
			t.Fatal(err)
		}
		if diff := same(want[i], got); diff != "" {
			t.Errorf("row %d (-want +got):\n%s", i, diff)
		}
	}
}

// TestOtherTypes writes what is no struct.
func TestOtherTypes(t *testing.T) {
	returns(t, uint32(7))
	returns(t, true)
	returns(t, "words")
	returns(t, [3]float64{1, 2, 3})
	returns(t, []string{"a", "", "bc"})
	returns(t, struct{}{})
	returns(t, struct{ A, B [0]int8 }{})
	returns(t, 3-4i)
	returns(t, []struct{}{{}, {}})
}

func returns[M any](t *testing.T, want M) {
	t.Helper()
	r := opened[M](t, written(t, want, want))
	var got M
	if err := r.Read(1, &got); err != nil || !cmp.Equal(want, got) {
		t.Errorf("%T: got %v, %v, want %v", want, got, err, want)
	}
}

// TestWriterRefuses lists types and values that have no place in a file.
func TestWriterRefuses(t *testing.T) {
	var typ *tensor.TypeError
	for name, err := range map[string]error{
		"pointer": refused[struct{ A *int }](),
		"map":     refused[struct{ A []struct{ B map[int]int } }](),
		"func":    refused[func()](),
		"tag": refused[struct {
			A int `tensor:"a"`
		}](),
		"axes": refused[struct {
			A tensor.Tensor[int8] `tensor:"a,b,c,d,e,f,g"`
		}](),
		"recursive": refused[recursive](),
	} {
		if !errors.As(err, &typ) {
			t.Errorf("%s: got %v, want a TypeError", name, err)
		}
	}
	type tagged struct {
		A tensor.Tensor[int8] `tensor:"rx,symbol"`
	}
	w, err := ipc.NewWriter[tagged](new(bytes.Buffer))
	if err != nil {
		t.Fatal(err)
	}
	var shape *tensor.ShapeError
	if err := w.Write(&tagged{tensor.New[int8]([]int{3})}); !errors.As(err, &shape) || !strings.HasSuffix(shape.Op, "tagged.A") {
		t.Errorf("rank: got %v", err)
	}
	if err := w.Write(&tagged{tensor.New[int8]([]int{3, 2}, "symbol", "rx")}); !errors.As(err, &typ) || !strings.HasSuffix(typ.Op, "tagged.A") {
		t.Errorf("names: got %v", err)
	}
	if err := w.Write(&tagged{tensor.New[int8]([]int{3, 2})}); err != nil {
		t.Errorf("without names: %v", err)
	}
}

type recursive struct{ A []recursive }

func refused[M any]() error {
	_, err := ipc.NewWriter[M](new(bytes.Buffer))
	return err
}

// TestReaderNamesWhatDiffers reads files of other types.
func TestReaderNamesWhatDiffers(t *testing.T) {
	type right struct {
		A int32
		B struct{ C []float32 }
		D tensor.Tensor[complex64] `tensor:"x"`
	}
	file := written(t, right{})
	for name, c := range map[string]struct {
		err  error
		want string
	}{
		"fewer": {otherThan[struct{ A int32 }](file), "schema: got 3, want 1 fields"},
		"size": {otherThan[struct {
			A int64
			B struct{ C []float32 }
			D tensor.Tensor[complex64] `tensor:"x"`
		}](file), ".A: got int32, want int64"},
		"sign": {otherThan[struct {
			A uint32
			B struct{ C []float32 }
			D tensor.Tensor[complex64] `tensor:"x"`
		}](file), ".A: got int32, want uint32"},
		"name": {otherThan[struct {
			A int32
			X struct{ C []float32 }
			D tensor.Tensor[complex64] `tensor:"x"`
		}](file), `.X: got field "B", want field X`},
		"list": {otherThan[struct {
			A int32
			B struct{ C [2]float32 }
			D tensor.Tensor[complex64] `tensor:"x"`
		}](file), ".B.C: got list, want fixed_size_list[2]"},
		"rank": {otherThan[struct {
			A int32
			B struct{ C []float32 }
			D tensor.Tensor[complex64] `tensor:"x,y"`
		}](file), ".D.shape: got fixed_size_list[2], want fixed_size_list[3]"},
		"element": {otherThan[struct {
			A int32
			B struct{ C []float32 }
			D tensor.Tensor[int16] `tensor:"x,iq"`
		}](file), ".D.data[]: got float32, want int16"},
	} {
		var typ *tensor.TypeError
		if !errors.As(c.err, &typ) || !strings.HasSuffix(c.err.Error(), c.want) {
			t.Errorf("%s: got %v, want …%s", name, c.err, c.want)
		}
	}
}

func otherThan[M any](file []byte) error {
	_, err := ipc.NewReader[M](bytes.NewReader(file), int64(len(file)))
	return err
}

// TestReaderRefusesDamage cuts a file off at every length, and changes every
// seventh byte of it in turn, or with NEURORAN_LONG every byte: what is read is usable in full, and nothing panics.
func TestReaderRefusesDamage(t *testing.T) {
	file := written(t, newMessage(1))
	for n := range file {
		if _, err := ipc.NewReader[message](bytes.NewReader(file[:n]), int64(n)); err == nil {
			t.Errorf("%d of %d bytes are a file", n, len(file))
		}
	}
	accepted, refusals := 0, 0
	step := 7
	if os.Getenv("NEURORAN_LONG") != "" {
		step = 1
	}
	for i := 0; i < len(file); i += step {
		x := [...]byte{1, 0x80, 0xff}[i%3]
		file[i] ^= x
		if usable(t, file) {
			accepted++
		} else {
			refusals++
		}
		file[i] ^= x
	}
	if accepted == 0 || refusals == 0 {
		t.Errorf("%d of %d damaged files are read", accepted, len(file))
	}
}

// usable reads all rows of a file, if it can, and writes them again.
func usable(t *testing.T, file []byte) bool {
	t.Helper()
	r, err := ipc.NewReader[message](bytes.NewReader(file), int64(len(file)))
	if err != nil {
		return false
	}
	for i := range r.Len() {
		var m, again message
		if r.Read(i, &m) != nil {
			return false
		}
		if err := opened[message](t, written(t, m)).Read(0, &again); err != nil || m.Slot != again.Slot || len(m.Users) != len(again.Users) {
			t.Fatalf("a row that was read does not return: %v", err)
		}
	}
	return true
}

// FuzzReader feeds damaged files.
func FuzzReader(f *testing.F) {
	file := written(f, newMessage(1), newMessage(2))
	f.Add(file, uint16(0), byte(0))
	f.Add(file, uint16(len(file)-20), byte(255))
	f.Add(file[:len(file)/2], uint16(300), byte(7))
	f.Fuzz(func(t *testing.T, b []byte, pos uint16, x byte) {
		if b = bytes.Clone(b); len(b) > 0 {
			b[int(pos)%len(b)] ^= x
		}
		usable(t, b)
	})
}

// BenchmarkWrite writes a grid of one slot of 273 PRB on four antennas.
func BenchmarkWrite(b *testing.B) {
	m := newMessage(1)
	m.Samples.Resize(4, 14, 3276)
	w, err := ipc.NewWriter[message](discard{})
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(8 * m.Samples.Len()))
	b.ReportAllocs()
	for b.Loop() {
		if err := w.Write(&m); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkRead reads it.
func BenchmarkRead(b *testing.B) {
	m := newMessage(1)
	m.Samples.Resize(4, 14, 3276)
	r := opened[message](b, written(b, m))
	b.SetBytes(int64(8 * m.Samples.Len()))
	b.ReportAllocs()
	for b.Loop() {
		if err := r.Read(0, &m); err != nil {
			b.Fatal(err)
		}
	}
}

type discard struct{}

func (discard) Write(b []byte) (int, error) { return len(b), nil }
