// SPDX-License-Identifier: Apache-2.0

package beat

import (
	"bytes"
	"net/netip"
	"sync"
	"testing"

	"github.com/neuroran/neuroran/sfaas"
)

func openNotes(t testing.TB, node sfaas.NodeID, key string) *Notes {
	t.Helper()
	n, err := OpenNotes(Config{Node: node, Incarnation: 3, Key: []byte(key), Host: local})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := n.Close(); err != nil {
			t.Error(err)
		}
	})
	return n
}

func say(n *Notes, text string) {
	x := n.Begin()
	x.Body = append(x.Body, text...)
	n.Send(x)
}

// TestNotes sends notes that wait until they are read: after their writer has gone, too.
func TestNotes(t *testing.T) {
	standby, owner, stranger := openNotes(t, 1, "key"), openNotes(t, 2, "key"), openNotes(t, 9, "another key")
	say(owner, "nobody is told")
	if owner.Heard() {
		t.Error("somebody is said to be told")
	}
	for _, n := range []*Notes{owner, stranger} {
		n.Tell([]netip.AddrPort{standby.Address()})
	}
	if !owner.Heard() {
		t.Error("nobody is said to be told")
	}
	say(owner, "one")
	say(stranger, "not of this deployment")
	say(owner, "")
	say(owner, string(make([]byte, MaxBody+1)))
	long := string(bytes.Repeat([]byte("x"), MaxBody))
	say(owner, long)
	if err := owner.Close(); err != nil {
		t.Fatal(err)
	}
	var got []string
	eventually(t, "both notes are read", func() bool {
		standby.Read(func(node sfaas.NodeID, incarnation uint32, body []byte) {
			if node != 2 || incarnation != 3 {
				t.Errorf("node %d, incarnation %d", node, incarnation)
			}
			got = append(got, string(body))
		})
		return len(got) >= 2
	})
	if len(got) != 2 || got[0] != "one" || got[1] != long {
		t.Errorf("got %d notes: %.20q", len(got), got)
	}
}

// TestNotesAtOnce lets several workers write to two at the same time, while who is told changes:
// the race detector looks on, and whoever is told last gets what is written from then on.
func TestNotesAtOnce(t *testing.T) {
	owner, one, other := openNotes(t, 1, "key"), openNotes(t, 2, "key"), openNotes(t, 3, "key")
	both := []netip.AddrPort{one.Address(), other.Address()}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for i := range 50 {
				say(owner, "at once")
				owner.Tell(both[i%2:])
			}
		})
	}
	wg.Wait()
	one.Read(func(sfaas.NodeID, uint32, []byte) {})
	owner.Tell(both[:1])
	say(owner, "last")
	eventually(t, "the last note is read", func() (came bool) {
		one.Read(func(_ sfaas.NodeID, _ uint32, body []byte) { came = came || string(body) == "last" })
		return came
	})
}

// TestNotesNoAllocs does what happens once per slot.
func TestNotesNoAllocs(t *testing.T) {
	a, b := openNotes(t, 1, "key"), openNotes(t, 2, "key")
	a.Tell([]netip.AddrPort{b.Address()})
	body, heard := make([]byte, 80), 0
	count := func(sfaas.NodeID, uint32, []byte) { heard++ }
	turn := func() {
		x := a.Begin()
		x.Body = append(x.Body, body...)
		a.Send(x)
		b.Read(count)
	}
	turn()
	if n := testing.AllocsPerRun(100, turn); n > 0 {
		t.Errorf("%v allocations per note", n)
	}
	eventually(t, "all are heard", func() bool { b.Read(count); return heard == 102 })
}

// BenchmarkNotes is what one row of a unit costs per slot at both ends: the standby reads per round.
func BenchmarkNotes(b *testing.B) {
	from, to := openNotes(b, 1, "key"), openNotes(b, 2, "key")
	from.Tell([]netip.AddrPort{to.Address()})
	body, n := make([]byte, 80), 0
	b.ReportAllocs()
	for b.Loop() {
		x := from.Begin()
		x.Body = append(x.Body, body...)
		from.Send(x)
		if n++; n%20 == 0 {
			to.Read(func(sfaas.NodeID, uint32, []byte) {})
		}
	}
}

// FuzzNote reads any bytes, and a note with any of its bytes changed.
func FuzzNote(f *testing.F) {
	c := newCodec([]byte("key"))
	x := &Note{code: c}
	x.Body = append(x.b[noteHead:noteHead], "how things stand"...)
	good := bytes.Clone(x.seal(7, 3))
	f.Add(good)
	f.Add([]byte(noteMagic))
	f.Fuzz(func(t *testing.T, b []byte) {
		node, incarnation, body, err := c.openNote(b)
		if err == nil && (node != 7 || incarnation != 3 || !bytes.Equal(b, good) || string(body) != "how things stand") {
			t.Errorf("node %d, incarnation %d, %q of bytes that nobody with the key has written", node, incarnation, body)
		}
	})
}
