// SPDX-License-Identifier: Apache-2.0

package sim_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/neuroran/neuroran/sfaas"
	"github.com/neuroran/neuroran/sfaas/sim"
)

// TestSendWaitsForEarlierCommit lets one instance send from an invocation that is
// committed and then from one that needs no commit: the second message does not
// overtake the first, which waits for its commit. It is D33, which the default world
// has found: the order of what one instance sends to one key.
func TestSendWaitsForEarlierCommit(t *testing.T) {
	var got []uint64
	mate, again := sfaas.Ref[number]("mate"), sfaas.Ref[number]("f")
	m := sfaas.Define("mate", func(_ *sfaas.Ctx, _, in *number) error { got = append(got, in.X); return sfaas.ErrNoOutput }, sfaas.FunctionConfig{})
	n := sfaas.NewValue[uint64]("n", sfaas.Volatile)
	f := sfaas.Define("f", func(c *sfaas.Ctx, _, _ *number) error {
		x := n.Mut(c)
		*x++
		mate.Send(c, c.Key()).X = *x
		return sfaas.ErrNoOutput
	}, sfaas.FunctionConfig{}, n, mate)
	poke := sfaas.Define("poke", func(c *sfaas.Ctx, _, _ *number) error { again.Send(c, c.Key()); return sfaas.ErrNoOutput }, sfaas.FunctionConfig{}, again)
	g := sfaas.NewGraph("g")
	in, pokes := sfaas.Source[number](g, "in"), sfaas.Source[number](g, "pokes")
	sfaas.Apply(in.With(sfaas.EdgeConfig{Guarantee: sfaas.ExactlyOnce}), f)
	sfaas.Apply(pokes, poke)
	sfaas.Apply(sfaas.Source[number](g, "unused"), m)
	w := build(t, sim.Config{Commit: sim.Commit{Delay: time.Millisecond}}, g)
	push(t, in, w, sfaas.NewKey(sfaas.KindCell, 1), 1, 0)
	push(t, pokes, w, sfaas.NewKey(sfaas.KindCell, 1), 2, 0)
	w.Run()
	if fmt.Sprint(got) != "[1 2]" {
		t.Errorf("mate got %v, want [1 2]: the second message left before the commit of the first", got)
	}
}
