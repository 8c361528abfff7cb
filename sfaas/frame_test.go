// SPDX-License-Identifier: Apache-2.0

package sfaas_test

import (
	"bytes"
	"context"
	"errors"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/neuroran/neuroran/sfaas"
	"github.com/neuroran/neuroran/sfaas/internal/core"
	"github.com/neuroran/neuroran/sfaas/internal/state"
	"github.com/neuroran/neuroran/sfaas/sim"
	"github.com/neuroran/neuroran/tensor"
)

// wires are the two transports between two runtimes of the process. They hand frames
// over, and keep copies.
type wires struct {
	mu   sync.Mutex
	seen []seenFrame
	keep bool
}

type seenFrame struct {
	class sfaas.FrameClass
	data  []byte
}

type wire struct {
	*wires
	from, to *sfaas.Runtime
}

// Send implements sfaas.Transport.
func (w wire) Send(_ sfaas.NodeID, class sfaas.FrameClass, f *sfaas.Frame) error {
	if w.keep {
		w.mu.Lock()
		w.seen = append(w.seen, seenFrame{class, bytes.Clone(f.Bytes())})
		w.mu.Unlock()
	}
	f.Hold() // after an error it is the caller's still
	err := w.to.Receive(w.from.Node(), w.from.Incarnation(), class, f)
	if err == nil {
		f.Release()
	}
	return err
}

// wired connects two runtimes by frames.
func wired(t testing.TB, a, b *sfaas.Runtime) *wires {
	t.Helper()
	w := &wires{}
	ha, hb := a.Hello(), b.Hello()
	if _, _, err := a.Connect(wire{w, a, b}, hb); err != nil {
		t.Fatal(err)
	}
	if _, _, err := b.Connect(wire{w, b, a}, ha); err != nil {
		t.Fatal(err)
	}
	return w
}

// hidden is what a cell that is sealed holds; its bytes are easily seen.
type hidden struct{ Text [16]byte }

var password = hidden{Text: [16]byte([]byte("correct-horse-16"))}

// talk is a program that says everything to others that there is to say: messages with
// and without promises, calls, delayed messages, topics, and secrets.
type talk struct {
	app     *sfaas.App
	in      sfaas.Input[number]
	secrets sfaas.Input[hidden]
	samples sfaas.Input[block]
	ask     sfaas.Callee[number, number]
}

type block struct {
	N    uint64
	Data tensor.Tensor[complex64]
	When sfaas.Time
	Name string
}

func newTalk(t testing.TB) *talk {
	x := &talk{}
	vault := sfaas.NewValue[hidden]("vault", sfaas.Sealed)
	lock := sfaas.Define("lock", func(c *sfaas.Ctx, _, in *hidden) error { vault.Set(c, *in); return sfaas.ErrNoOutput }, sfaas.FunctionConfig{}, vault)
	sum := sfaas.NewValue[uint64]("sum", sfaas.Replicated)
	count := sfaas.Define("count", func(c *sfaas.Ctx, out, in *number) error { *sum.Mut(c) += in.X; out.X, _ = sum.Get(c); return nil }, sfaas.FunctionConfig{}, sum)
	later := sfaas.Define("later", func(*sfaas.Ctx, *number, *number) error { return sfaas.ErrNoOutput }, sfaas.FunctionConfig{})
	news := sfaas.NewTopic[number]("news").With(exactly)
	toCount, toLater := sfaas.CallRef[number, number]("count").With(exactly), sfaas.Ref[number]("later")
	tell := sfaas.Define("tell", func(c *sfaas.Ctx, out, in *number) error {
		q, _ := toCount.Call(c, sfaas.NewKey(sfaas.KindCell, in.X%5), time.Minute)
		*q = *in
		d, _ := toLater.After(c, sfaas.NewKey(sfaas.KindCell, in.X%3), time.Millisecond)
		*d = *in
		*news.Publish(c, sfaas.NewKey(sfaas.KindCell, 1)) = *in
		*out = *in
		return nil
	}, sfaas.FunctionConfig{}, toLater, news, toCount.OnReply(func(*sfaas.Ctx, sfaas.Reply[number]) error { return nil }))
	hear := sfaas.Define("hear", func(c *sfaas.Ctx, _, in *block) error { return sfaas.ErrNoOutput }, sfaas.FunctionConfig{})
	g := sfaas.NewGraph("talk")
	x.in, x.secrets, x.samples = sfaas.Source[number](g, "in"), sfaas.Source[hidden](g, "secrets"), sfaas.Source[block](g, "samples")
	sfaas.Sink(sfaas.Apply(x.in.With(exactly), tell).With(exactly).Cut("line"), "out")
	sfaas.Apply(x.secrets.With(exactly), lock)
	sfaas.Apply(x.samples, hear)
	g.Add(count)
	g.Add(later)
	x.ask = sfaas.CallRef[number, number]("count")
	x.app = build(t, g)
	return x
}

// run pushes, calls and moves units between two runtimes.
func (x *talk) run(t testing.TB, a, b *sfaas.Runtime, cells uint64) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	for i := range cells {
		key := sfaas.NewKey(sfaas.KindCell, i)
		push(t, x.in, a, key, 1, i)
		push(t, x.in, b, key, 1, i)
		if err := x.secrets.PushValue(a, key, 1, &password); err != nil {
			t.Fatal(err)
		}
		err := x.samples.Push(b, key, 1, func(d *block) error {
			d.N, d.Name, d.When = i, "samples", b.Now()
			d.Data.Resize(4, 200)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		var out number
		if err := x.ask.Invoke(ctx, b, key, 1, &out, func(n *number) error { n.X = 1; return nil }); err != nil {
			t.Fatal(err)
		}
		for _, part := range []string{"tell", "lock", "count"} {
			for _, way := range [][2]*sfaas.Runtime{{a, b}, {b, a}} {
				if _, err := way[0].MoveUnit(ctx, sfaas.Unit{Part: part, Root: key}, way[1].Node(), sfaas.MoveConfig{}); err != nil {
					t.Fatalf("%s: %v", part, err)
				}
			}
		}
	}
	drain(t, a)
	drain(t, b)
}

// TestFramesSealSecrets looks for a secret in everything that two runtimes say to each
// other while its unit moves and messages with it wait: it is nowhere.
func TestFramesSealSecrets(t *testing.T) {
	x := newTalk(t)
	a := start(t, x.app, sfaas.WithNode(1))
	b := start(t, x.app, sfaas.WithNode(2), sfaas.WithDefaultOwner(1))
	w := wired(t, a, b)
	w.keep = true
	x.run(t, a, b, 3)
	if err := x.secrets.PushValue(b, sfaas.NewKey(sfaas.KindCell, 1), 2, &password); err != nil { // over the wire
		t.Fatal(err)
	}
	drain(t, b)
	if len(w.seen) < 30 {
		t.Fatalf("%d frames", len(w.seen))
	}
	for _, f := range w.seen {
		if bytes.Contains(f.data, password.Text[:8]) {
			t.Errorf("class %v: the secret is in %q", f.class, f.data)
		}
	}
}

// TestConnectRefuses connects runtimes that cannot be: the error says what is wrong.
func TestConnectRefuses(t *testing.T) {
	x := newTalk(t)
	a := start(t, x.app, sfaas.WithNode(1))
	other := sfaas.NewGraph("other")
	sfaas.Apply(sfaas.Source[number](other, "in"), counter("f"))
	for name, c := range map[string]struct {
		b    *sfaas.Runtime
		want string
	}{
		"same number":   {start(t, x.app, sfaas.WithNode(1)), "node 1"},
		"default owner": {start(t, x.app, sfaas.WithNode(2)), "owned by default"},
		"sealer":        {start(t, x.app, sfaas.WithNode(2), sfaas.WithDefaultOwner(1), sfaas.WithSealer(sfaas.NewSealer([32]byte{1}))), "another key"},
		"graph":         {start(t, build(t, other), sfaas.WithNode(2), sfaas.WithDefaultOwner(1)), "graph other"},
	} {
		if _, _, err := a.Connect(wire{}, c.b.Hello()); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, _, err := a.Connect(wire{}, []byte("NRHELO\x03\x00")); !errors.Is(err, sfaas.ErrFrame) {
		t.Errorf("another version: %v", err)
	}
	if err := a.Receive(2, 1, sfaas.Ordered, a.Frame(20)); !errors.Is(err, sfaas.ErrUnlinked) {
		t.Errorf("a frame of nobody: %v", err)
	}
}

// twoVersions builds a graph of two parts, "a" and "b", of which the second one may
// differ: in a parameter, and in the version of its cell.
func twoVersions(t testing.TB, param, version int, reason func(uint64)) (*sfaas.App, sfaas.Input[number], sfaas.Input[number]) {
	old := sfaas.NewValue[uint64]("sum", sfaas.Replicated)
	upgraded := sfaas.NewValue[pair64]("sum", sfaas.Replicated, sfaas.Version(2, func(old []byte, _ int) ([]byte, error) {
		return append(old, make([]byte, 8)...), nil
	}))
	first := counter("a")
	cfg := sfaas.FunctionConfig{Params: struct{ P int }{param}}
	second := sfaas.Define("b", func(c *sfaas.Ctx, out, in *number) error {
		*old.Mut(c) += in.X
		out.X, _ = old.Get(c)
		reason(out.X)
		return nil
	}, cfg, old)
	if version == 2 {
		second = sfaas.Define("b", func(c *sfaas.Ctx, out, in *number) error {
			s := upgraded.Mut(c)
			s.What += in.X
			out.X = s.What
			reason(out.X)
			return nil
		}, cfg, upgraded)
	}
	g := sfaas.NewGraph("g")
	inA, inB := sfaas.Source[number](g, "inA"), sfaas.Source[number](g, "inB")
	sfaas.Sink(sfaas.Apply(inA.With(exactly), first).With(exactly), "outA")
	sfaas.Sink(sfaas.Apply(inB.With(exactly), second).With(exactly), "outB")
	return build(t, g), inA, inB
}

// TestAppsThatDiffer connects runtimes of two builds. What the parts agree about flows
// and moves; a unit whose function was made with other parameters does not move, and the
// error names it; one with an older cell moves where the content can be upgraded.
func TestAppsThatDiffer(t *testing.T) {
	for _, c := range []struct {
		name           string
		param, version int
		moves          bool
	}{{"equal", 1, 1, true}, {"another parameter", 2, 1, false}, {"a newer cell", 1, 2, true}} {
		t.Run(c.name, func(t *testing.T) {
			var mu sync.Mutex
			var got []uint64
			note := func(n uint64) { mu.Lock(); got = append(got, n); mu.Unlock() }
			appA, inA, inB := twoVersions(t, 1, 1, note)
			appB, _, newInB := twoVersions(t, c.param, c.version, note)
			a := start(t, appA, sfaas.WithNode(1))
			b := start(t, appB, sfaas.WithNode(2), sfaas.WithDefaultOwner(1))
			wired(t, a, b)
			key := sfaas.NewKey(sfaas.KindCell, 1)
			push(t, inA, a, key, 1, 1)
			push(t, inB, a, key, 1, 5)
			drain(t, a)
			ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
			defer cancel()
			if _, err := a.MoveUnit(ctx, sfaas.Unit{Part: "a", Root: key}, 2, sfaas.MoveConfig{}); err != nil {
				t.Error(err)
			}
			_, err := a.MoveUnit(ctx, sfaas.Unit{Part: "b", Root: key}, 2, sfaas.MoveConfig{})
			if (err == nil) != c.moves {
				t.Errorf("the move of b: %v", err)
			}
			if err != nil && (!errors.Is(err, sfaas.ErrDigest) || !strings.Contains(err.Error(), "part b")) {
				t.Errorf("the error does not say what differs: %v", err)
			}
			if c.moves {
				push(t, newInB, b, key, 2, 7)
			} else {
				push(t, inB, a, key, 2, 7)
			}
			drain(t, a)
			drain(t, b)
			mu.Lock()
			defer mu.Unlock()
			if !slices.Equal(got, []uint64{5, 12}) {
				t.Errorf("b has counted %v", got)
			}
		})
	}
}

// TestCapacityAcrossRuntimes lets a function of another runtime stand still behind an edge
// with room for few messages: sources of this one are refused, as they are within one.
func TestCapacityAcrossRuntimes(t *testing.T) {
	const room = 8
	gate := make(chan struct{})
	slow := sfaas.Define("slow", func(*sfaas.Ctx, *number, *number) error { <-gate; return sfaas.ErrNoOutput }, sfaas.FunctionConfig{})
	pass := sfaas.Define("pass", func(_ *sfaas.Ctx, out, in *number) error { *out = *in; return nil }, sfaas.FunctionConfig{})
	g := sfaas.NewGraph("g")
	in := sfaas.Source[number](g, "in")
	narrow := sfaas.EdgeConfig{Guarantee: sfaas.ExactlyOnce, Messages: room}
	sfaas.Apply(sfaas.Apply(in.With(exactly), pass).With(narrow).Cut("line"), slow)
	app := build(t, g)
	owners := []sfaas.Option{sfaas.WithDefaultOwner(1, "pass"), sfaas.WithDefaultOwner(2, "slow"), sfaas.WithBlockLimit(time.Minute)}
	a := start(t, app, append(owners, sfaas.WithNode(1))...)
	b := start(t, app, append(owners, sfaas.WithNode(2))...)
	wired(t, a, b)
	taken, refused := 0, 0
	for refused < 20 && taken < 1000 {
		switch err := in.PushValue(a, sfaas.NewKey(sfaas.KindCell, 1), sfaas.Slot(taken), &number{1}); {
		case err == nil:
			taken++
		case errors.Is(err, sfaas.ErrBusy):
			refused++
		default:
			t.Fatal(err)
		}
		time.Sleep(time.Millisecond)
	}
	if taken < room || taken > 2*room {
		t.Errorf("%d messages were taken, %d refused; the edge has room for %d", taken, refused, room)
	}
	close(gate)
	drain(t, a)
	push(t, in, a, sfaas.NewKey(sfaas.KindCell, 1), sfaas.Slot(taken), 1) // there is room again
	drain(t, a)
}

// TestFramesAllocate sends blocks to another runtime: once pools have filled, a message
// without promises allocates nothing on either side.
func TestFramesAllocate(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector lets pools lose")
	}
	x := newTalk(t)
	a := start(t, x.app, sfaas.WithNode(1))
	b := start(t, x.app, sfaas.WithNode(2), sfaas.WithDefaultOwner(1))
	wired(t, a, b)
	slot := sfaas.Slot(0)
	const batch = 100
	many := func() {
		slot++
		for range batch {
			err := x.samples.Push(b, sfaas.NewKey(sfaas.KindCell, 1), slot, func(d *block) error { d.N = 1; d.Data.Resize(14, 288); return nil })
			if err != nil {
				t.Fatal(err)
			}
		}
		drain(t, b)
	}
	least := uint64(1 << 60) // of many batches: pools fill, and the collector empties some
	for range 30 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		many()
		runtime.ReadMemStats(&after)
		least = min(least, after.Mallocs-before.Mallocs)
	}
	if least > batch/2 { // the wait itself allocates a little
		t.Errorf("%d allocations for %d messages", least, batch)
	}
}

func fuzzTalk(f *testing.F, engine func() sfaas.Engine) (x *talk, a, b *sfaas.Runtime, w *wires) {
	x = newTalk(f)
	sealer := sfaas.WithSealer(sfaas.NewSealer([32]byte{7}))
	a = start(f, x.app, sfaas.WithNode(1), sealer, sfaas.WithIncarnation(1), sfaas.WithEngine(engine()))
	b = start(f, x.app, sfaas.WithNode(2), sfaas.WithDefaultOwner(1), sealer, sfaas.WithIncarnation(1), sfaas.WithEngine(engine()))
	return x, a, b, wired(f, a, b)
}

// signalAt is where the kind of a signal stands in its frame.
const signalAt = 9

// FuzzFrame lets no frame of another runtime panic or hang this one: what is wrong is
// refused, and what is right has its effect, whatever that is.
func FuzzFrame(f *testing.F) { fuzzFrames(f, core.Memory) }

// FuzzHandOver is [FuzzFrame] for runtimes whose engines keep records: units are handed
// over, and old owners ask.
func FuzzHandOver(f *testing.F) {
	fuzzFrames(f, func() sfaas.Engine { return sim.NewDisk(0) })
}

func fuzzFrames(f *testing.F, engine func() sfaas.Engine) {
	x, a, b, w := fuzzTalk(f, engine)
	w.keep = true
	x.run(f, a, b, 2)
	w.keep = false
	seen := map[string]int{}
	for _, s := range w.seen {
		if kind := string(append([]byte{byte(s.class)}, s.data[:min(len(s.data), 11)][0])); seen[kind] < 12 {
			seen[kind]++
			f.Add(byte(s.class), s.data)
		}
		if s.class == sfaas.Ordered && s.data[0] == state.FrameSignal && core.SignalKind(s.data[signalAt]).String() == "outcome" {
			ask := bytes.Clone(s.data) // what the answer is to has the same content
			for ask[signalAt] = 0; core.SignalKind(ask[signalAt]).String() != "inquire"; ask[signalAt]++ {
			}
			f.Add(byte(s.class), ask)
		}
	}
	f.Fuzz(func(t *testing.T, class byte, data []byte) {
		frame := a.Frame(len(data))
		copy(frame.Bytes(), data)
		err := a.Receive(2, 1, sfaas.FrameClass(class), frame)
		if errors.Is(err, sfaas.ErrUnlinked) { // it has said that it has closed
			if _, _, err := a.Connect(wire{w, a, b}, b.Hello()); err != nil {
				t.Fatal(err)
			}
		} else if err != nil && !errors.Is(err, sfaas.ErrFrame) {
			t.Error(err)
		}
	})
}

// FuzzHello is [FuzzFrame] for what begins a connection.
func FuzzHello(f *testing.F) {
	_, a, b, w := fuzzTalk(f, core.Memory)
	f.Add(b.Hello())
	f.Fuzz(func(t *testing.T, data []byte) {
		node, life, err := a.Connect(wire{w, a, b}, data)
		if err == nil {
			a.Disconnect(node, life)
		}
	})
}
