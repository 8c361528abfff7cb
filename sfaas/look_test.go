// SPDX-License-Identifier: Apache-2.0

package sfaas_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/neuroran/neuroran/sfaas"
)

// ledgerOf is a function with two cells that always agree, and a large one.
func ledgerOf() (f sfaas.Fn[number, number], sum sfaas.Value[uint64], list sfaas.List[uint64], names sfaas.Map[string, uint64]) {
	sum = sfaas.NewValue[uint64]("sum", sfaas.Replicated)
	list = sfaas.NewList[uint64]("list", sfaas.Volatile)
	names = sfaas.NewMap[string, uint64]("names", sfaas.Sealed, sfaas.MaxBytes(64), sfaas.TTL(time.Minute))
	return sfaas.Define("ledger", func(c *sfaas.Ctx, out, in *number) error {
		*sum.Mut(c) += in.X
		list.Append(c, in.X)
		names.Set(c, c.Key().String(), in.X)
		*out = *in
		return nil
	}, sfaas.FunctionConfig{}, sum, list, names), sum, list, names
}

// TestLookOfNothing gives what looks at cells, and Leave, nothing to look at or to ask.
func TestLookOfNothing(t *testing.T) {
	g := sfaas.NewGraph("g")
	f := sfaas.Define("f", func(_ *sfaas.Ctx, _, _ *number) error { return nil }, sfaas.FunctionConfig{})
	sfaas.Apply(sfaas.Source[number](g, "in"), f)
	in := sfaas.Source[number](g, "more")
	sfaas.Sink(in, "out")
	rt, ctx, key := start(t, build(t, g)), context.Background(), sfaas.NewKey(sfaas.KindCell, 1)
	s, err := sfaas.OpenSnapshot(bytes.NewReader(snapshotOf(t, rt)), nil)
	if err != nil {
		t.Fatal(err)
	}
	look := func(*sfaas.Ctx) error { return nil }
	_, keys := rt.Keys(ctx, nil)
	for name, err := range map[string]error{
		"function": rt.Read(ctx, nil, key, look), "look": rt.Read(ctx, f, key, nil), "keys": keys,
		"of a snapshot": s.Read(nil, key, look), "look at a snapshot": s.Read(f, key, nil), "leave": rt.Leave(ctx, nil, sfaas.MoveConfig{}),
		"push": in.PushValue(nil, key, 1, &number{}),
	} {
		if bad := (*sfaas.OptionError)(nil); !errors.As(err, &bad) {
			t.Errorf("%s: got %v, want an OptionError", name, err)
		}
	}
}

// TestNilHandlers declares functions and ports without a handler: Build names each.
func TestNilHandlers(t *testing.T) {
	r := sfaas.Ref[wake]("f")
	f := sfaas.Define[number, number]("f", nil, sfaas.FunctionConfig{}, r.On(nil))
	e := sfaas.DefineEach[number, number]("e", nil, sfaas.FunctionConfig{})
	g := sfaas.NewGraph("g")
	in := sfaas.Source[number](g, "in")
	sfaas.Apply(sfaas.Apply(in, f), e)
	sfaas.Control(sfaas.Source[note](g, "notes"), sfaas.OnSetting[note](f, nil))
	_, err := g.Build()
	if n := strings.Count(fmt.Sprint(err), "has no handler"); n != 4 {
		t.Errorf("%d of 4 are named: %v", n, err)
	}
}

// TestRead reads cells while messages flow: those of one key belong to one moment.
func TestRead(t *testing.T) {
	f, sum, list, names := ledgerOf()
	g := sfaas.NewGraph("g")
	in := sfaas.Source[number](g, "in")
	sfaas.Apply(in, f)
	rt := start(t, build(t, g), sfaas.WithWorkers(3))
	ctx := context.Background()
	key := func(i uint64) sfaas.Key { return sfaas.NewKey(sfaas.KindCell, i) }
	var wg sync.WaitGroup
	wg.Go(func() {
		for i := range uint64(3000) {
			push(t, in, rt, key(i%5), sfaas.Slot(i), i)
		}
	})
	for i := range uint64(300) {
		var total, parts uint64
		err := rt.Read(ctx, f, key(i%5), func(c *sfaas.Ctx) error {
			total, _ = sum.Get(c)
			for _, x := range list.All(c) {
				parts += *x
			}
			if n := names.Len(c); n > 1 || (n == 1) != (total > 0 || list.Len(c) > 0) {
				t.Errorf("%d names with a sum of %d", n, total)
			}
			return nil
		})
		if err != nil || total != parts {
			t.Fatalf("sum %d, list %d: %v", total, parts, err)
		}
	}
	wg.Wait()
	drain(t, rt)
	keys, err := rt.Keys(ctx, f)
	if want := []sfaas.Key{key(0), key(1), key(2), key(3), key(4)}; err != nil || !slices.Equal(keys, want) {
		t.Errorf("keys %v, %v, want %v", keys, err, want)
	}
	var cell *sfaas.CellError
	other := sfaas.NewValue[uint64]("sum", sfaas.Replicated)
	for name, look := range map[string]func(c *sfaas.Ctx) error{
		"set":         func(c *sfaas.Ctx) error { sum.Set(c, 7); return nil },
		"append":      func(c *sfaas.Ctx) error { list.Append(c, 7); return nil },
		"delete":      func(c *sfaas.Ctx) error { names.Delete(c, key(1).String()); return nil },
		"cancel":      func(c *sfaas.Ctx) error { c.Cancel(1); return nil },
		"another":     func(c *sfaas.Ctx) error { other.Get(c); return nil },
		"send":        func(c *sfaas.Ctx) error { sfaas.Ref[number]("ledger").Send(c, c.Key()); return nil },
		"not copied":  func(c *sfaas.Ctx) error { names.Len(c); return nil },
		"no resource": func(c *sfaas.Ctx) error { sfaas.NewScratch[int]("s", nil, nil).Get(c); return nil },
	} {
		if err := rt.Read(ctx, f, key(1), look, sum, list); !errors.As(err, &cell) {
			t.Errorf("%s: got %v, want a CellError", name, err)
		}
	}
	var after uint64
	if err := rt.Read(ctx, f, key(1), func(c *sfaas.Ctx) error { after, _ = sum.Get(c); c.Log(); return c.Err() }); err != nil || after != 899100 {
		t.Errorf("after those: %d, %v", after, err)
	}
	if err := rt.Read(ctx, f, key(9), func(c *sfaas.Ctx) error {
		if _, ok := sum.Get(c); ok || c.Key() != key(9) || c.Self().Function != "ledger" {
			t.Error("a key that was never used has content")
		}
		return errors.New("mine")
	}); err == nil || err.Error() != "mine" {
		t.Errorf("got %v, want the error of who looks", err)
	}
}

// TestReadElsewhere reads what is not there: a function of another graph, a cell that the
// function does not have, a unit that has moved, a runtime that has closed.
func TestReadElsewhere(t *testing.T) {
	f, sum, _, _ := ledgerOf()
	g := sfaas.NewGraph("g")
	in := sfaas.Source[number](g, "in")
	sfaas.Apply(in, f)
	a, b := pair(t, build(t, g))
	ctx, key := context.Background(), sfaas.NewKey(sfaas.KindCell, 1)
	push(t, in, a, key, 1, 5)
	drain(t, a)
	none := func(*sfaas.Ctx) error { return nil }
	var wiring *sfaas.WiringError
	g2, _, _, _ := ledgerOf()
	if err := a.Read(ctx, g2, key, none); !errors.As(err, &wiring) {
		t.Errorf("function of another graph: %v", err)
	}
	if _, err := a.Keys(ctx, g2); !errors.As(err, &wiring) {
		t.Errorf("keys of it: %v", err)
	}
	var cell *sfaas.CellError
	if err := a.Read(ctx, f, key, none, sfaas.NewValue[uint64]("x", sfaas.Volatile)); !errors.As(err, &cell) {
		t.Errorf("another cell: %v", err)
	}
	var moved *sfaas.MovedError
	if err := b.Read(ctx, f, key, none); !errors.As(err, &moved) || moved.Owner != 1 {
		t.Errorf("not the owner: %v", err)
	}
	if _, err := moveOf(ctx, a, b, f, key); err != nil {
		t.Fatal(err)
	}
	if err := a.Read(ctx, f, key, none); !errors.As(err, &moved) || moved.Owner != 2 {
		t.Errorf("no more the owner: %v", err)
	}
	got := uint64(0)
	if err := b.Read(ctx, f, key, func(c *sfaas.Ctx) error { got, _ = sum.Get(c); return nil }, sum); err != nil || got != 5 {
		t.Errorf("the new owner has %d, %v", got, err)
	}
	if keys, err := a.Keys(ctx, f); err != nil || len(keys) != 0 {
		t.Errorf("keys that have left: %v, %v", keys, err)
	}
	b.Close()
	if err := b.Read(ctx, f, key, none); !errors.Is(err, sfaas.ErrClosed) {
		t.Errorf("closed: %v", err)
	}
	if _, err := b.Keys(ctx, f); !errors.Is(err, sfaas.ErrClosed) {
		t.Errorf("keys of a closed runtime: %v", err)
	}
}

// TestOpenSnapshot reads a snapshot without a runtime, typed and as bytes, as of its
// moment.
func TestOpenSnapshot(t *testing.T) {
	f, sum, list, names := ledgerOf()
	g := sfaas.NewGraph("g")
	in := sfaas.Source[number](g, "in")
	sfaas.Apply(sfaas.Apply(in, f), sfaas.Define("stateless", func(_ *sfaas.Ctx, _ *sfaas.None, _ *number) error { return nil }, sfaas.FunctionConfig{}))
	seal := sfaas.NewSealer([32]byte{1})
	rt := start(t, build(t, g), sfaas.WithSealer(seal), sfaas.WithWorkers(2))
	cell := func(i uint64) sfaas.Key { return sfaas.NewKey(sfaas.KindCell, i) }
	for i := range uint64(8) {
		push(t, in, rt, cell(i%3), sfaas.Slot(i), i)
	}
	drain(t, rt)
	data := snapshotOf(t, rt)
	open := func(s sfaas.Sealer) *sfaas.Snapshot {
		t.Helper()
		snap, err := sfaas.OpenSnapshot(bytes.NewReader(data), s)
		if err != nil {
			t.Fatal(err)
		}
		return snap
	}
	snap := open(seal)
	if got := snap.Functions(); !slices.Equal(got, []string{"ledger"}) {
		t.Errorf("functions %v", got)
	}
	if got := snap.Keys("ledger"); !slices.Equal(got, []sfaas.Key{cell(0), cell(1), cell(2)}) {
		t.Errorf("keys %v", got)
	}
	err := snap.Read(f, cell(1), func(c *sfaas.Ctx) error {
		total, _ := sum.Get(c)
		var all []uint64
		for _, x := range list.All(c) {
			all = append(all, *x)
		}
		last, _ := names.Get(c, cell(1).String())
		if total != 12 || !slices.Equal(all, []uint64{1, 4, 7}) || last != 7 {
			t.Errorf("sum %d, list %v, last %d", total, all, last)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	var sealed *sfaas.CellError
	if err := open(nil).Read(f, cell(1), func(*sfaas.Ctx) error { return nil }); !errors.As(err, &sealed) || sealed.Cell != "names" {
		t.Errorf("without a sealer: %v", err)
	}
	if err := open(nil).Read(f, cell(1), func(c *sfaas.Ctx) error { sum.Get(c); return nil }, sum); err != nil {
		t.Errorf("another cell without a sealer: %v", err)
	}
	if err := open(sfaas.NewSealer([32]byte{2})).Read(f, cell(1), func(*sfaas.Ctx) error { return nil }); !errors.Is(err, sfaas.ErrSnapshot) {
		t.Errorf("with another sealer: %v", err)
	}
	other := sfaas.NewValue[uint32]("sum", sfaas.Replicated)
	wrong := sfaas.Define("ledger", func(*sfaas.Ctx, *number, *number) error { return nil }, sfaas.FunctionConfig{}, other)
	if err := snap.Read(wrong, cell(1), func(*sfaas.Ctx) error { return nil }); !errors.Is(err, sfaas.ErrSnapshot) {
		t.Errorf("with other fields: %v", err)
	}
	raw := snap.Cells("ledger", cell(1))
	if diff := cmp.Diff([]byte{1, 0, 8, 0, 0, 0, 12, 0, 0, 0, 0, 0, 0, 0}, raw["sum"]); diff != "" || len(raw) != 3 {
		t.Errorf("%d cells; sum as bytes (-want +got):\n%s", len(raw), diff)
	}
	for i := range data {
		bad := slices.Clone(data)
		bad[i] ^= 0x10
		if _, err := sfaas.OpenSnapshot(bytes.NewReader(bad), seal); !errors.Is(err, sfaas.ErrSnapshot) {
			t.Fatalf("byte %d is damaged: %v", i, err)
		}
	}
}
