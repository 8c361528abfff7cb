// SPDX-License-Identifier: Apache-2.0

package peer

import (
	"bufio"
	"bytes"
	"io"
	"testing"
	"testing/iotest"

	"github.com/neuroran/neuroran/sfaas"
)

// fuzzNode returns a node of a runtime that has no peer.
func fuzzNode(t testing.TB) *Node {
	pass := sfaas.Define("pass", func(_ *sfaas.Ctx, out, in *uint64) error { *out = *in; return nil }, sfaas.FunctionConfig{})
	g := sfaas.NewGraph("g")
	sfaas.Sink(sfaas.Apply(sfaas.Source[uint64](g, "in"), pass), "out")
	app, err := g.Build()
	if err != nil {
		t.Fatal(err)
	}
	rt, err := sfaas.NewRuntime(app, sfaas.WithWorkers(1), sfaas.WithNode(1))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { rt.Close() })
	n, err := New(rt, Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { n.Close() })
	return n
}

// FuzzGreeting lets no greeting panic, hang, or take more memory than has come. What
// is read is written as it was.
func FuzzGreeting(f *testing.F) {
	f.Add((&greeting{node: 2, incarnation: 7, session: 3, received: 9, hello: []byte("hello")}).append(nil))
	f.Add((&greeting{status: statusRefused, reason: "no"}).append(nil))
	f.Add((&greeting{status: statusLater}).append(nil))
	f.Add((&greeting{status: statusStale, incarnation: 9, reason: "no"}).append(nil))
	f.Add((&greeting{status: statusWho, node: 1, incarnation: 5}).append(nil))
	f.Fuzz(func(t *testing.T, data []byte) {
		g, err := readGreeting(bytes.NewReader(data), maxGreeting)
		if err != nil {
			return
		}
		if again := g.append(nil); !bytes.Equal(again, data[:len(again)]) {
			t.Errorf("%x becomes %x", data, again)
		}
	})
}

// FuzzRecords lets no bytes of a connection panic or hang, in whatever pieces they
// come.
func FuzzRecords(f *testing.F) {
	var b []byte
	for _, r := range []record{{data: []byte("one"), class: sfaas.Ordered}, {data: []byte("two"), class: sfaas.Bulk, flags: flagMore}, {data: []byte("three"), class: sfaas.Bulk}} {
		h := header{uint32(len(r.data)), r.class, r.flags, 0}
		var head [headerSize]byte
		h.put(head[:])
		b = append(append(b, head[:]...), r.data...)
	}
	f.Add(b)
	n := fuzzNode(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, in := range []io.Reader{bytes.NewReader(data), iotest.OneByteReader(bytes.NewReader(data))} {
			s := newSession(n, 2, 1, 1)
			l := newLink(s, nil, bufio.NewReaderSize(in, 64), false)
			for l.readRecord() == nil { // to the end, which is an error
			}
			if s.pieces != nil {
				s.pieces.Release()
			}
		}
	})
}
