// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"context"
	"errors"
	"testing"

	"github.com/neuroran/neuroran/sfaas"
	"github.com/neuroran/neuroran/sfaas/sim"
)

// totals is an app of one kept part, which sums what comes.
type totals struct {
	app *sfaas.App
	in  sfaas.Input[number]
	out sfaas.Output[number]
}

func newTotals(t testing.TB) *totals {
	t.Helper()
	total := sfaas.NewValue[uint64]("total", sfaas.Replicated)
	add := sfaas.Define("add", func(c *sfaas.Ctx, out, in *number) error {
		*total.Mut(c) += in.X
		out.X, _ = total.Get(c)
		return nil
	}, sfaas.FunctionConfig{}, total)
	g := sfaas.NewGraph("kept")
	x := &totals{in: sfaas.Source[number](g, "in")}
	x.out = sfaas.Sink(sfaas.Apply(x.in, add), "totals")
	var err error
	if x.app, err = g.Build(); err != nil {
		t.Fatal(err)
	}
	return x
}

// count deploys the app at a node whose engine is a disk, adds one, and checks the total.
func (x *totals) count(t *testing.T, n *Node, disk *sim.Disk, want uint64) {
	t.Helper()
	out := make(chan uint64, 1)
	d, err := n.Deploy(x.app, Spec{Unit: sfaas.KindCell}, WithRuntime(sfaas.WithEngine(disk), sfaas.WithWorkers(1)),
		WithOutput(x.out, func(_ sfaas.Header, x *number) { out <- x.X }))
	if err != nil {
		t.Fatal(err)
	}
	cell := d.Unit(cell1)
	ctx := (&zone{t: t}).context()
	if err := cell.Ensure(ctx); err != nil {
		t.Fatal(err)
	}
	if err := x.in.PushValue(cell, cell1, sfaas.Slot(want), &number{1}); err != nil {
		t.Fatal(err)
	}
	select {
	case x := <-out:
		if x != want {
			t.Fatalf("the total is %d, want %d", x, want)
		}
	case <-ctx.Done():
		t.Fatal("nothing comes out")
	}
	eventually(t, "the unit has its lease", func() bool { return len(n.Report().Leases) == 1 })
}

// A kept unit whose node comes back with its records goes on with what it had: the deployment
// recovers before it meets anybody, and the agent gives the unit its lease again.
func TestKeptComesBack(t *testing.T) {
	x, disk := newTotals(t), sim.NewDisk(0)
	for life := range uint64(3) {
		n := (&zone{t: t}).join(nil)
		x.count(t, n, disk, life+1)
		if err := n.Leave((&zone{t: t}).context()); err != nil { // the last node of a zone takes its units with it
			t.Fatal(err)
		}
	}
}

// TestClockSetBack lets a node come back, with its records, when the clock says that it has not
// been there yet: the others take it in, in a life after the one that they know, and it serves
// what it did; also if it cannot deploy at once.
func TestClockSetBack(t *testing.T) {
	x, disk, z := newTotals(t), sim.NewDisk(0), newZone(t, 1)
	const late = 4_000_000_000
	cfg := Config{
		Listen: "127.0.0.1:0", Token: []byte("secret"), Node: 2, Resources: lends(4, 1<<30), Logger: quietLog, Seeds: []string{z.nodes[0].Address()},
	}
	n, _, err := begin(t.Context(), cfg, late)
	if err != nil {
		t.Fatal(err)
	}
	z.await(z.nodes[0], 2)
	x.count(t, n, disk, 1)
	n.shut() // as if it were killed
	for _, c := range n.sortedCarriers() {
		_ = c.close(t.Context())
	}
	if n, err = Join(t.Context(), cfg); err != nil {
		t.Fatal(err)
	}
	z.nodes = append(z.nodes, n)
	t.Cleanup(func() { _ = n.Leave(context.Background()) })
	z.await(n, 2)
	if n.incarnation != late+2 {
		t.Errorf("its life is %d, want %d", n.incarnation, uint32(late+2))
	}
	disk.Damage(errors.New("a bad sector"))
	if _, err := n.Deploy(x.app, Spec{Unit: sfaas.KindCell}, WithRuntime(sfaas.WithEngine(disk))); !errors.Is(err, sfaas.ErrRecords) {
		t.Errorf("deployed over a disk that cannot be read: %v", err)
	}
	disk.Damage(nil)
	x.count(t, n, disk, 2)
}

// TestClockSetBackAndAlone lets a node whose clock was set back join alone, and meet afterwards
// who knows its later life: it ends, and says why. When it joins again it is in the life after that.
func TestClockSetBackAndAlone(t *testing.T) {
	leavesNothing(t)
	z := newZone(t, 1)
	const late = 4_000_000_000
	cfg := Config{Listen: "127.0.0.1:0", Token: []byte("secret"), Node: 2, Resources: lends(4, 1<<30), Logger: quietLog}
	knows := cfg
	knows.Seeds = []string{z.nodes[0].Address()}
	n, _, err := begin(t.Context(), knows, late)
	if err != nil {
		t.Fatal(err)
	}
	z.await(z.nodes[0], 2)
	n.shut() // as if it were killed
	alone, err := Join(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	alone.dial(z.nodes[0].Address())
	var outlived *sfaas.LifeError
	if err := alone.Await(z.context(), 100); !errors.Is(err, ErrLeft) || !errors.As(err, &outlived) || *outlived != (sfaas.LifeError{Node: 2, Life: alone.incarnation, Last: late + 1}) {
		t.Fatalf("got %v, want that the node has left as life %d is known", err, uint32(late+1))
	}
	if err := alone.Leave(z.context()); !errors.As(err, &outlived) {
		t.Errorf("it leaves: %v", err)
	}
	again, err := Join(t.Context(), knows)
	if err != nil {
		t.Fatal(err)
	}
	z.nodes = append(z.nodes, again)
	z.await(again, 2)
	if again.incarnation != late+2 {
		t.Errorf("its life is %d, want %d", again.incarnation, uint32(late+2))
	}
	if err := again.Leave(z.context()); err != nil {
		t.Error(err)
	}
}
