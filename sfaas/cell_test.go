// SPDX-License-Identifier: Apache-2.0

package sfaas_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/neuroran/neuroran/sfaas"
)

// single runs one function with one source.
func single(t *testing.T, f sfaas.Fn[number, number], opts ...sfaas.Option) (*sfaas.Runtime, sfaas.Input[number], *uint64) {
	t.Helper()
	g := sfaas.NewGraph("single")
	in := sfaas.Source[number](g, "in")
	out := sfaas.Sink(sfaas.Apply(in, f), "out")
	app, err := g.Build()
	if err != nil {
		t.Fatal(err)
	}
	last := new(uint64)
	opts = append([]sfaas.Option{sfaas.WithWorkers(1), sfaas.WithLogger(quietLog),
		sfaas.WithOutput(out, func(_ sfaas.Header, x *number) { *last = x.X })}, opts...)
	rt, err := sfaas.NewRuntime(app, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { rt.Close() })
	return rt, in, last
}

// TestUpgrade restores the content of an older schema, and refuses content of
// a newer one.
func TestUpgrade(t *testing.T) {
	old := sfaas.NewValue[uint32]("n", sfaas.Replicated)
	v1 := sfaas.Define("f", func(c *sfaas.Ctx, out, in *number) error {
		*old.Mut(c) += uint32(in.X)
		return nil
	}, sfaas.FunctionConfig{}, old)
	wide := sfaas.NewValue[uint64]("n", sfaas.Replicated, sfaas.Version(2, func(b []byte, from int) ([]byte, error) {
		if from != 0 || len(b) != 4 {
			return nil, errors.New("unknown")
		}
		return binary.LittleEndian.AppendUint64(nil, 1000*uint64(binary.LittleEndian.Uint32(b))), nil
	}))
	v2 := sfaas.Define("f", func(c *sfaas.Ctx, out, in *number) error {
		n := wide.Mut(c)
		*n += in.X
		out.X = *n
		return nil
	}, sfaas.FunctionConfig{}, wide)
	a, inA, _ := single(t, v1)
	feed(t, a, inA, 5, 6)
	snap := snapshotOf(t, a)
	b, inB, got := single(t, v2)
	if err := b.Restore(context.Background(), bytes.NewReader(snap)); err != nil {
		t.Fatal(err)
	}
	feed(t, b, inB, 1, 2)
	if *got != 5001 {
		t.Errorf("got %d, want 5001", *got)
	}
	c, _, _ := single(t, v1)
	if err := c.Restore(context.Background(), bytes.NewReader(snapshotOf(t, b))); !errors.Is(err, sfaas.ErrSnapshot) {
		t.Errorf("newer content: %v", err)
	}
	if v1.Digest() == v2.Digest() {
		t.Error("two schemas have one digest")
	}
}

// TestTTL lets content expire.
func TestTTL(t *testing.T) {
	cell := sfaas.NewValue[uint64]("n", sfaas.Volatile, sfaas.TTL(20*time.Millisecond))
	rt, in, got := single(t, sfaas.Define("f", func(c *sfaas.Ctx, out, _ *number) error {
		n := cell.Mut(c)
		*n++
		out.X = *n
		return nil
	}, sfaas.FunctionConfig{}, cell))
	feed(t, rt, in, 0, 2)
	if *got != 2 {
		t.Errorf("got %d, want 2", *got)
	}
	time.Sleep(30 * time.Millisecond)
	feed(t, rt, in, 2, 3)
	if *got != 1 {
		t.Errorf("after the time to live: %d, want 1", *got)
	}
}

// TestResources opens a resource per worker and one per runtime, and closes
// them.
func TestResources(t *testing.T) {
	var opened, closed [2]int
	res := func(i int) (func() (int, error), func(int) error) {
		return func() (int, error) { opened[i]++; return 10 + i, nil }, func(int) error { closed[i]++; return nil }
	}
	o0, c0 := res(0)
	o1, c1 := res(1)
	scratch, shared := sfaas.NewScratch("scratch", o0, c0), sfaas.NewShared("shared", o1, c1)
	rt, in, got := single(t, sfaas.Define("f", func(c *sfaas.Ctx, out, _ *number) error {
		out.X = uint64(scratch.Get(c) * shared.Get(c))
		return nil
	}, sfaas.FunctionConfig{}, scratch, shared), sfaas.WithWorkers(3))
	feed(t, rt, in, 0, 1)
	if err := rt.Close(); err != nil {
		t.Fatal(err)
	}
	if *got != 110 || opened != [2]int{3, 1} || closed != opened {
		t.Errorf("got %d, opened %v, closed %v; want 110, [3 1] twice", *got, opened, closed)
	}
}

// TestMoveRefusesOtherConfig refuses to link graphs whose functions were
// constructed differently.
func TestMoveRefusesOtherConfig(t *testing.T) {
	make := func(gain int) *sfaas.Runtime {
		rt, _, _ := single(t, sfaas.Define("f", func(*sfaas.Ctx, *number, *number) error { return nil },
			sfaas.FunctionConfig{Params: struct{ Gain int }{gain}}), sfaas.WithDefaultOwner(1))
		return rt
	}
	if err := sfaas.Link(make(1), make(2)); !errors.Is(err, sfaas.ErrDigest) {
		t.Errorf("got %v, want ErrDigest", err)
	}
	if err := sfaas.Link(make(1), make(1)); err != nil {
		t.Error(err)
	}
}

// TestDigestKnowsForms gives two types of one name different fields.
func TestDigestKnowsForms(t *testing.T) {
	digest := func(f sfaas.Function) sfaas.Digest { return f.Digest() }
	old, wide, renamed := func() sfaas.Function {
		type state struct{ A, B uint32 }
		return sfaas.Define("f", func(*sfaas.Ctx, *number, *state) error { return nil }, sfaas.FunctionConfig{}, sfaas.NewValue[state]("s", sfaas.Volatile))
	}, func() sfaas.Function {
		type state struct{ A, B uint64 }
		return sfaas.Define("f", func(*sfaas.Ctx, *number, *state) error { return nil }, sfaas.FunctionConfig{}, sfaas.NewValue[state]("s", sfaas.Volatile))
	}, func() sfaas.Function {
		type state struct{ B, A uint32 }
		return sfaas.Define("f", func(*sfaas.Ctx, *number, *state) error { return nil }, sfaas.FunctionConfig{}, sfaas.NewValue[state]("s", sfaas.Volatile))
	}
	a := digest(old())
	if a != digest(old()) {
		t.Error("one form has two digests")
	}
	if a == digest(wide()) || a == digest(renamed()) {
		t.Error("two forms have one digest")
	}
}

// TestMapExpires writes entries that expire under ever new keys: the map keeps
// in proportion to those that have not.
func TestMapExpires(t *testing.T) {
	if raceEnabled {
		t.Skip("a bound on memory")
	}
	for _, class := range []sfaas.Class{sfaas.Volatile, sfaas.Replicated} {
		table := sfaas.NewMap[uint64, [128]uint64]("table", class, sfaas.TTL(time.Microsecond))
		keep := sfaas.NewMap[uint64, uint64]("keep", class)
		var live int
		rt, in, _ := single(t, sfaas.Define("f", func(c *sfaas.Ctx, _, in *number) error {
			for i := range uint64(100) {
				table.Mut(c, in.X*100+i)[0] = 1
			}
			keep.Set(c, in.X, 1)
			live = keep.Len(c)
			return nil
		}, sfaas.FunctionConfig{}, table, keep))
		feed(t, rt, in, 0, 20)
		before := heap()
		feed(t, rt, in, 20, 400)
		if after := heap(); after > before+8<<20 {
			t.Errorf("%v: %d bytes for 40 000 entries, %d for 2 000", class, after, before)
		}
		if live != 400 {
			t.Errorf("%v: %d entries without an end, want 400", class, live)
		}
	}
}

// recorder is an engine that keeps what it is given.
type recorder struct {
	keepsNothing
	content []byte
}

// Keeps implements sfaas.Engine.
func (*recorder) Keeps() bool { return true }

// Commit implements sfaas.Engine.
func (r *recorder) Commit(x *sfaas.Record, done func(error)) {
	for _, w := range x.Writes {
		r.content = append(append(r.content, w.Key...), w.Value...)
	}
	done(nil)
}

// TestSealedCommit looks for the content of a Sealed cell in what an engine
// stores.
func TestSealedCommit(t *testing.T) {
	var text secret
	copy(text.Text[:], plaintext)
	open := sfaas.NewValue[secret]("open", sfaas.Replicated)
	hidden := sfaas.NewValue[secret]("hidden", sfaas.Sealed)
	engine := &recorder{}
	rt, in, _ := single(t, sfaas.Define("f", func(c *sfaas.Ctx, _, _ *number) error {
		open.Set(c, text)
		hidden.Set(c, text)
		return nil
	}, sfaas.FunctionConfig{}, open, hidden), sfaas.WithEngine(engine), sfaas.WithSealer(sfaas.NewSealer([32]byte{1})))
	feed(t, rt, in, 1, 3)
	if n := bytes.Count(engine.content, text.Text[:]); n != 2 {
		t.Errorf("%d times in what the engine got, want 2: the open cell, and not the hidden one", n)
	}
}

// TestFormChanged refuses content whose fields have changed under the same
// version: it would be read as something else.
func TestFormChanged(t *testing.T) {
	type pair struct{ A, B uint32 }
	old := sfaas.NewValue[pair]("n", sfaas.Replicated)
	a, in, _ := single(t, sfaas.Define("f", func(c *sfaas.Ctx, _, _ *number) error { old.Mut(c).A = 1; return nil }, sfaas.FunctionConfig{}, old))
	feed(t, a, in, 0, 1)
	wide := sfaas.NewValue[uint64]("n", sfaas.Replicated) // as many bytes
	b, _, _ := single(t, sfaas.Define("f", func(c *sfaas.Ctx, _, _ *number) error { *wide.Mut(c) = 1; return nil }, sfaas.FunctionConfig{}, wide))
	err := b.Restore(context.Background(), bytes.NewReader(snapshotOf(t, a)))
	if !errors.Is(err, sfaas.ErrSnapshot) || !strings.Contains(err.Error(), "fields have changed") {
		t.Errorf("got %v", err)
	}
}
