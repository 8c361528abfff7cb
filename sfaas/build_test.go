// SPDX-License-Identifier: Apache-2.0

package sfaas_test

import (
	"strings"
	"testing"
	"time"

	"github.com/neuroran/neuroran/sfaas"
)

// TestBuildGuarantees refuses graphs whose promise could not be kept.
func TestBuildGuarantees(t *testing.T) {
	exact := sfaas.EdgeConfig{Guarantee: sfaas.ExactlyOnce}
	one := func(cfg sfaas.FunctionConfig, cells ...sfaas.Declared) sfaas.Fn[number, number] {
		return sfaas.Define("f", func(*sfaas.Ctx, *number, *number) error { return nil }, cfg, cells...)
	}
	two := sfaas.Define("f", func(*sfaas.Ctx, *number, *sfaas.Pair[number, number]) error { return nil }, sfaas.FunctionConfig{})
	for _, tc := range []struct {
		name string
		wire func(in, other sfaas.Input[number])
		want string // "" is legal
	}{
		{"parallel input", func(in, _ sfaas.Input[number]) {
			sfaas.Sink(sfaas.Apply(in.With(exact), one(sfaas.FunctionConfig{Parallel: true})), "out")
		}, "Parallel"},
		{"parallel output", func(in, _ sfaas.Input[number]) {
			sfaas.Sink(sfaas.Apply(in, one(sfaas.FunctionConfig{Parallel: true})).With(exact), "out")
		}, "Parallel"},
		{"parallel", func(in, _ sfaas.Input[number]) {
			sfaas.Sink(sfaas.Apply(in, one(sfaas.FunctionConfig{Parallel: true})), "out")
		}, ""},
		{"one of two", func(in, other sfaas.Input[number]) {
			sfaas.Sink(sfaas.Apply(sfaas.Join(in.With(exact), other), two), "out")
		}, "all or none"},
		{"two of two", func(in, other sfaas.Input[number]) {
			sfaas.Sink(sfaas.Apply(sfaas.Join(in.With(exact), other.With(exact)), two), "out")
		}, ""},
		{"with spread", func(in, other sfaas.Input[number]) {
			sfaas.Sink(sfaas.Apply(sfaas.Join(in.With(exact), other.Spread()), two), "out")
		}, ""},
		{"time to live", func(in, _ sfaas.Input[number]) {
			sfaas.Sink(sfaas.Apply(in, one(sfaas.FunctionConfig{}, sfaas.NewValue[uint8]("n", sfaas.Volatile, sfaas.TTL(-time.Second)))), "out")
		}, "negative"},
		{"version", func(in, _ sfaas.Input[number]) {
			sfaas.Sink(sfaas.Apply(in, one(sfaas.FunctionConfig{}, sfaas.NewValue[uint8]("n", sfaas.Volatile, sfaas.Version(-1, nil)))), "out")
		}, "negative"},
	} {
		g := sfaas.NewGraph("guarantees")
		tc.wire(sfaas.Source[number](g, "in"), sfaas.Source[number](g, "other"))
		_, err := g.Build()
		if (err == nil) != (tc.want == "") || (err != nil && !strings.Contains(err.Error(), tc.want)) {
			t.Errorf("%s: %v, want %q", tc.name, err, tc.want)
		}
	}
}
