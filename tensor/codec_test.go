// SPDX-License-Identifier: Apache-2.0

package tensor

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"time"
	"unsafe"

	"github.com/google/go-cmp/cmp"
)

// testReference and testMessage have one field of every form.
type testReference struct {
	Type  uint8
	Ports [4]uint8
	On    [3]bool
}

type testMessage struct {
	Slot     uint64
	RNTI     uint16
	NewData  bool
	SNR      float32
	Late     time.Duration
	Gain     complex64
	Ref      testReference
	Users    [2]testReference
	Matrix   [2][3]int16
	Samples  Tensor[complex64] `tensor:"rx,symbol,subcarrier"`
	Soft     Tensor[int8]      `tensor:"bit"`
	Half     Tensor[Float16]
	Empty    Tensor[float64]
	Leftover int `tensor:"-"`
}

func newTestMessage() testMessage {
	m := testMessage{
		Slot: 77, RNTI: 1001, NewData: true, SNR: 12.5, Late: -time.Millisecond, Gain: 1 - 2i,
		Ref:     testReference{Type: 2, Ports: [4]uint8{0, 1, 4, 5}, On: [3]bool{true, false, true}},
		Users:   [2]testReference{{Type: 1}, {Type: 3, Ports: [4]uint8{9}, On: [3]bool{false, true, true}}},
		Matrix:  [2][3]int16{{1, 2, 3}, {-4, -5, -6}},
		Samples: New[complex64]([]int{2, 3, 5}),
		Soft:    New[int8]([]int{67}),
		Half:    New[Float16]([]int{2, 2}, "a", "b"),
	}
	for i := range m.Samples.Data() {
		m.Samples.Data()[i] = complex(float32(i), -float32(i)/2)
	}
	for i := range m.Soft.Data() {
		m.Soft.Data()[i] = int8(3*i - 100)
	}
	for i := range m.Half.Data() {
		m.Half.Data()[i] = NewFloat16(float32(i) + 0.5)
	}
	return m
}

func mustCodec[M any](tb testing.TB) (*Encoder[M], *Decoder[M]) {
	tb.Helper()
	enc, err := NewEncoder[M]()
	if err != nil {
		tb.Fatal(err)
	}
	dec, err := NewDecoder[M]()
	if err != nil {
		tb.Fatal(err)
	}
	return enc, dec
}

// decoded is what comes back: tags name the axes, the zero tensor has one
// empty axis, fields left out stay.
func decoded(m testMessage) testMessage {
	m.Leftover = 0
	m.Samples.axes = []string{"rx", "symbol", "subcarrier"}
	m.Soft.axes = []string{"bit"}
	if m.Empty.rank == 0 {
		m.Empty.Resize(0)
	}
	return m
}

func TestCodecRoundTrip(t *testing.T) {
	enc, dec := mustCodec[testMessage](t)
	small, large := newTestMessage(), newTestMessage()
	large.Samples.Resize(4, 14, 288)
	large.Empty.Resize(3, 0, 2)
	small.Leftover = 5
	wantStream := []int{0, 1, 0, 1, 1}
	var lens []int
	for i, m := range []*testMessage{&small, &large, &small, &large, &large} {
		m.Slot = uint64(i)
		stream, buf, err := enc.Encode(nil, m)
		if err != nil {
			t.Fatal(err)
		}
		if stream != wantStream[i] {
			t.Errorf("message %d: stream %d, want %d", i, stream, wantStream[i])
		}
		if len(buf)%Alignment != 0 {
			t.Errorf("message %d: %d bytes are not a multiple of %d", i, len(buf), Alignment)
		}
		lens = append(lens, len(buf))
		var got testMessage
		rest, err := dec.Decode(&got, stream, buf)
		if err != nil || len(rest) != 0 {
			t.Fatalf("message %d: error %v, %d bytes left", i, err, len(rest))
		}
		if diff := cmp.Diff(decoded(*m), got); diff != "" {
			t.Errorf("message %d: %s", i, diff)
		}
		if _, err := dec.Decode(&got, stream, rest); err != io.EOF {
			t.Errorf("after the last row: got error %v, want io.EOF", err)
		}
	}
	if lens[2] >= lens[0] || lens[3] != lens[4] {
		t.Errorf("lengths %v: the schema was not sent once", lens)
	}
}

func TestDecodeCopiesNoTensor(t *testing.T) {
	enc, dec := mustCodec[testMessage](t)
	m := newTestMessage()
	_, buf, err := enc.Encode(alignedBytes(0), &m)
	if err != nil {
		t.Fatal(err)
	}
	aligned := append(alignedBytes(len(buf))[:0], buf...)
	var got testMessage
	if _, err := dec.Decode(&got, 0, aligned); err != nil {
		t.Fatal(err)
	}
	lo, hi := uintptr(unsafe.Pointer(&aligned[0])), uintptr(unsafe.Pointer(&aligned[len(aligned)-1]))
	for name, p := range map[string]unsafe.Pointer{
		"Samples": unsafe.Pointer(&got.Samples.Data()[0]),
		"Soft":    unsafe.Pointer(&got.Soft.Data()[0]),
		"Half":    unsafe.Pointer(&got.Half.Data()[0]),
	} {
		if uintptr(p) < lo || uintptr(p) > hi {
			t.Errorf("%s lies outside the bytes it was read from", name)
		}
		if uintptr(p)%Alignment != 0 {
			t.Errorf("%s is not 64-byte aligned", name)
		}
	}
}

// alignedBytes returns n bytes at a multiple of Alignment.
func alignedBytes(n int) []byte { return New[uint8]([]int{n}).data }

func TestCodecOfPlainValues(t *testing.T) {
	roundTrip(t, uint32(7))
	roundTrip(t, true)
	roundTrip(t, [3]float64{1, 2, 3})
	roundTrip(t, struct{}{})
	roundTrip(t, struct{ A, B [0]int8 }{})
	roundTrip(t, 3-4i)
	x := New[int32]([]int{2, 2}, "a", "b")
	x.Data()[3] = -9
	roundTrip(t, x)
}

func roundTrip[M any](t *testing.T, m M) {
	t.Helper()
	enc, dec := mustCodec[M](t)
	stream, buf, err := enc.Encode(nil, &m)
	if err != nil {
		t.Fatalf("%T: %v", m, err)
	}
	var got M
	if _, err := dec.Decode(&got, stream, buf); err != nil {
		t.Fatalf("%T: %v", m, err)
	}
	if diff := cmp.Diff(m, got); diff != "" {
		t.Errorf("%T: %s", m, diff)
	}
}

func TestEncodeChecksTheTag(t *testing.T) {
	enc, _ := mustCodec[testMessage](t)
	dst := []byte("kept")
	m := newTestMessage()
	m.Samples.Resize(2, 3)
	var shape *ShapeError
	if _, out, err := enc.Encode(dst, &m); !errors.As(err, &shape) || shape.Op != "tensor.testMessage.Samples" || len(out) != len(dst) {
		t.Errorf("got error %v, want a ShapeError that names Samples", err)
	}
	m = newTestMessage()
	m.Soft = New[int8]([]int{4}, "byte")
	var typ *TypeError
	if _, _, err := enc.Encode(dst, &m); !errors.As(err, &typ) || typ.Op != "tensor.testMessage.Soft" {
		t.Errorf("got error %v, want a TypeError that names Soft", err)
	}
}

func TestCodecRefusesTypes(t *testing.T) {
	refuses[struct{ X []int }](t, "X")
	refuses[struct{ X string }](t, "X")
	refuses[struct{ X *int }](t, "X")
	refuses[struct{ X map[int]int }](t, "X")
	refuses[struct{ X [2]Tensor[int8] }](t, "X[]")
	refuses[struct{ A struct{ x int } }](t, "A.x")
	refuses[struct {
		X int `tensor:"rx"`
	}](t, "X")
	refuses[struct {
		X Tensor[int8] `tensor:"a,b,c,d,e,f,g"`
	}](t, "X")
}

func refuses[M any](t *testing.T, field string) {
	t.Helper()
	_, err := NewEncoder[M]()
	var typ *TypeError
	if !errors.As(err, &typ) || !strings.HasSuffix(typ.Op, "."+field) {
		t.Errorf("%T: got error %v, want a TypeError that names %s", *new(M), err, field)
	}
	if _, derr := NewDecoder[M](); derr != err {
		t.Errorf("decoder: got %v, want %v", derr, err)
	}
}

func TestDecodeNamesWhatDiffers(t *testing.T) {
	type sent struct {
		A uint16
		X Tensor[int8]
	}
	m := sent{A: 1, X: New[int8]([]int{2, 3}, "rx", "sample")}
	enc, err := NewEncoder[sent]()
	if err != nil {
		t.Fatal(err)
	}
	_, buf, err := enc.Encode(nil, &m)
	if err != nil {
		t.Fatal(err)
	}
	wantType[struct {
		A int16
		X Tensor[int8]
	}](t, buf, "got uint16, want int16")
	wantType[struct {
		A bool
		X Tensor[int8]
	}](t, buf, "got uint16, want bool")
	wantType[struct {
		B uint16
		X Tensor[int8]
	}](t, buf, `got field "A", want field B`)
	wantType[struct{ A uint16 }](t, buf, "got 2, want 1 fields")
	wantType[struct {
		A uint16
		X Tensor[float32]
	}](t, buf, "got int8, want float32")
	wantType[struct{ A, X uint16 }](t, buf, "got fixed_size_list, want uint16")
	wantType[struct {
		A uint16
		X [6]int8
	}](t, append([]byte(nil), buf...), "") // a plain list of the same numbers fits
	wantType[struct {
		A uint16
		X Tensor[int8] `tensor:"rx,symbol"`
	}](t, buf, "got axis sample, want axis symbol")
	wantType[struct {
		A uint16
		X Tensor[int8] `tensor:"rx"`
	}](t, buf, "shape [2 3], want [-1]")
	wantType[struct {
		A uint16
		X Tensor[complex64]
	}](t, buf, "got int8, want float32")
}

func wantType[M any](t *testing.T, buf []byte, want string) {
	t.Helper()
	dec, err := NewDecoder[M]()
	if err != nil {
		t.Fatal(err)
	}
	var m M
	_, err = dec.Decode(&m, 0, buf)
	if want == "" {
		if err != nil {
			t.Errorf("%T: %v", m, err)
		}
		return
	}
	var typ *TypeError
	var shape *ShapeError
	if err == nil || !errors.As(err, &typ) && !errors.As(err, &shape) || !strings.Contains(err.Error(), want) {
		t.Errorf("%T: got error %v, want one with %q", m, err, want)
	}
}

func TestDecodeRejectsBrokenStreams(t *testing.T) {
	enc, _ := mustCodec[testMessage](t)
	m := newTestMessage()
	_, first, err := enc.Encode(nil, &m)
	if err != nil {
		t.Fatal(err)
	}
	_, both, err := enc.Encode(first, &m)
	if err != nil {
		t.Fatal(err)
	}
	row := both[len(first):]
	tests := []struct {
		name   string
		stream int
		b      []byte
		want   error
	}{
		{"row before its schema", 0, row, ErrNoSchema},
		{"negative stream", -1, first, ErrFormat},
		{"stream too large", MaxStreams, first, ErrFormat},
		{"no continuation", 0, first[8:], ErrFormat},
		{"end marker", 0, []byte{255, 255, 255, 255, 0, 0, 0, 0}, io.EOF},
		{"nothing", 0, nil, io.EOF},
		{"unaligned", 0, append(make([]byte, 1, len(first)+1), first...)[1:], ErrUnaligned},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, dec := mustCodec[testMessage](t)
			var got testMessage
			if _, err := dec.Decode(&got, test.stream, test.b); !errors.Is(err, test.want) {
				t.Errorf("got error %v, want %v", err, test.want)
			}
			if diff := cmp.Diff(testMessage{}, got); diff != "" {
				t.Errorf("a failed Decode changed the message: %s", diff)
			}
		})
	}
	for n := 1; n < len(first); n++ {
		_, dec := mustCodec[testMessage](t)
		var got testMessage
		if _, err := dec.Decode(&got, 0, first[:n]); err == nil {
			t.Fatalf("the first %d of %d bytes decode", n, len(first))
		}
	}
}

func TestEncoderForgetsTheOldestShape(t *testing.T) {
	enc, dec := mustCodec[Tensor[int8]](t)
	for round := range 2 {
		for n := range MaxStreams + 3 {
			m := New[int8]([]int{n + 1})
			m.Data()[n] = int8(n + round)
			stream, buf, err := enc.Encode(nil, &m)
			if err != nil {
				t.Fatal(err)
			}
			var got Tensor[int8]
			if _, err := dec.Decode(&got, stream, buf); err != nil {
				t.Fatal(err)
			}
			if !got.Equal(m) {
				t.Fatalf("round %d, length %d: got %v", round, n+1, got.Data())
			}
		}
	}
}

func TestEncodeLeavesNoOldBytes(t *testing.T) {
	enc, _ := mustCodec[testMessage](t)
	m := newTestMessage()
	_, clean, err := enc.Encode(nil, &m)
	if err != nil {
		t.Fatal(err)
	}
	_, clean, _ = enc.Encode(clean[:0], &m)
	dirty := bytes.Repeat([]byte{0xaa}, 2*len(clean))
	_, got, err := enc.Encode(dirty[:0], &m)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, clean) {
		t.Error("the padding holds what the buffer held before")
	}
}

func TestLayoutSize(t *testing.T) {
	m := newTestMessage()
	reference := 1 + 4 + 3
	fixed := 8 + 2 + 1 + 4 + 8 + 8 + 3*reference + 12
	if got, want := SizeOf(&m), fixed+30*8+67+4*2; got != want {
		t.Errorf("got %d bytes, want %d", got, want)
	}
	v := struct {
		Name string
		IDs  []uint16
		Skip *int
	}{"abc", []uint16{1, 2}, new(int)}
	if got, want := SizeOf(&v), 7; got != want {
		t.Errorf("got %d bytes, want %d", got, want)
	}
}

func TestLayoutCopyAndInit(t *testing.T) {
	src, dst := newTestMessage(), newTestMessage()
	src.Slot = 5
	src.Samples.Data()[0] = 99
	kept := &dst.Samples.Data()[0]
	l := LayoutOf[testMessage]()
	l.Copy(&dst, &src)
	if diff := cmp.Diff(src, dst); diff != "" {
		t.Error(diff)
	}
	if &dst.Samples.Data()[0] != kept || kept == &src.Samples.Data()[0] {
		t.Error("Copy did not keep the buffer of its destination")
	}
	var m testMessage
	l.Init(&m)
	if m.Samples.Axis(2) != "subcarrier" || m.Samples.Rank() != 3 || m.Half.Rank() != 0 {
		t.Errorf("got %v and %v", m.Samples, m.Half)
	}
}
