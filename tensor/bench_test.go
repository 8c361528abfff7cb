// SPDX-License-Identifier: Apache-2.0

package tensor

import "testing"

// benchMessage is a grid of one slot of 273 PRB on four antennas.
func benchMessage() testMessage {
	m := newTestMessage()
	m.Samples.Resize(4, 14, 3276)
	return m
}

func BenchmarkSize(b *testing.B) {
	m, l, n := benchMessage(), LayoutOf[testMessage](), 0
	b.ReportAllocs()
	for b.Loop() {
		n += l.Size(&m)
	}
}

func BenchmarkEncode(b *testing.B) {
	m := benchMessage()
	enc, _ := mustCodec[testMessage](b)
	_, buf, err := enc.Encode(nil, &m)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(SizeOf(&m)))
	b.ReportAllocs()
	for b.Loop() {
		if _, buf, err = enc.Encode(buf[:0], &m); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	m := benchMessage()
	enc, dec := mustCodec[testMessage](b)
	stream, buf, err := enc.Encode(nil, &m)
	if err != nil {
		b.Fatal(err)
	}
	var got testMessage
	if _, err := dec.Decode(&got, stream, buf); err != nil {
		b.Fatal(err)
	}
	_, buf, _ = enc.Encode(buf[:0], &m)
	b.SetBytes(int64(SizeOf(&m)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := dec.Decode(&got, stream, buf); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkPool(b *testing.B) {
	p := NewPool[testMessage](4, nil)
	b.ReportAllocs()
	for b.Loop() {
		m, err := p.Get()
		if err != nil {
			b.Fatal(err)
		}
		p.Put(m)
	}
}
