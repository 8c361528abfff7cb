// SPDX-License-Identifier: Apache-2.0

package sfaas_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/neuroran/neuroran/sfaas"
)

// flowsOf adds up what has travelled on the edges between two functions.
func flowsOf(app *sfaas.App, from, to string, runtimes ...*sfaas.Runtime) (sum sfaas.EdgeFlow) {
	for _, rt := range runtimes {
		for _, f := range rt.Flows(nil) {
			if e := app.Edges()[f.Edge-1]; e.From == from && e.To == to {
				sum.Add(&f)
			}
		}
	}
	return sum
}

// TestFlows lets messages travel between two runtimes while the unit of the consumer moves
// to and fro, and at last one of them closes: on each edge, what was sent is what
// was received and what was lost.
func TestFlows(t *testing.T) {
	type wide struct{ X [4]uint64 }
	g := sfaas.NewGraph("flows")
	in := sfaas.Source[number](g, "in")
	a := sfaas.Apply(in, sfaas.Define("a", func(_ *sfaas.Ctx, out *wide, in *number) error { return nil }, sfaas.FunctionConfig{}))
	b := sfaas.Apply(a.Cut("mid"), sfaas.Define("b", func(*sfaas.Ctx, *number, *wide) error { return nil }, sfaas.FunctionConfig{}))
	out := sfaas.Sink(b, "out")
	app := build(t, g)
	one, two := pair(t, app, sfaas.WithWorkers(2), sfaas.WithOutput(out, func(sfaas.Header, *number) {}))
	unit := sfaas.Unit{Part: "b", Root: sfaas.NewKey(sfaas.KindCell, 1)}
	key := unit.Root.Child(sfaas.KindUE, 3)
	owner, other := one, two
	slot := sfaas.Slot(0)
	for range 21 {
		for range 50 {
			push(t, in, one, key, slot, 1)
			slot++
		}
		drain(t, one)
		if _, err := owner.MoveUnit(context.Background(), unit, other.Node(), sfaas.MoveConfig{}); err != nil {
			t.Fatal(err)
		}
		owner, other = other, owner
	}
	sum := settledFlow(t, app, 500, one, two)
	if sum.Sent.Messages != 500 || sum.Sent.Bytes != 500*32 || sum.Lost.Messages != 0 {
		t.Errorf("%+v, want 500 messages of 32 bytes, as 500 were pushed while the other runtime had the consumer", sum)
	}
	if owner == one {
		t.Fatal("the consumer is not at the other runtime")
	}
	before := sum
	two.Close()
	for range 50 {
		push(t, in, one, key, slot, 1)
		slot++
	}
	drain(t, one)
	sum = settledFlow(t, app, 500, one, two)
	if n := sum.Sent.Messages - before.Sent.Messages; n != sum.Lost.Messages || n > 50 {
		t.Errorf("%d sent and %d lost after the consumer's runtime has closed", n, sum.Lost.Messages)
	}
	if lost := slices.IndexFunc(one.Stats(), func(s sfaas.FunctionStats) bool { return s.Dropped+s.Stale >= 50 }); lost < 0 {
		t.Errorf("no function has lost 50 messages: %+v", one.Stats())
	}
}

// settledFlow waits until so many messages have been sent and nothing is in flight, and checks that nothing has got lost uncounted.
func settledFlow(t *testing.T, app *sfaas.App, least uint64, runtimes ...*sfaas.Runtime) (sum sfaas.EdgeFlow) {
	t.Helper()
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
		sum = flowsOf(app, "a", "b", runtimes...)
		if sum.Sent.Messages == sum.Received.Messages+sum.Lost.Messages && sum.Sent.Bytes == sum.Received.Bytes+sum.Lost.Bytes && sum.Sent.Messages >= least {
			return sum
		}
	}
	t.Fatalf("sent is not received and lost: %+v", sum)
	return sum
}
