// SPDX-License-Identifier: Apache-2.0

package sfaas_test

import (
	"errors"
	"testing"

	"github.com/neuroran/neuroran/sfaas"
)

// versions returns an app of two parts whose second one has a gain, and carries a
// number or a pair over the cut between them.
func versions(t *testing.T, gain uint64, wide bool) *sfaas.App {
	t.Helper()
	type pair struct{ X, Y uint64 }
	g := sfaas.NewGraph("g")
	in := sfaas.Source[number](g, "in")
	cell := sfaas.NewValue[uint64]("sum", sfaas.Replicated)
	if wide {
		first := sfaas.Define("first", func(_ *sfaas.Ctx, out *pair, in *number) error { out.X = in.X; return nil }, sfaas.FunctionConfig{})
		last := sfaas.Define("last", func(c *sfaas.Ctx, _ *number, in *pair) error { *cell.Mut(c) += in.X; return sfaas.ErrNoOutput }, sfaas.FunctionConfig{}, cell)
		sfaas.Apply(sfaas.Apply(in, first).Cut("middle"), last)
		return build(t, g)
	}
	first := sfaas.Define("first", func(_ *sfaas.Ctx, out, in *number) error { *out = *in; return nil }, sfaas.FunctionConfig{})
	last := sfaas.Define("last", func(c *sfaas.Ctx, _, in *number) error { *cell.Mut(c) += gain * in.X; return sfaas.ErrNoOutput }, sfaas.FunctionConfig{Params: struct{ Gain uint64 }{gain}}, cell)
	sfaas.Apply(sfaas.Apply(in, first).Cut("middle"), last)
	return build(t, g)
}

// TestDigests changes a parameter of one part, and what the edge between two
// parts carries: what is concerned has another digest, and nothing else.
func TestDigests(t *testing.T) {
	one, two, other := versions(t, 1, false), versions(t, 2, false), versions(t, 1, true)
	parts := func(a *sfaas.App) [2]sfaas.Digest { return [2]sfaas.Digest{a.Parts()[0].Digest, a.Parts()[1].Digest} }
	between := func(a *sfaas.App) (d sfaas.Digest) {
		for _, e := range a.Edges() {
			if e.Cut == "middle" {
				d = e.Digest
			}
		}
		return d
	}
	if p, q := parts(one), parts(two); p[0] != q[0] || p[1] == q[1] {
		t.Errorf("another parameter of the second part: digests %v and %v", p, q)
	}
	if between(one) != between(two) {
		t.Error("the edge between the parts has changed with a parameter")
	}
	if between(one) == between(other) {
		t.Error("the edge between the parts carries something else and has the same digest")
	}
}

// TestFunctionInfo asks an app about its functions.
func TestFunctionInfo(t *testing.T) {
	app := versions(t, 3, false)
	f, err := app.Function("last")
	if err != nil {
		t.Fatal(err)
	}
	if f.Name != "last" || f.Part != "last" || !f.Stateful || f.Config.Params != (struct{ Gain uint64 }{3}) {
		t.Errorf("got %+v", f)
	}
	if f, _ := app.Function("first"); f.Stateful || f.Part != "first" {
		t.Errorf("got %+v", f)
	}
	if _, err := app.Function("nobody"); !errors.As(err, new(*sfaas.WiringError)) {
		t.Errorf("got %v, want a *WiringError", err)
	}
}
