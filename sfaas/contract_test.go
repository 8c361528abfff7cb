// SPDX-License-Identifier: Apache-2.0

package sfaas_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/neuroran/neuroran/sfaas"
)

// TestFunctionWithoutOutput runs functions that have no output, and one that is
// reached by reference alone and has no source: no dummies are needed.
func TestFunctionWithoutOutput(t *testing.T) {
	sum := sfaas.NewValue[uint64]("sum", sfaas.Replicated)
	store := sfaas.Define("store", func(c *sfaas.Ctx, _ *sfaas.None, in *number) error {
		*sum.Mut(c) += in.X
		return nil
	}, sfaas.FunctionConfig{}, sum)
	read := sfaas.Ref[number]("store")
	forward := sfaas.Define("forward", func(c *sfaas.Ctx, _ *sfaas.None, in *sfaas.Pair[number, number]) error {
		a, b := in.A, in.B
		*read.Send(c, c.Key()) = number{a.X + b.X}
		return nil
	}, sfaas.FunctionConfig{}, read)
	total := sfaas.Define("total", func(c *sfaas.Ctx, out, _ *number) error { return nil }, sfaas.FunctionConfig{})
	for _, guarantee := range []sfaas.Guarantee{sfaas.AtMostOnce, sfaas.ExactlyOnce} {
		g := sfaas.NewGraph("g")
		in := sfaas.Source[number](g, "in").With(sfaas.EdgeConfig{Guarantee: guarantee})
		source := sfaas.Source[number](g, "more")
		sfaas.Apply(sfaas.Join(in, source.With(sfaas.EdgeConfig{Guarantee: guarantee})), forward)
		g.Add(store)
		g.Add(total)
		app := build(t, g)
		rt := start(t, app)
		ctx, stop := context.WithTimeout(context.Background(), 10*time.Second)
		defer stop()
		var done sfaas.None
		err := sfaas.CallRef[number, sfaas.None]("store").Invoke(ctx, rt, sfaas.NewKey(sfaas.KindCell, 1), 1, &done, func(n *number) error { n.X = 7; return nil })
		if err != nil {
			t.Errorf("%v: call of a function without an output: %v", guarantee, err)
		}
		for _, s := range rt.Stats() {
			if s.Name == "store" && (s.Invocations != 1 || s.Faults != 0) {
				t.Errorf("%v: %+v", guarantee, s)
			}
		}
	}
}

// TestChecksCatchWhoKeepsAMessage runs a handler that keeps its input, one that
// keeps a slice of it, and one that writes to an output which has left: with checks
// the first two read what nobody has sent, and the third is logged.
func TestChecksCatchWhoKeepsAMessage(t *testing.T) {
	type blob struct {
		X uint64
		B []byte
	}
	const poison = 0xDBDBDBDBDBDBDBDB
	var kept *blob
	var part []byte
	var wrong, again, poisoned atomic.Uint64
	keep := sfaas.Define("keep", func(_ *sfaas.Ctx, _ *sfaas.None, in *blob) error {
		if kept != nil {
			switch {
			case kept == in:
				again.Add(1)
			case kept.X == poison && part[0] == 0xDB:
				poisoned.Add(1)
			case kept.X != 1 || part[0] != 1:
				wrong.Add(1) // silently another message
			}
		}
		if in.X == 1 {
			kept, part = in, in.B
		}
		return nil
	}, sfaas.FunctionConfig{})
	var out *number
	write := sfaas.Define("write", func(_ *sfaas.Ctx, o, in *number) error {
		if out != nil {
			out.X = 5
		} else {
			out = o
		}
		*o = *in
		return nil
	}, sfaas.FunctionConfig{})
	run := func(opts ...sfaas.Option) {
		kept, out = nil, nil
		wrong.Store(0)
		again.Store(0)
		poisoned.Store(0)
		g := sfaas.NewGraph("g")
		in, more := sfaas.Source[blob](g, "in"), sfaas.Source[number](g, "more")
		sfaas.Apply(in, keep)
		sfaas.Apply(sfaas.Apply(more, write), sfaas.Define("end", func(*sfaas.Ctx, *sfaas.None, *number) error { return nil }, sfaas.FunctionConfig{}))
		rt := start(t, build(t, g), opts...)
		for i := range uint64(200) {
			err := in.Push(rt, sfaas.NewKey(sfaas.KindCell, 1), sfaas.Slot(i), func(b *blob) error { b.X, b.B = i, append(b.B[:0], byte(i)); return nil })
			if err != nil {
				t.Fatal(err)
			}
			push(t, more, rt, sfaas.NewKey(sfaas.KindCell, 1), sfaas.Slot(i), i)
			drain(t, rt)
		}
		rt.Close()
	}
	run()
	if wrong.Load()+again.Load() < 100 {
		t.Error("without checks: the handler that keeps its input read no other message: the test says nothing")
	}
	var log bytes.Buffer
	run(sfaas.WithChecks(), sfaas.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
	if wrong.Load() > 0 || again.Load() > 10 || poisoned.Load() < 100 {
		t.Errorf("with checks: %d times another message, %d times the memory was used again, %d times poison", wrong.Load(), again.Load(), poisoned.Load())
	}
	if !strings.Contains(log.String(), "written after its release") || !strings.Contains(log.String(), "of=write") {
		t.Errorf("with checks: the log says nothing of the late write: %q", log.String())
	}
}

// TestTimeInCell keeps moments in cells of each kind and in a message that waits,
// and restores them on a clock that began anew: what has passed since, and what is
// left until, is as before. It is B4.
func TestTimeInCell(t *testing.T) {
	type seen struct {
		At   sfaas.Time
		Past [2]sfaas.Time
	}
	type note struct {
		When []seen
		X    uint64
	}
	value := sfaas.NewValue[seen]("value", sfaas.Replicated)
	list := sfaas.NewList[seen]("list", sfaas.Volatile)
	table := sfaas.NewMap[uint8, seen]("table", sfaas.Sealed)
	type ages struct{ Value, List, Table, Note, Never, Zero sfaas.Time }
	f := sfaas.Define("f", func(c *sfaas.Ctx, out *ages, both *sfaas.Pair[number, note]) error {
		n := both.B
		if v, ok := value.Get(c); ok {
			l, _ := list.Get(c, 0)
			m, _ := table.Get(c, 3)
			now := c.Now()
			*out = ages{now - v.At, now - l.Past[0], now - m.Past[1], now - n.When[0].At, v.Past[0], v.Past[1]}
			return nil
		}
		now := c.Now()
		value.Set(c, seen{now, [2]sfaas.Time{sfaas.Never, 0}})
		list.Append(c, seen{sfaas.Never, [2]sfaas.Time{now, 0}})
		table.Set(c, 3, seen{0, [2]sfaas.Time{0, now}})
		return sfaas.ErrNoOutput
	}, sfaas.FunctionConfig{}, value, list, table)
	g := sfaas.NewGraph("g")
	in, notes := sfaas.Source[number](g, "in"), sfaas.Source[note](g, "notes")
	sink := sfaas.Sink(sfaas.Apply(sfaas.Join(in, notes), f), "out")
	app := build(t, g)
	var clock atomic.Int64
	var got ages
	opts := []sfaas.Option{
		sfaas.WithSealer(sfaas.NewSealer([32]byte{1})), sfaas.WithClock(func() sfaas.Time { return sfaas.Time(clock.Load()) }),
		sfaas.WithOutput(sink, func(_ sfaas.Header, x *ages) { got = *x }),
	}
	tell := func(rt *sfaas.Runtime, slot sfaas.Slot) {
		err := notes.PushValue(rt, sfaas.NewKey(sfaas.KindCell, 1), slot, &note{When: []seen{{At: sfaas.Time(clock.Load())}}})
		if err != nil {
			t.Fatal(err)
		}
	}
	rt := start(t, app, opts...)
	clock.Store(int64(time.Hour))
	tell(rt, 1)
	push(t, in, rt, sfaas.NewKey(sfaas.KindCell, 1), 1, 1)
	drain(t, rt)
	tell(rt, 2) // waits for its partner, over the restore
	drain(t, rt)
	clock.Add(int64(2 * time.Second))
	data := snapshotOf(t, rt)
	rt.Close()
	clock.Store(int64(5 * time.Second)) // a process that has just started
	rt = restored(t, app, data, opts...)
	clock.Add(int64(time.Second))
	push(t, in, rt, sfaas.NewKey(sfaas.KindCell, 1), 2, 1)
	drain(t, rt)
	rt.Close()
	age := sfaas.Time(3 * time.Second)
	if want := (ages{age, age, age, age, sfaas.Never, 0}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
