// SPDX-License-Identifier: Apache-2.0

package tensor

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// FuzzDecode feeds damaged streams to a decoder. What it accepts must be
// usable in full and must survive another round trip.
func FuzzDecode(f *testing.F) {
	m := newTestMessage()
	enc, _ := mustCodec[testMessage](f)
	_, buf, err := enc.Encode(nil, &m)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(buf, uint16(0), byte(0))
	f.Add(buf, uint16(40), byte(255))
	f.Add(buf[:len(buf)/2], uint16(300), byte(7))
	f.Fuzz(func(t *testing.T, b []byte, pos uint16, x byte) {
		in := append(alignedBytes(len(b))[:0], b...)
		if len(in) > 0 {
			in[int(pos)%len(in)] ^= x
		}
		_, dec := mustCodec[testMessage](t)
		var got testMessage
		for rest := in; ; {
			var err error
			if rest, err = dec.Decode(&got, 0, rest); err != nil {
				return
			}
			checkUsable(t, &got)
		}
	})
}

// checkUsable touches every element and encodes the message again.
func checkUsable(t *testing.T, m *testMessage) {
	t.Helper()
	enc, dec := mustCodec[testMessage](t)
	stream, buf, err := enc.Encode(nil, m)
	if err != nil {
		t.Fatalf("a decoded message does not encode: %v", err)
	}
	var again testMessage
	if _, err := dec.Decode(&again, stream, buf); err != nil {
		t.Fatalf("a decoded message does not return: %v", err)
	}
	if !cmp.Equal(m.Soft, again.Soft) || m.Samples.Len() != again.Samples.Len() || m.Ref != again.Ref {
		t.Fatalf("a decoded message returns changed")
	}
}

// FuzzShapeMetadata parses the JSON of the extension type.
func FuzzShapeMetadata(f *testing.F) {
	f.Add(`{"shape":[2,3],"dim_names":["a","b"]}`)
	f.Add(`{"shape":[2,3],"permutation":[1,0]}`)
	f.Add(`{"shape":[9223372036854775807,2]}`)
	f.Add(`{"shape":[-1]}`)
	f.Fuzz(func(t *testing.T, text string) {
		m, err := decodeShape([]byte(text), "fuzz")
		if err != nil {
			return
		}
		again, err := decodeShape(m.encode(), "fuzz")
		if n, ok := product(m.Shape); err != nil || !ok || n < 0 || !slices.Equal(m.Shape, again.Shape) {
			t.Fatalf("%s: %v, error %v", text, m, err)
		}
	})
}

// TestDecodeSurvivesEveryFlip changes every byte of a stream in turn.
func TestDecodeSurvivesEveryFlip(t *testing.T) {
	m := newTestMessage()
	enc, _ := mustCodec[testMessage](t)
	_, buf, err := enc.Encode(nil, &m)
	if err != nil {
		t.Fatal(err)
	}
	in := append(alignedBytes(len(buf))[:0], buf...)
	accepted := 0
	for i := range in {
		for _, x := range []byte{1, 0x80, 0xff} {
			in[i] ^= x
			_, dec := mustCodec[testMessage](t)
			var got testMessage
			if _, err := dec.Decode(&got, 0, in); err == nil {
				accepted++
				checkUsable(t, &got)
			}
			in[i] ^= x
		}
	}
	if accepted == 0 || accepted == 3*len(in) {
		t.Errorf("%d of %d damaged streams decode", accepted, 3*len(in))
	}
}
