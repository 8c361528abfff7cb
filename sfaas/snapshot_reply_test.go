// SPDX-License-Identifier: Apache-2.0

package sfaas_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/neuroran/neuroran/sfaas"
)

// asked is how often an instance has called, and been answered.
type asked struct{ Calls, Replies uint64 }

// TestSnapshotOfUnacknowledgedReplies takes snapshots of two linked runtimes while
// calls that promise, and their replies, are on their way between them: replies that
// nobody has acknowledged can be read back, and each call is answered once. It is the
// test of the snapshot that could not be read because a kept reply stood on an edge
// that seemed not to take it.
func TestSnapshotOfUnacknowledgedReplies(t *testing.T) {
	const keys, each = 8, 200
	vault := sfaas.Define("vault", func(_ *sfaas.Ctx, out, in *number) error { out.X = in.X + 1; return nil }, sfaas.FunctionConfig{})
	toVault := sfaas.CallRef[number, number]("vault").With(exactly)
	count := sfaas.NewValue[asked]("count", sfaas.Replicated)
	ask := sfaas.Define("ask", func(c *sfaas.Ctx, out *asked, in *number) error {
		if in.X == 0 {
			*out, _ = count.Get(c)
			return nil
		}
		count.Mut(c).Calls++
		m, _ := toVault.Call(c, sfaas.NewKey(sfaas.KindCell, 100+cellOf(c)), time.Hour)
		*m = *in
		return sfaas.ErrNoOutput
	}, sfaas.FunctionConfig{}, count, toVault.OnReply(func(c *sfaas.Ctx, r sfaas.Reply[number]) error {
		if r.Err != nil {
			t.Error(r.Err)
		}
		count.Mut(c).Replies++
		return nil
	}))
	g := sfaas.NewGraph("g")
	in := sfaas.Source[number](g, "in")
	out := sfaas.Sink(sfaas.Apply(in.With(exactly), ask).With(exactly), "out")
	g.Add(vault)
	app := build(t, g)
	var mu sync.Mutex
	got := map[sfaas.Key]asked{}
	opts := []sfaas.Option{
		sfaas.WithDefaultOwner(1, "ask"), sfaas.WithDefaultOwner(2, "vault"), sfaas.WithWorkers(2),
		sfaas.WithOutput(out, func(h sfaas.Header, x *asked) { mu.Lock(); got[h.Key] = *x; mu.Unlock() }),
	}
	a := start(t, app, append(opts, sfaas.WithNode(1))...)
	b := start(t, app, append(opts, sfaas.WithNode(2))...)
	if err := sfaas.Link(a, b); err != nil {
		t.Fatal(err)
	}
	pushed := make(chan struct{})
	go func() {
		defer close(pushed)
		for n := range sfaas.Slot(each) {
			for k := range uint64(keys) {
				push(t, in, a, sfaas.NewKey(sfaas.KindCell, k), n, 1)
			}
			time.Sleep(20 * time.Microsecond)
		}
	}()
	var cuts [][]byte
	for end := false; !end && len(cuts) < 20; time.Sleep(time.Millisecond) {
		cuts = append(cuts, snapshotOf(t, a))
		select {
		case <-pushed:
			end = true
		default:
		}
	}
	<-pushed
	for i, cut := range cuts {
		rt := restored(t, app, cut, sfaas.WithWorkers(1+i%3), opts[3])
		for k := range uint64(keys) {
			key := sfaas.NewKey(sfaas.KindCell, k)
			next := sfaas.Slot(0)
			if p, ok := in.Position(rt, key); ok {
				next = p.Slot + 1
			}
			for n := next; n < each; n++ {
				push(t, in, rt, key, n, 1)
			}
		}
		drain(t, rt)
		for k := range uint64(keys) {
			push(t, in, rt, sfaas.NewKey(sfaas.KindCell, k), each, 0)
		}
		drain(t, rt)
		mu.Lock()
		for k := range uint64(keys) {
			if x := got[sfaas.NewKey(sfaas.KindCell, k)]; x != (asked{each, each}) {
				t.Errorf("cut %d: cell %d has called %d times and heard %d replies, of %d", i, k, x.Calls, x.Replies, each)
			}
		}
		clear(got)
		mu.Unlock()
		if err := rt.Close(); err != nil && !errors.Is(err, sfaas.ErrClosed) {
			t.Error(err)
		}
	}
	t.Logf("cuts=%d", len(cuts))
}
