// SPDX-License-Identifier: Apache-2.0

package sfaas_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/neuroran/neuroran/sfaas"
)

type pairOfNumbers = sfaas.Pair[number, number]

// TestZeroValuesInAGraph composes with what a program has forgotten to set, wherever there is
// a graph that can say so: each is a WiringError of Build that has a word, and none panics.
func TestZeroValuesInAGraph(t *testing.T) {
	var edge sfaas.Edge[number]
	var input sfaas.Input[number]
	var fn sfaas.Fn[number, number]
	var ref sfaas.Reference[number]
	var callee sfaas.Callee[number, number]
	var topic sfaas.Topic[number]
	handler := func(_ *sfaas.Ctx, out, in *number) error { *out = *in; return nil }
	define := func(declared ...sfaas.Declared) sfaas.Fn[number, number] {
		return sfaas.Define("f", handler, sfaas.FunctionConfig{}, declared...)
	}
	declares := func(d sfaas.Declared) func(*sfaas.Graph, sfaas.Input[number]) {
		return func(_ *sfaas.Graph, in sfaas.Input[number]) { sfaas.Sink(sfaas.Apply(in, define(d)), "out") }
	}
	join := func(a, b sfaas.Stream[number]) {
		f := sfaas.Define("f", func(_ *sfaas.Ctx, out *number, in *pairOfNumbers) error { return nil }, sfaas.FunctionConfig{})
		sfaas.Sink(sfaas.Apply(sfaas.Join(a, b), f), "out")
	}
	for _, c := range []struct {
		says    string
		compose func(g *sfaas.Graph, in sfaas.Input[number])
	}{
		{"zero value of an Edge", func(_ *sfaas.Graph, in sfaas.Input[number]) { join(in, edge) }},
		{"zero value of an Edge", func(_ *sfaas.Graph, in sfaas.Input[number]) { join(input, in) }},
		{"zero value of an Edge", func(_ *sfaas.Graph, in sfaas.Input[number]) { join(in, nil) }},
		{"zero value of an Edge", func(_ *sfaas.Graph, in sfaas.Input[number]) { join(in, sfaas.Apply(edge, define())) }},
		{"zero Fn", func(_ *sfaas.Graph, in sfaas.Input[number]) { sfaas.Sink(sfaas.Apply(in, fn), "out") }},
		{"zero Fn", func(g *sfaas.Graph, _ sfaas.Input[number]) { g.Add(fn) }},
		{"is nil", func(g *sfaas.Graph, _ sfaas.Input[number]) { g.Add(nil) }},
		{"zero Fn", func(g *sfaas.Graph, _ sfaas.Input[number]) { g.Buckets(fn, 4) }},
		{"zero Fn", func(_ *sfaas.Graph, in sfaas.Input[number]) { sfaas.DeadLetter(in, fn, define()) }},
		{"zero Fn", func(_ *sfaas.Graph, in sfaas.Input[number]) { sfaas.DeadLetter(in, define(), fn) }},
		{"zero Controller", func(_ *sfaas.Graph, in sfaas.Input[number]) { sfaas.Control(in, sfaas.Controller[number]{}) }},
		{"zero Controller", func(_ *sfaas.Graph, in sfaas.Input[number]) {
			sfaas.Control(in, sfaas.OnSetting(fn, func(*sfaas.Ctx, *number) error { return nil }))
		}},
		{"zero Reference", func(_ *sfaas.Graph, in sfaas.Input[number]) { sfaas.Deliver(in, ref) }},
		{"zero Reference", declares(ref.On(func(*sfaas.Ctx, *number) error { return nil }))},
		{"zero Callee", declares(callee.OnReply(func(*sfaas.Ctx, sfaas.Reply[number]) error { return nil }))},
		{"zero Topic", declares(topic.On(func(*sfaas.Ctx, *number) error { return nil }))},
		{"zero value", declares(ref)},
		{"zero value", declares(ref.With(sfaas.EdgeConfig{}))},
		{"zero value", declares(topic.With(sfaas.EdgeConfig{}))},
		{"zero value", declares(sfaas.Value[number]{})},
		{"zero value", declares(sfaas.List[number]{})},
		{"zero value", declares(sfaas.Map[uint8, number]{})},
		{"zero value", declares(sfaas.Scratch[number]{})},
		{"nil", declares(nil)},
		{"nil", declares(sfaas.NewValue[number]("v", sfaas.Volatile, nil))},
		{"nil", declares(sfaas.CallRef[number, number]("f").OnReply(nil))},
	} {
		g := sfaas.NewGraph("zero")
		c.compose(g, sfaas.Source[number](g, "in"))
		_, err := g.Build()
		if wrong := (*sfaas.WiringError)(nil); !errors.As(err, &wrong) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("got %v, want a WiringError that says %q", err, c.says)
		}
	}
}

// TestZeroValuesWithoutAGraph composes where no graph can say so: what comes of it is refused
// where it is used.
func TestZeroValuesWithoutAGraph(t *testing.T) {
	var input sfaas.Input[number]
	f := sfaas.Define("f", func(_ *sfaas.Ctx, out, in *number) error { *out = *in; return nil }, sfaas.FunctionConfig{})
	var edge sfaas.Edge[number] = input.With(sfaas.EdgeConfig{}).Cut("\n").Spread()
	sfaas.Select(edge, func(n *number) *uint64 { return &n.X })
	sfaas.Control(edge, sfaas.Controller[number]{})
	sfaas.Deliver(edge, sfaas.Ref[number]("f"))
	lost := sfaas.Sink(sfaas.Apply(sfaas.Source[number](nil, "in"), f), "out")

	g := sfaas.NewGraph("right")
	in := sfaas.Source[number](g, "in")
	sfaas.Sink(sfaas.Apply(in, f), "out")
	app := build(t, g)
	rt, key := start(t, app), sfaas.NewKey(sfaas.KindCell, 1)
	x, err := sfaas.NewRuntime(app, sfaas.WithOutput(lost, func(sfaas.Header, *number) {}))
	if err == nil {
		x.Close()
	}
	var out number
	cell := sfaas.NewValue[number]("v", sfaas.Volatile)
	h := sfaas.Define("h", func(*sfaas.Ctx, *number, *number) error { return nil }, sfaas.FunctionConfig{}, cell)
	read := func(f sfaas.Function, cells ...sfaas.Declared) error {
		return rt.Read(context.Background(), f, key, func(*sfaas.Ctx) error { return nil }, cells...)
	}
	for what, err := range map[string]error{
		"an output of no graph": err,
		"Push":                  input.Push(rt, key, 1, func(*number) error { return nil }),
		"PushValue":             input.PushValue(rt, key, 1, &number{}),
		"Invoke, zero Callee":   sfaas.Callee[number, number]{}.Invoke(context.Background(), rt, key, 1, &out, func(*number) error { return nil }),
		"Invoke, no request":    sfaas.CallRef[number, number]("f").Invoke(context.Background(), rt, key, 1, &out, nil),
		"Invoke, no host":       sfaas.CallRef[number, number]("f").Invoke(context.Background(), nil, key, 1, &out, func(*number) error { return nil }),
		"Read, zero Fn":         read(sfaas.Fn[number, number]{}),
		"Read, nil cell":        read(f, nil),
		"Read, zero cell":       read(f, sfaas.Value[number]{}),
		"Read, other function":  read(h, cell),
	} {
		if err == nil {
			t.Errorf("%s is taken", what)
		}
	}
	if _, ok := input.Position(rt, key); ok {
		t.Error("a source of no graph has a position")
	}
}
