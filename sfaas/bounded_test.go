// SPDX-License-Identifier: Apache-2.0

package sfaas_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/neuroran/neuroran/sfaas"
	"github.com/neuroran/neuroran/sfaas/sim"
)

// subscriber has parts without a bound of their own.
type subscriber struct {
	Name  string
	Token []byte
	Hops  []hop
	Seen  uint64
}

// hop is an element with such parts.
type hop struct {
	Via   string
	Costs []uint16
}

// subscriberOf makes one that differs for each number.
func subscriberOf(n uint64) subscriber {
	s := subscriber{Name: fmt.Sprint("user ", n), Token: []byte{byte(n), 2, 3}, Seen: n}
	for i := range n % 4 {
		s.Hops = append(s.Hops, hop{fmt.Sprint("hop ", i), make([]uint16, i+1)})
	}
	return s
}

// book is a function with bounded cells of a class, of all kinds: each message adds one
// entry, and dump says what there is.
func book(class sfaas.Class) (f sfaas.Fn[number, number], dump *map[string]subscriber) {
	one := sfaas.NewValue[subscriber]("one", class, sfaas.MaxBytes(200))
	names := sfaas.NewMap[string, subscriber]("names", class, sfaas.MaxBytes(200))
	list := sfaas.NewList[[]byte]("list", class, sfaas.MaxBytes(8))
	dump = new(map[string]subscriber)
	return sfaas.Define("book", func(c *sfaas.Ctx, _, in *number) error {
		s := subscriberOf(in.X)
		one.Set(c, s)
		names.Set(c, s.Name, s)
		names.Mut(c, s.Name).Token = append(names.Mut(c, s.Name).Token, 9)
		list.Append(c, s.Token)
		*dump = map[string]subscriber{}
		for name, s := range names.All(c) {
			x, _ := names.Get(c, name)
			if !cmp.Equal(&x, s) {
				return fmt.Errorf("got %v, want %v", x, *s)
			}
			(*dump)[name] = x
		}
		(*dump)["one"], _ = one.Get(c)
		for i, b := range list.All(c) {
			(*dump)[fmt.Sprint("list ", i)] = subscriber{Token: bytes.Clone(*b)}
		}
		return nil
	}, sfaas.FunctionConfig{}, one, names, list), dump
}

// TestBoundedCells keeps strings and slices in cells of each class, and finds them again
// after a snapshot, a move and a recovery.
func TestBoundedCells(t *testing.T) {
	for _, class := range []sfaas.Class{sfaas.Volatile, sfaas.Replicated, sfaas.Sealed} {
		t.Run(class.String(), func(t *testing.T) {
			f, dump := book(class)
			seal := sfaas.WithSealer(sfaas.NewSealer([32]byte{1}))
			a, in, _ := single(t, f, seal)
			feed(t, a, in, 1, 8)
			want := *dump
			if len(want) != 7+1+7 {
				t.Fatalf("%d contents, want 15: %v", len(want), want)
			}
			snap := snapshotOf(t, a)
			if class == sfaas.Sealed && bytes.Contains(snap, []byte("user 3")) {
				t.Error("a sealed name stands in clear")
			}
			feed(t, a, in, 8, 9)
			want = *dump
			b, inB, _ := single(t, f, seal)
			if err := b.Restore(context.Background(), bytes.NewReader(snap)); err != nil {
				t.Fatal(err)
			}
			feed(t, b, inB, 8, 9)
			if diff := cmp.Diff(want, *dump); diff != "" {
				t.Errorf("after a restore (-want +got):\n%s", diff)
			}
		})
	}
}

// TestBoundedMove moves a unit with such cells, and recovers it from its records.
func TestBoundedMove(t *testing.T) {
	f, dump := book(sfaas.Replicated)
	g := sfaas.NewGraph("g")
	in := sfaas.Source[number](g, "in")
	sfaas.Apply(in.With(exactly), f)
	app, key := build(t, g), sfaas.NewKey(sfaas.KindCell, 1)
	a, b := pair(t, app)
	d := sim.NewDisk(0)
	c := start(t, app, sfaas.WithEngine(d), sfaas.WithNode(1))
	for i := range sfaas.Slot(6) {
		push(t, in, a, key, i, uint64(i))
		drain(t, a)
	}
	if _, err := moveOf(context.Background(), a, b, f, key); err != nil {
		t.Fatal(err)
	}
	push(t, in, b, key, 6, 6)
	drain(t, b)
	moved := *dump
	for i := range sfaas.Slot(6) {
		push(t, in, c, key, i, uint64(i))
		drain(t, c)
	}
	c.Close()
	r := recovered(t, app, d)
	push(t, in, r, key, 6, 6)
	drain(t, r)
	if diff := cmp.Diff(moved, *dump); diff != "" || len(moved) < 10 {
		t.Errorf("moved and recovered (-moved +recovered):\n%s", diff)
	}
}

// TestBoundRefuses sets too large values at once, in place and as keys: the invocation
// fails with what was too large, and the cells are as they were.
func TestBoundRefuses(t *testing.T) {
	text := sfaas.NewValue[string]("text", sfaas.Replicated, sfaas.MaxBytes(5))
	loose := sfaas.NewValue[[]byte]("loose", sfaas.Volatile, sfaas.MaxBytes(5))
	table := sfaas.NewMap[string, [][]byte]("table", sfaas.Replicated, sfaas.MaxBytes(5))
	fleeting := sfaas.NewMap[string, string]("fleeting", sfaas.Volatile, sfaas.MaxBytes(5))
	list := sfaas.NewList[string]("list", sfaas.Volatile, sfaas.MaxBytes(5))
	for _, tt := range []struct {
		name, cell string
		got        int
		do         func(c *sfaas.Ctx)
		lost       string // what volatile content is gone
	}{
		{"set", "text", 6, func(c *sfaas.Ctx) { text.Set(c, "123456") }, ""},
		{"set, and caught", "text", 6, func(c *sfaas.Ctx) {
			defer func() { panic(recover()) }()
			text.Set(c, "123456")
		}, ""},
		{"in place", "text", 9, func(c *sfaas.Ctx) { *text.Mut(c) += "12345" }, ""},
		{"volatile", "loose", 6, func(c *sfaas.Ctx) { loose.Set(c, make([]byte, 6)) }, ""},
		{"volatile, in place", "loose", 7, func(c *sfaas.Ctx) { p := loose.Mut(c); *p = append(*p, 1, 2, 3) }, "loose"},
		{"entry", "table", 6, func(c *sfaas.Ctx) { table.Set(c, "abc", [][]byte{{1, 2, 3}}) }, ""},
		{"empty elements", "table", 6, func(c *sfaas.Ctx) { table.Set(c, "abc", make([][]byte, 3)) }, ""},
		{"key", "table", 6, func(c *sfaas.Ctx) { table.Mut(c, "abcdef") }, ""},
		{"key that is not read", "fleeting", 6, func(c *sfaas.Ctx) { fleeting.Set(c, "abcdef", "") }, ""},
		{"entry in place", "fleeting", 6, func(c *sfaas.Ctx) { *fleeting.Mut(c, "k") += "123" }, "fleeting"},
		{"element", "list", 6, func(c *sfaas.Ctx) { list.Append(c, "123456") }, ""},
		{"element in place", "list", 6, func(c *sfaas.Ctx) { *list.Mut(c, 0) += "456" }, "list"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var faults []error
			f := sfaas.Define("f", func(c *sfaas.Ctx, out, in *number) error {
				switch in.X {
				case 0:
					text.Set(c, "1234")
					loose.Set(c, []byte{1, 2, 3, 4})
					table.Set(c, "k", [][]byte{{1}})
					fleeting.Set(c, "k", "12")
					list.Append(c, "123")
				case 1:
					tt.do(c)
				default:
					var gone []string
					if x, _ := text.Get(c); x != "1234" {
						gone = append(gone, "text")
					}
					if x, _ := loose.Get(c); len(x) != 4 {
						gone = append(gone, "loose")
					}
					if x, _ := table.Get(c, "k"); len(x) != 1 || table.Len(c) != 1 {
						gone = append(gone, "table")
					}
					if x, _ := fleeting.Get(c, "k"); x != "12" {
						gone = append(gone, "fleeting")
					}
					if x, _ := list.Get(c, 0); x != "123" {
						gone = append(gone, "list")
					}
					if got := strings.Join(gone, " "); got != tt.lost {
						t.Errorf("lost %q, want %q", got, tt.lost)
					}
					out.X = 1
				}
				return nil
			}, sfaas.FunctionConfig{}, text, loose, table, fleeting, list)
			rt, in, got := single(t, f, sfaas.WithNotices(func(n sfaas.Notice) { faults = append(faults, n.Err) }))
			feed(t, rt, in, 0, 3)
			if len(faults) != 1 || *got != 1 {
				t.Fatalf("faults %v, output %d; want one, 1", faults, *got)
			}
			var size *sfaas.SizeError
			if !errors.As(faults[0], &size) || size.Port != "cell "+tt.cell || size.Bytes != tt.got || size.Limit != 5 {
				t.Errorf("got %v, want cell %s of %d bytes, limit 5", faults[0], tt.cell, tt.got)
			}
		})
	}
}

// TestBoundCaught lets a handler go on after a refusal: nothing of it stays.
func TestBoundCaught(t *testing.T) {
	text := sfaas.NewValue[string]("text", sfaas.Replicated, sfaas.MaxBytes(5))
	rt, in, got := single(t, sfaas.Define("f", func(c *sfaas.Ctx, out, in *number) error {
		func() {
			defer func() { _ = recover() }()
			text.Set(c, strings.Repeat("x", int(in.X)))
		}()
		x, _ := text.Get(c)
		out.X = uint64(len(x))
		return nil
	}, sfaas.FunctionConfig{}, text))
	feed(t, rt, in, 4, 8)
	if *got != 5 {
		t.Errorf("got %d bytes, want 5", *got)
	}
}

// TestBoundOfContent refuses what an earlier version has written and is too large now.
func TestBoundOfContent(t *testing.T) {
	of := func(max, version int) sfaas.Fn[number, number] {
		cut := func(b []byte, _ int) ([]byte, error) {
			s, err := sfaas.Decode[string](b)
			if err != nil {
				return nil, err
			}
			s = s[:min(len(s), max)]
			return sfaas.Encode(&s)
		}
		text := sfaas.NewMap[string, string]("text", sfaas.Replicated, sfaas.MaxBytes(max+3), sfaas.Version(version, cut))
		return sfaas.Define("f", func(c *sfaas.Ctx, out, in *number) error {
			text.Set(c, "key", strings.Repeat("x", int(in.X)))
			x, _ := text.Get(c, "key")
			out.X = uint64(len(x))
			return nil
		}, sfaas.FunctionConfig{}, text)
	}
	a, in, _ := single(t, of(100, 0))
	feed(t, a, in, 80, 81)
	snap := snapshotOf(t, a)
	b, _, _ := single(t, of(50, 0))
	var size *sfaas.SizeError
	err := b.Restore(context.Background(), bytes.NewReader(snap))
	if !errors.As(err, &size) || !errors.Is(err, sfaas.ErrSnapshot) || size.Bytes != 80 || size.Limit != 53 {
		t.Errorf("got %v, want 80 bytes, limit 53", err)
	}
	c, _, _ := single(t, of(50, 1))
	if err := c.Restore(context.Background(), bytes.NewReader(snap)); err != nil {
		t.Errorf("with an upgrade that cuts it: %v", err)
	}
	if of(100, 0).Digest() == of(50, 0).Digest() {
		t.Error("two bounds have one digest")
	}
}

// TestBoundDeclared refuses cells without a bound that need one, and bounds that are none.
func TestBoundDeclared(t *testing.T) {
	type void struct{}
	for _, tt := range []struct {
		cell sfaas.Declared
		want string
	}{
		{sfaas.NewValue[string]("x", sfaas.Volatile), "state how large"},
		{sfaas.NewList[subscriber]("x", sfaas.Volatile), "state how large"},
		{sfaas.NewMap[string, uint8]("x", sfaas.Volatile), "state how large"},
		{sfaas.NewMap[uint8, []byte]("x", sfaas.Volatile), "state how large"},
		{sfaas.NewValue[string]("x", sfaas.Volatile, sfaas.MaxBytes(0)), "0 bytes, want 1 to"},
		{sfaas.NewValue[string]("x", sfaas.Volatile, sfaas.MaxBytes(1<<40)), "bytes, want 1 to"},
		{sfaas.NewValue[map[string]int]("x", sfaas.Volatile, sfaas.MaxBytes(9)), "is a map"},
		{sfaas.NewValue[[]*int]("x", sfaas.Volatile, sfaas.MaxBytes(9)), "is a ptr"},
		{sfaas.NewValue[[]void]("x", sfaas.Volatile, sfaas.MaxBytes(9)), "has no content"},
		{sfaas.NewMap[any, uint8]("x", sfaas.Volatile, sfaas.MaxBytes(9)), "is a interface"},
	} {
		g := sfaas.NewGraph("g")
		sfaas.Apply(sfaas.Source[number](g, "in"), sfaas.Define("f", func(*sfaas.Ctx, *number, *number) error { return nil }, sfaas.FunctionConfig{}, tt.cell))
		_, err := g.Build()
		var wiring *sfaas.WiringError
		if !errors.As(err, &wiring) || wiring.Port != "f.x" || !strings.Contains(wiring.Reason, tt.want) {
			t.Errorf("got %v, want f.x: %s", err, tt.want)
		}
	}
}
