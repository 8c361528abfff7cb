// SPDX-License-Identifier: Apache-2.0

package sfaas_test

import (
	"fmt"
	"testing"

	"github.com/neuroran/neuroran/sfaas"
)

// BenchmarkExactHop measures one hop that commits, with the engine in memory: a message
// goes through 16 stages without cells over edges of each kind of promise.
func BenchmarkExactHop(b *testing.B) {
	const stages = 16
	for _, guarantee := range []sfaas.Guarantee{sfaas.AtMostOnce, sfaas.ExactlyOnce} {
		b.Run(fmt.Sprintf("guarantee=%v", guarantee), func(b *testing.B) {
			edge := sfaas.EdgeConfig{Guarantee: guarantee}
			g := sfaas.NewGraph("hops")
			in := sfaas.Source[number](g, "in")
			e := in.With(edge)
			for i := range stages {
				e = sfaas.Apply(e, sfaas.Define(fmt.Sprintf("stage%d", i), func(_ *sfaas.Ctx, out, in *number) error {
					out.X = in.X + 1
					return nil
				}, sfaas.FunctionConfig{})).With(edge)
			}
			sfaas.Sink(e, "out")
			pushAll(b, build(b, g), in)
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/stages, "ns/hop")
		})
	}
}
