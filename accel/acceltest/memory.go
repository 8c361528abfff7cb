// SPDX-License-Identifier: Apache-2.0

package acceltest

import (
	"context"
	"runtime"
	"runtime/debug"
	"slices"
	"testing"

	"github.com/neuroran/neuroran/accel"
)

// bindLLRNet binds an open network of two features and q outputs to n rows, and
// returns the memory of both.
func bindLLRNet(t *testing.T, s *accel.Session, n, q int) (b *accel.Binding, x, y []float32) {
	t.Helper()
	x, y = normal(7, 2*n), make([]float32, n*q)
	b, err := s.Bind([]accel.Buffer{accel.From(x, n, 2)}, []accel.Buffer{accel.From(y, n, q)})
	if err != nil {
		t.Fatal(err)
	}
	return b, x, y
}

// testInputIsReadAtRun checks that a run sees what was written after Bind.
func testInputIsReadAtRun(t *testing.T, c Config) {
	s := open(t, c, must(t)(LLRNet(8, 4)))
	b, x, y := bindLLRNet(t, s, 16, 4)
	var last []float32
	for seed := range uint64(3) {
		copy(x, normal(seed, len(x)))
		if err := b.Run(); err != nil {
			t.Fatal(err)
		}
		other, in, want := bindLLRNet(t, s, 16, 4)
		copy(in, x)
		if err := other.Run(); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(y, want) {
			t.Errorf("run %d: not the result of a fresh binding", seed)
		}
		if slices.Equal(y, last) {
			t.Errorf("run %d: the result of the run before", seed)
		}
		last = slices.Clone(y)
	}
}

// testComplexInput binds complex symbols where the model takes pairs.
func testComplexInput(t *testing.T, c Config) {
	s := open(t, c, must(t)(LLRNet(8, 4)))
	b, x, want := bindLLRNet(t, s, 5, 4)
	symbols, y := make([]complex64, 5), make([]float32, 20)
	for i := range symbols {
		symbols[i] = complex(x[2*i], x[2*i+1])
	}
	complexB, err := s.Bind([]accel.Buffer{accel.From(symbols, 5)}, []accel.Buffer{accel.From(y, 5, 4)})
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range []*accel.Binding{b, complexB} {
		if err := b.Run(); err != nil {
			t.Fatal(err)
		}
	}
	if !slices.Equal(y, want) {
		t.Errorf("got %v, want %v", y, want)
	}
}

// testBuffersStayAlive drops every reference of the caller to what it bound,
// lets the collector run and fills the heap with other data: the binding must
// still see its own memory.
func testBuffersStayAlive(t *testing.T, c Config) {
	const n = 512
	s := open(t, c, must(t)(LLRNet(8, 4)))
	b, _, want := bindLLRNet(t, s, n, 4)
	if err := b.Run(); err != nil {
		t.Fatal(err)
	}
	alone := func() *accel.Binding { // the output is the only reference that stays
		b, _, y := bindLLRNet(t, s, n, 4)
		want = append(want, y...)[:len(want)] // grows, so that y itself is dropped
		return b
	}()
	var rubbish [][]float32
	for range 20 {
		runtime.GC()
		r := make([]float32, 2*n)
		for i := range r {
			r[i] = 777
		}
		rubbish = append(rubbish, r)
	}
	if err := alone.Run(); err != nil {
		t.Fatal(err)
	}
	again, _, got := bindLLRNet(t, s, n, 4)
	if err := again.Run(); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got, want) {
		t.Error("another result after the collector ran")
	}
	for _, r := range rubbish { // what a stray output would have hit
		if slices.ContainsFunc(r, func(v float32) bool { return v != 777 }) {
			t.Fatal("a run wrote outside of its buffers")
		}
	}
}

// testGrowth opens, binds, runs and closes sessions, one after the other: the
// memory of the process stays what it is.
func testGrowth(t *testing.T, c Config) {
	m := must(t)(LLRNet(32, 8))
	cycle := func(times int) {
		for range times {
			s, err := c.Options.Open(context.Background(), m, c.Device)
			if err != nil {
				t.Fatal(err)
			}
			b, _, _ := bindLLRNet(t, s, 64, 8)
			if err := b.Run(); err != nil {
				t.Fatal(err)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
	cycle(c.Sessions / 4) // what is allocated once
	before := resident()
	if before == 0 {
		t.Skip("the memory of the process cannot be read here")
	}
	cycle(c.Sessions)
	// The system's allocator takes and gives back in steps: a leak of a few
	// hundred bytes per session is above what is allowed for them.
	if grown := resident() - before; grown > 2<<20+256*c.Sessions {
		t.Errorf("%d sessions leave %d kB, %d bytes per session", c.Sessions, grown>>10, grown/c.Sessions)
	} else {
		t.Logf("%d sessions leave %d kB", c.Sessions, grown>>10)
	}
}

// resident returns the bytes that the process has in memory, after a
// collection, or 0 where the system does not tell.
func resident() int {
	runtime.GC()
	debug.FreeOSMemory()
	return residentBytes()
}

// testNoAllocs checks that a run allocates nothing.
func testNoAllocs(t *testing.T, c Config) {
	if c.Allocates || raceEnabled {
		t.Skip("not to be expected")
	}
	b, _, _ := bindLLRNet(t, open(t, c, must(t)(LLRNet(32, 8))), 100, 8)
	conv := open(t, c, must(t)(DeepRx(1, 8, 12)))
	p, err := NewPorts(conv.Model(), 1, 3)
	if err != nil {
		t.Fatal(err)
	}
	convB, err := conv.Bind(p.Inputs, p.Outputs)
	if err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string]*accel.Binding{"LLRNet": b, "DeepRx": convB} {
		if n := testing.AllocsPerRun(20, func() {
			if err := b.Run(); err != nil {
				t.Error(err)
			}
		}); n != 0 {
			t.Errorf("%s: %v allocations per run, want 0", name, n)
		}
	}
}
