// SPDX-License-Identifier: Apache-2.0

package tensor

import (
	"io"
	"testing"
)

// TestNoAllocs lists every call that is made once a slot.
func TestNoAllocs(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	x, y := New[complex64]([]int{4, 14, 288}), New[complex64]([]int{4, 14, 288})
	m, n := newTestMessage(), testMessage{}
	layout := LayoutOf[testMessage]()
	layout.Copy(&n, &m)
	pool := NewPool[testMessage](2, nil)
	held, err := pool.Get()
	if err != nil {
		t.Fatal(err)
	}
	enc, dec := mustCodec[testMessage](t)
	_, buf, err := enc.Encode(nil, &m)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := dec.Decode(&n, 0, buf); err != nil {
		t.Fatal(err)
	}
	var total int
	calls := []struct {
		name string
		call func()
	}{
		{"Resize", func() { x.Resize(2, 14, 288); x.Resize(4, 14, 288) }},
		{"Row", func() { total += len(x.Row(1, 2)) }},
		{"CopyFrom", func() { y.CopyFrom(&x) }},
		{"Size", func() { total += layout.Size(&m) }},
		{"SizeOf", func() { total += SizeOf(&m) }},
		{"Copy", func() { layout.Copy(held, &m) }},
		{"Pool", func() { p, _ := pool.Get(); pool.Put(p) }},
		{"Encode", func() { _, buf, err = enc.Encode(buf[:0], &m) }},
		{"Decode", func() { _, err = dec.Decode(&n, 0, buf) }},
		{"Decode at the end", func() { _, _ = dec.Decode(&n, 0, nil) }},
	}
	layout.Copy(held, &m)
	for _, c := range calls {
		if got := testing.AllocsPerRun(100, c.call); got != 0 {
			t.Errorf("%s: %v allocations, want 0", c.name, got)
		}
		if err != nil && err != io.EOF {
			t.Fatalf("%s: %v", c.name, err)
		}
	}
}
