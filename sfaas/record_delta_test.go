// SPDX-License-Identifier: Apache-2.0

package sfaas_test

import (
	"bytes"
	"context"
	"testing"

	"github.com/neuroran/neuroran/sfaas"
	"github.com/neuroran/neuroran/sfaas/sim"
)

// weigher is an engine that weighs what it is given.
type weigher struct {
	keepsNothing
	bytes, records int
}

// Keeps implements sfaas.Engine.
func (*weigher) Keeps() bool { return true }

// Commit implements sfaas.Engine.
func (w *weigher) Commit(r *sfaas.Record, done func(error)) {
	w.records++
	for _, x := range r.Writes {
		w.bytes += len(x.Key) + len(x.Value) + len(x.End)
	}
	done(nil)
}

// TestRecordsAreDeltas fills a map and a list with one entry a commit: a record has what
// the commit has changed, however much there is.
func TestRecordsAreDeltas(t *testing.T) {
	const commits = 10_000
	table := sfaas.NewMap[uint64, uint64]("table", sfaas.Replicated)
	list := sfaas.NewList[uint64]("list", sfaas.Replicated)
	e := &weigher{}
	rt, in, _ := single(t, sfaas.Define("f", func(c *sfaas.Ctx, _, in *number) error {
		table.Set(c, in.X, in.X)
		list.Append(c, in.X)
		return nil
	}, sfaas.FunctionConfig{}, table, list), sfaas.WithEngine(e))
	var early int
	for i := range uint64(commits) {
		push(t, in, rt, sfaas.NewKey(sfaas.KindCell, 1), sfaas.Slot(i), i)
		if i%500 == 499 {
			drain(t, rt)
		}
		if i == commits/10-1 {
			early = e.bytes
		}
	}
	if late := e.bytes - early; late > 10*early {
		t.Errorf("the first %d commits had %d bytes, the others %d", commits/10, early, late)
	}
	if e.bytes > 500*commits {
		t.Errorf("%d bytes for %d commits", e.bytes, commits)
	}
	t.Logf("%d bytes in %d records", e.bytes, e.records)
}

// TestRestoreIsRecorded restores a snapshot into a runtime whose engine keeps records:
// the next life goes on from there.
func TestRestoreIsRecorded(t *testing.T) {
	total := sfaas.NewValue[uint64]("total", sfaas.Replicated)
	var seen uint64
	pair := sfaas.Define("pair", func(c *sfaas.Ctx, _ *number, in *sfaas.Pair[number, number]) error {
		a, b := in.A, in.B
		*total.Mut(c) += a.X + b.X
		seen, _ = total.Get(c)
		return sfaas.ErrNoOutput
	}, sfaas.FunctionConfig{Window: 100}, total)
	g := sfaas.NewGraph("g")
	left, right := sfaas.Source[number](g, "left"), sfaas.Source[number](g, "right")
	sfaas.Apply(sfaas.Join(left.With(exactly), right.With(exactly)), pair)
	app, key := build(t, g), sfaas.NewKey(sfaas.KindCell, 1)
	a := start(t, app)
	push(t, left, a, key, 1, 1)
	push(t, right, a, key, 1, 1)
	push(t, left, a, key, 2, 10) // waits for right
	drain(t, a)
	d := sim.NewDisk(0)
	b := start(t, app, sfaas.WithEngine(d), sfaas.WithNode(1))
	if err := b.Restore(context.Background(), bytes.NewReader(snapshotOf(t, a))); err != nil {
		t.Fatal(err)
	}
	drain(t, b)
	push(t, left, b, key, 3, 1000) // waits too
	drain(t, b)
	b.Close()
	c := recovered(t, app, d)
	push(t, right, c, key, 2, 100)
	push(t, right, c, key, 3, 10_000)
	drain(t, c)
	if seen != 11_112 {
		t.Errorf("total %d, want 11112", seen)
	}
}
