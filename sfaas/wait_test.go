// SPDX-License-Identifier: Apache-2.0

package sfaas_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/neuroran/neuroran/sfaas"
)

// secret is a message that nobody may read in a snapshot.
type secret struct{ Text [32]byte }

const delay = 150 * time.Millisecond // of messages that wait for their time

const plaintext = "the key of the bearer is 0123456"

// hall is a graph in which everything waits: "gated" for its grant, "pair" for
// a partner, "spread" for its cell, "note" for its time, "pair" for a reply of
// "gated". The sink notes what comes out.
type hall struct {
	rt                             *sfaas.Runtime
	data, grants, left, right, all sfaas.Input[number]
	keys                           sfaas.Input[secret]
	gated                          sfaas.Fn[number, number]
	pair                           sfaas.Fn[sfaas.Pair[number, number], number]

	mu  sync.Mutex
	out map[string]uint64
}

func newHall(t testing.TB, opts ...sfaas.Option) *hall {
	t.Helper()
	h := &hall{out: map[string]uint64{}}
	note := func(what string, x uint64) {
		h.mu.Lock()
		h.out[what] += x
		h.mu.Unlock()
	}
	cfg := sfaas.FunctionConfig{Window: 100}
	vault := sfaas.NewValue[secret]("vault", sfaas.Sealed)
	gated := sfaas.Define("gated", func(c *sfaas.Ctx, out, in *number) error {
		s, _ := vault.Get(c)
		out.X = in.X + 1000*uint64(len(bytes.Trim(s.Text[:], "\x00")))
		note("gated "+c.Key().String(), out.X)
		return nil
	}, cfg, vault)
	grant := sfaas.OnControl(gated, func(*sfaas.Ctx, *number) error { return nil })
	set := sfaas.OnSetting(gated, func(c *sfaas.Ctx, s *secret) error { vault.Set(c, *s); return nil })
	toGated, toNote := sfaas.CallRef[number, number]("gated"), sfaas.Ref[number]("note")
	pair := sfaas.Define("pair", func(c *sfaas.Ctx, out *number, in *sfaas.Pair[number, number]) error {
		a, b := in.A, in.B
		out.X = a.X * b.X
		x, _ := toNote.After(c, c.Key(), delay)
		x.X = a.X
		y, _ := toGated.Call(c, sfaas.NewKey(sfaas.KindCell, 9), time.Minute)
		y.X = b.X
		note("pair "+c.Key().String(), out.X)
		return nil
	}, cfg, toNote, toGated.OnReply(func(c *sfaas.Ctx, r sfaas.Reply[number]) error {
		if r.Err == nil {
			note("reply "+c.Key().String(), r.Out.X)
		}
		return nil
	}))
	later := sfaas.Define("note", func(c *sfaas.Ctx, _, in *number) error {
		note("delayed "+c.Key().String(), in.X)
		return sfaas.ErrNoOutput
	}, cfg)
	spread := sfaas.Define("spread", func(c *sfaas.Ctx, _ *number, in *sfaas.Pair[number, number]) error {
		cell, ue := in.A, in.B
		note("spread "+c.Key().String(), 100*cell.X+ue.X)
		return sfaas.ErrNoOutput
	}, cfg)
	h.gated, h.pair = gated, pair
	g := sfaas.NewGraph("hall")
	exact := sfaas.EdgeConfig{Guarantee: sfaas.ExactlyOnce}
	h.data, h.grants, h.keys = sfaas.Source[number](g, "data"), sfaas.Source[number](g, "grants"), sfaas.Source[secret](g, "keys")
	h.left, h.right, h.all = sfaas.Source[number](g, "left"), sfaas.Source[number](g, "right"), sfaas.Source[number](g, "all")
	sfaas.Sink(sfaas.Apply(h.data.With(exact), gated), "out")
	sfaas.Control(h.grants.With(exact), grant)
	sfaas.Control(h.keys.With(exact), set)
	sfaas.Apply(sfaas.Join(h.left.With(exact), h.right.With(exact)), pair)
	sfaas.Apply(sfaas.Join(h.all.Spread(), h.left), spread)
	sfaas.Apply(sfaas.Source[number](g, "unused"), later)
	app, err := g.Build()
	if err != nil {
		t.Fatal(err)
	}
	opts = append([]sfaas.Option{sfaas.WithSealer(sfaas.NewSealer([32]byte{3})), sfaas.WithLogger(quietLog), sfaas.WithMode(sfaas.Replay)}, opts...)
	if h.rt, err = sfaas.NewRuntime(app, opts...); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.rt.Close() })
	return h
}

func (h *hall) push(t testing.TB, in sfaas.Input[number], key sfaas.Key, slot sfaas.Slot, x uint64) {
	t.Helper()
	if err := in.PushValue(h.rt, key, slot, &number{x}); err != nil {
		t.Fatal(err)
	}
}

// fill leaves something waiting at every place.
func (h *hall) fill(t testing.TB) {
	t.Helper()
	h.push(t, h.data, sfaas.NewKey(sfaas.KindCell, 1), 5, 7)                        // waits for its grant
	h.push(t, h.data, sfaas.NewKey(sfaas.KindCell, 1), 6, 8)                        // waits behind it
	h.push(t, h.grants, sfaas.NewKey(sfaas.KindCell, 2), 5, 0)                      // waits for data of its slot
	h.push(t, h.left, sfaas.NewKey(sfaas.KindCell, 3), 5, 3)                        // waits for right
	h.push(t, h.right, sfaas.NewKey(sfaas.KindCell, 4), 5, 4)                       // waits for left
	h.push(t, h.all, sfaas.NewKey(sfaas.KindCell, 5), 5, 6)                         // waits for its users
	h.push(t, h.left, sfaas.NewKey(sfaas.KindCell, 6), 5, 2)                        // joins with the next:
	h.push(t, h.right, sfaas.NewKey(sfaas.KindCell, 6), 5, 5)                       // a delayed message and a call that waits for its grant
	h.push(t, h.left, sfaas.NewKey(sfaas.KindCell, 7).Child(sfaas.KindUE, 1), 5, 1) // waits for right and for its cell
	s := secret{}
	copy(s.Text[:], plaintext)
	if err := h.keys.PushValue(h.rt, sfaas.NewKey(sfaas.KindCell, 2), 5, &s); err != nil { // waits for data, and is secret
		t.Fatal(err)
	}
	drain(t, h.rt)
}

// finish brings what the others wait for.
func (h *hall) finish(t testing.TB) {
	t.Helper()
	h.push(t, h.grants, sfaas.NewKey(sfaas.KindCell, 1), 5, 0)
	h.push(t, h.grants, sfaas.NewKey(sfaas.KindCell, 1), 6, 0)
	h.push(t, h.data, sfaas.NewKey(sfaas.KindCell, 2), 5, 9)
	h.push(t, h.right, sfaas.NewKey(sfaas.KindCell, 3), 5, 30)
	h.push(t, h.left, sfaas.NewKey(sfaas.KindCell, 4), 5, 40)
	h.push(t, h.left, sfaas.NewKey(sfaas.KindCell, 5).Child(sfaas.KindUE, 2), 5, 2)
	h.push(t, h.all, sfaas.NewKey(sfaas.KindCell, 7), 5, 8)
	for _, k := range []uint64{3, 4, 9} {
		h.push(t, h.grants, sfaas.NewKey(sfaas.KindCell, k), 5, 0)
	}
	drain(t, h.rt)
	time.Sleep(delay)
	for range 200 { // the machine may be busy
		drain(t, h.rt)
		if h.heard("delayed cell3", "delayed cell4", "delayed cell6") {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// heard reports whether all of some results are there.
func (h *hall) heard(what ...string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, w := range what {
		if h.out[w] == 0 {
			return false
		}
	}
	return true
}

func (h *hall) results() map[string]uint64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	out := h.out
	h.out = map[string]uint64{}
	return out
}

// TestSnapshotWaits takes a snapshot while messages wait everywhere, and
// continues in another runtime with another number of workers: what comes out
// after the cut is the same, no plaintext is in the bytes.
func TestSnapshotWaits(t *testing.T) {
	for _, workers := range [][2]int{{1, 1}, {1, 3}, {3, 1}, {2, 2}} {
		a := newHall(t, sfaas.WithWorkers(workers[0]))
		a.fill(t)
		snap := snapshotOf(t, a.rt)
		if bytes.Contains(snap, []byte("0123456")) {
			t.Error("plaintext in the snapshot")
		}
		before := a.results()
		if d := cmp.Diff(map[string]uint64{"pair cell6": 10}, before); d != "" {
			t.Fatalf("before the cut: -want +got\n%s", d)
		}
		b := newHall(t, sfaas.WithWorkers(workers[1]))
		if err := b.rt.Restore(context.Background(), bytes.NewReader(snap)); err != nil {
			t.Fatal(err)
		}
		a.finish(t)
		b.finish(t)
		want, got := a.results(), b.results()
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("workers %v: -want +got\n%s", workers, d)
		}
		for _, what := range []string{"gated cell1", "gated cell2", "pair cell3", "pair cell4", "spread cell5/ue2", "delayed cell6", "reply cell6", "spread cell7/ue1", "reply cell3"} {
			if want[what] == 0 {
				t.Errorf("%s: nothing came out: %v", what, want)
			}
		}
		if p, ok := b.data.Position(b.rt, sfaas.NewKey(sfaas.KindCell, 1)); !ok || p != (sfaas.Position{Slot: 6, Count: 1}) {
			t.Errorf("position %v, %v", p, ok)
		}
		if err := b.rt.Restore(context.Background(), bytes.NewReader(snap)); !errors.Is(err, sfaas.ErrNotEmpty) {
			t.Errorf("second restore: %v", err)
		}
	}
}

// TestSnapshotLinked cuts two linked runtimes, between which functions are
// spread, into one snapshot, and continues in a third one.
func TestSnapshotLinked(t *testing.T) {
	a := newHall(t, sfaas.WithWorkers(2))
	b := newHall(t, sfaas.WithWorkers(2), sfaas.WithDefaultOwner(a.rt.Node()))
	if err := sfaas.Link(a.rt, b.rt); err != nil {
		t.Fatal(err)
	}
	move := func() {
		for _, key := range []sfaas.Key{sfaas.NewKey(sfaas.KindCell, 1), sfaas.NewKey(sfaas.KindCell, 3), sfaas.NewKey(sfaas.KindCell, 6)} {
			for _, f := range []sfaas.Function{a.gated, a.pair} {
				u, err := a.rt.App().Unit(f.Name(), key)
				if err != nil {
					t.Fatal(err)
				}
				if _, err := a.rt.MoveUnit(context.Background(), u, b.rt.Node(), sfaas.MoveConfig{}); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	a.fill(t)
	move()
	var snaps [][]byte
	for _, h := range []*hall{a, b} {
		snaps = append(snaps, snapshotOf(t, h.rt))
	}
	before := a.results()
	want := newHall(t, sfaas.WithWorkers(1)) // the same without moves and snapshots
	want.fill(t)
	want.finish(t)
	for i, snap := range snaps {
		c := newHall(t, sfaas.WithWorkers(3))
		if err := c.rt.Restore(context.Background(), bytes.NewReader(snap)); err != nil {
			t.Fatal(err)
		}
		c.finish(t)
		got := c.results()
		for k, x := range before {
			got[k] += x
		}
		if i == 0 {
			if d := cmp.Diff(want.results(), got); d != "" {
				t.Errorf("-want +got\n%s", d)
			}
			want.out = got
		} else if d := cmp.Diff(want.results(), got); d != "" {
			t.Errorf("snapshot of the other runtime: -want +got\n%s", d)
		}
	}
	if err := b.rt.Restore(context.Background(), bytes.NewReader(snaps[0])); !errors.Is(err, sfaas.ErrLinked) {
		t.Errorf("restore to a standby: %v", err)
	}
}

// TestSnapshotUnderLoad takes snapshots while sources push: each is a cut, and
// the source that continues behind it makes every counter exact.
func TestSnapshotUnderLoad(t *testing.T) {
	const keys, total = 4, 2000
	make := func() (*sfaas.Runtime, sfaas.Input[number], *[keys]uint64) {
		last := new([keys]uint64)
		n := sfaas.NewValue[uint64]("n", sfaas.Replicated)
		count := sfaas.Define("count", func(c *sfaas.Ctx, out, in *number) error {
			*n.Mut(c)++
			x, _ := n.Get(c)
			if out.X = x; x != in.X {
				out.X = 0
			}
			return nil
		}, sfaas.FunctionConfig{}, n)
		g := sfaas.NewGraph("load")
		in := sfaas.Source[number](g, "in")
		exact := sfaas.EdgeConfig{Guarantee: sfaas.ExactlyOnce}
		out := sfaas.Sink(sfaas.Apply(in.With(exact), count).With(exact), "out")
		app, err := g.Build()
		if err != nil {
			t.Fatal(err)
		}
		rt, err := sfaas.NewRuntime(app, sfaas.WithWorkers(2), sfaas.WithOutput(out, func(h sfaas.Header, x *number) {
			id, _ := h.Key.ID(sfaas.KindCell)
			last[id] = x.X
		}))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { rt.Close() })
		return rt, in, last
	}
	feed := func(rt *sfaas.Runtime, in sfaas.Input[number], key sfaas.Key, from, to uint64) {
		for x := from; x <= to; {
			if err := in.PushValue(rt, key, sfaas.Slot(x), &number{x}); err == nil {
				x++
			} else if !errors.Is(err, sfaas.ErrBusy) {
				t.Error(err)
				return
			} else {
				time.Sleep(20 * time.Microsecond)
			}
		}
	}
	a, in, _ := make()
	var wg sync.WaitGroup
	for k := range uint64(keys) {
		wg.Go(func() { feed(a, in, sfaas.NewKey(sfaas.KindCell, k), 1, total) })
	}
	var cuts [][]byte
	for range 5 {
		cuts = append(cuts, snapshotOf(t, a))
		time.Sleep(time.Millisecond)
	}
	wg.Wait()
	for i, cut := range cuts {
		b, in, last := make()
		if err := b.Restore(context.Background(), bytes.NewReader(cut)); err != nil {
			t.Fatal(err)
		}
		for k := range uint64(keys) {
			p, _ := in.Position(b, sfaas.NewKey(sfaas.KindCell, k))
			feed(b, in, sfaas.NewKey(sfaas.KindCell, k), uint64(p.Slot)+1, total+1)
		}
		drain(t, b)
		if want := [keys]uint64{total + 1, total + 1, total + 1, total + 1}; *last != want {
			t.Errorf("cut %d: counters %v, want %v", i, *last, want)
		}
	}
}

// TestSnapshotPayload refuses to lose what it cannot store.
func TestSnapshotPayload(t *testing.T) {
	type odd struct{ P *int }
	f := sfaas.Define("f", func(*sfaas.Ctx, *number, *odd) error { return nil }, sfaas.FunctionConfig{})
	grant := sfaas.OnControl(f, func(*sfaas.Ctx, *number) error { return nil })
	g := sfaas.NewGraph("odd")
	in := sfaas.Source[odd](g, "in")
	sfaas.Apply(in, f)
	sfaas.Control(sfaas.Source[number](g, "grants"), grant)
	app, err := g.Build()
	if err != nil {
		t.Fatal(err)
	}
	rt, err := sfaas.NewRuntime(app)
	if err != nil {
		t.Fatal(err)
	}
	defer rt.Close()
	if err := in.PushValue(rt, sfaas.NewKey(sfaas.KindCell, 1), 1, &odd{}); err != nil {
		t.Fatal(err)
	}
	var p *sfaas.PayloadError
	if err := rt.Snapshot(context.Background(), new(bytes.Buffer)); !errors.As(err, &p) || p.Port != "in" || !strings.Contains(p.Reason, "P is a ptr") {
		t.Errorf("got %v, want a *PayloadError of in", err)
	}
}

// TestSnapshotOtherGraph restores messages that wait into a graph in which
// functions and edges have changed their places, and refuses one whose messages
// have other fields, or which has no place for them.
func TestSnapshotOtherGraph(t *testing.T) {
	start := func(g *sfaas.Graph) *sfaas.Runtime {
		app, err := g.Build()
		if err != nil {
			t.Fatal(err)
		}
		rt, err := sfaas.NewRuntime(app, sfaas.WithWorkers(1))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { rt.Close() })
		return rt
	}
	exact := sfaas.EdgeConfig{Guarantee: sfaas.ExactlyOnce}
	got := uint64(0)
	gated := func(g *sfaas.Graph, name string) (in, grants sfaas.Input[number]) {
		f := sfaas.Define(name, func(_ *sfaas.Ctx, _, in *number) error { got += in.X; return nil }, sfaas.FunctionConfig{})
		grant := sfaas.OnControl(f, func(*sfaas.Ctx, *number) error { return nil })
		in, grants = sfaas.Source[number](g, "in"), sfaas.Source[number](g, "grants")
		sfaas.Apply(in.With(exact), f)
		sfaas.Control(grants, grant)
		return in, grants
	}
	g := sfaas.NewGraph("old")
	in, _ := gated(g, "f")
	a := start(g)
	if err := in.PushValue(a, sfaas.NewKey(sfaas.KindCell, 1), 1, &number{7}); err != nil {
		t.Fatal(err)
	}
	snap := snapshotOf(t, a)

	g = sfaas.NewGraph("more")
	other := sfaas.Define("other", func(*sfaas.Ctx, *blob, *blob) error { return nil }, sfaas.FunctionConfig{})
	sfaas.Sink(sfaas.Apply(sfaas.Source[blob](g, "first"), other), "before")
	_, grants := gated(g, "f")
	b := start(g)
	if err := b.Restore(context.Background(), bytes.NewReader(snap)); err != nil {
		t.Fatal(err)
	}
	if err := grants.PushValue(b, sfaas.NewKey(sfaas.KindCell, 1), 1, &number{}); err != nil {
		t.Fatal(err)
	}
	if drain(t, b); got != 7 {
		t.Errorf("got %d, want 7", got)
	}

	g = sfaas.NewGraph("renamed")
	gated(g, "g")
	if err := start(g).Restore(context.Background(), bytes.NewReader(snap)); !errors.Is(err, sfaas.ErrSnapshot) || !strings.Contains(err.Error(), `no function "f"`) {
		t.Errorf("renamed function: %v", err)
	}
	type wide struct{ X, Y uint64 }
	g = sfaas.NewGraph("wide")
	f := sfaas.Define("f", func(*sfaas.Ctx, *wide, *wide) error { return nil }, sfaas.FunctionConfig{})
	sfaas.Apply(sfaas.Source[wide](g, "in").With(exact), f)
	if err := start(g).Restore(context.Background(), bytes.NewReader(snap)); !errors.Is(err, sfaas.ErrSnapshot) || !strings.Contains(err.Error(), "other fields") {
		t.Errorf("wider message: %v", err)
	}
}
