// SPDX-License-Identifier: Apache-2.0

package sfaas_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/neuroran/neuroran/sfaas"
)

// TestJoinOfJoins joins three streams, pair by pair: it is one join of three.
func TestJoinOfJoins(t *testing.T) {
	type left = sfaas.Pair[number, sfaas.Pair[number, note]]
	type right = sfaas.Pair[sfaas.Pair[number, number], note]
	var got []string
	g := sfaas.NewGraph("g")
	a, b, n := sfaas.Source[number](g, "a"), sfaas.Source[number](g, "b"), sfaas.Source[note](g, "n")
	add := func(x, y *number, n *note) {
		got = append(got, n.Text+strings.Repeat("x", int(x.X))+strings.Repeat("y", int(y.X)))
	}
	sfaas.Apply(sfaas.Join(a, sfaas.Join(b, n)), sfaas.Define("left", func(_ *sfaas.Ctx, _ *sfaas.None, in *left) error {
		add(in.A, in.B.A, in.B.B)
		return nil
	}, sfaas.FunctionConfig{}))
	sfaas.Apply(sfaas.Join(sfaas.Join(a, b), n), sfaas.DefineEach("right", func(_ *sfaas.Ctx, _ sfaas.Emitter[sfaas.None], in *right) error {
		add(in.A.A, in.A.B, in.B)
		return nil
	}, sfaas.FunctionConfig{}))
	rt := start(t, build(t, g))
	key := sfaas.NewKey(sfaas.KindCell, 1)
	for i := range sfaas.Slot(3) {
		push(t, b, rt, key, i, 2)
		push(t, a, rt, key, i, uint64(i))
		if err := n.PushValue(rt, key, i, &note{"n"}); err != nil {
			t.Fatal(err)
		}
	}
	drain(t, rt)
	if s := strings.Join(got, " "); s != "nyy nyy nxyy nxyy nxxyy nxxyy" {
		t.Errorf("got %q", s)
	}
}

// TestJoinsAreChecked uses a join where one stream belongs, and a stream where a join
// belongs: Build says so, and nothing panics.
func TestJoinsAreChecked(t *testing.T) {
	type pair = sfaas.Pair[number, number]
	type four = sfaas.Pair[pair, pair]
	type embeds struct{ pair }
	none := func(*sfaas.Ctx, *sfaas.None, *pair) error { return nil }
	both := sfaas.Define("both", none, sfaas.FunctionConfig{})
	one := sfaas.Define("one", func(*sfaas.Ctx, *sfaas.None, *number) error { return nil }, sfaas.FunctionConfig{})
	const wrong = "that is the input of a function alone"
	for _, tt := range []struct {
		name, want string
		wire       func(g *sfaas.Graph, a, b sfaas.Input[number])
	}{
		{"sink", wrong, func(_ *sfaas.Graph, a, b sfaas.Input[number]) { sfaas.Sink(sfaas.Join(a, b), "out") }},
		{"select", wrong, func(_ *sfaas.Graph, a, b sfaas.Input[number]) {
			sfaas.Apply(sfaas.Select(sfaas.Join(a, b), func(p *pair) *number { return p.A }), one)
		}},
		{"with", wrong, func(_ *sfaas.Graph, a, b sfaas.Input[number]) { sfaas.Apply(sfaas.Join(a, b).With(exactly), both) }},
		{"cut", wrong, func(_ *sfaas.Graph, a, b sfaas.Input[number]) { sfaas.Apply(sfaas.Join(a, b).Cut("c"), both) }},
		{"spread", wrong, func(_ *sfaas.Graph, a, b sfaas.Input[number]) { sfaas.Apply(sfaas.Join(a, b).Spread(), both) }},
		{"control", wrong, func(_ *sfaas.Graph, a, b sfaas.Input[number]) {
			f := sfaas.Define("f", func(*sfaas.Ctx, *sfaas.None, *number) error { return nil }, sfaas.FunctionConfig{})
			sfaas.Apply(a, f)
			sfaas.Control(sfaas.Join(a, b), sfaas.OnControl(f, func(*sfaas.Ctx, *pair) error { return nil }))
		}},
		{"port", wrong, func(_ *sfaas.Graph, a, b sfaas.Input[number]) {
			port := sfaas.Ref[pair]("f")
			sfaas.Apply(a, sfaas.Define("f", func(*sfaas.Ctx, *sfaas.None, *number) error { return nil }, sfaas.FunctionConfig{},
				port.On(func(*sfaas.Ctx, *pair) error { return nil })))
			sfaas.Deliver(sfaas.Join(a, b), port)
		}},
		{"dead letters", wrong, func(_ *sfaas.Graph, a, b sfaas.Input[number]) {
			sfaas.Apply(sfaas.Join(a, b), both)
			sfaas.DeadLetter(sfaas.Join(a, b), both, sfaas.Define("bury", none, sfaas.FunctionConfig{}))
		}},
		{"source of pairs", "a Pair is made by Join", func(g *sfaas.Graph, _, _ sfaas.Input[number]) {
			sfaas.Apply(sfaas.Source[pair](g, "pairs"), both)
		}},
		{"four streams", "joins 4 streams, at most 3", func(_ *sfaas.Graph, a, b sfaas.Input[number]) {
			sfaas.Apply(sfaas.Join(sfaas.Join(a, b), sfaas.Join(a, b)), sfaas.Define("f", func(*sfaas.Ctx, *sfaas.None, *four) error { return nil }, sfaas.FunctionConfig{}))
		}},
		{"reference to a join", "takes nothing by reference", func(g *sfaas.Graph, a, b sfaas.Input[number]) {
			sfaas.Apply(sfaas.Join(a, b), both)
			sfaas.Apply(a, sfaas.Define("f", func(*sfaas.Ctx, *sfaas.None, *number) error { return nil }, sfaas.FunctionConfig{}, sfaas.Ref[number]("both")))
		}},
		{"two graphs", "joins two graphs", func(g *sfaas.Graph, a, _ sfaas.Input[number]) {
			sfaas.Apply(sfaas.Join(a, sfaas.Source[number](sfaas.NewGraph("other"), "in")), both)
		}},
		{"embedded pair", "", func(g *sfaas.Graph, _, _ sfaas.Input[number]) {
			f := sfaas.Define("f", func(*sfaas.Ctx, *sfaas.None, *embeds) error { return nil }, sfaas.FunctionConfig{})
			sfaas.Apply(sfaas.Source[embeds](g, "pairs"), f)
		}},
	} {
		g := sfaas.NewGraph("g")
		a, b := sfaas.Source[number](g, "a"), sfaas.Source[number](g, "b")
		tt.wire(g, a, b)
		_, err := g.Build()
		var w *sfaas.WiringError
		if (tt.want == "") != (err == nil) || (err != nil && (!errors.As(err, &w) || !strings.Contains(err.Error(), tt.want))) {
			t.Errorf("%s: got %v, want %q", tt.name, err, tt.want)
		}
	}
}
