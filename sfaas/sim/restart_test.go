// SPDX-License-Identifier: Apache-2.0

package sim_test

import (
	"testing"
	"time"

	"github.com/neuroran/neuroran/sfaas"
	"github.com/neuroran/neuroran/sfaas/sim"
)

// TestRestartedNodeIsHeard restarts a node that owns nothing and pushes there again:
// its messages are no repeats of those of its former self, over links that number
// them and over perfect ones. It is D13, after akka/akka-core#24847 and #22156 and
// ray-project/ray#46705 (a restarted peer with numbers of its old incarnation).
func TestRestartedNodeIsHeard(t *testing.T) {
	for name, faults := range map[string][]sim.Fault{"perfect": nil, "numbered": {{Jitter: 100 * time.Microsecond}}} {
		t.Run(name, func(t *testing.T) {
			handled := map[uint64]int{}
			n := sfaas.NewValue[uint64]("n", sfaas.Replicated)
			f := sfaas.Define("f", func(c *sfaas.Ctx, _, in *number) error {
				*n.Mut(c)++
				handled[in.X]++
				return sfaas.ErrNoOutput
			}, sfaas.FunctionConfig{}, n)
			g := sfaas.NewGraph("g")
			in := sfaas.Source[number](g, "in")
			sfaas.Apply(in.With(sfaas.EdgeConfig{Guarantee: sfaas.ExactlyOnce}), f)
			w := build(t, sim.Config{Seed: 1, Nodes: 2, Faults: faults}, g)
			other := w.Node(1)
			for x := range uint64(20) {
				if x == 10 {
					w.RunFor(time.Second)
					if err := w.Restart(other); err != nil {
						t.Fatal(err)
					}
				}
				if err := in.PushValue(other, sfaas.NewKey(sfaas.KindCell, 1), sfaas.Slot(x), &number{x}); err != nil {
					t.Fatal(err)
				}
			}
			w.RunFor(time.Second)
			for x := range uint64(20) {
				if handled[x] != 1 {
					t.Errorf("message %d was handled %d times; the node was restarted before message 10", x, handled[x])
				}
			}
		})
	}
}
