// SPDX-License-Identifier: Apache-2.0

package sfaas_test

import (
	"bytes"
	"runtime"
	"testing"
	"time"

	"github.com/neuroran/neuroran/sfaas"
	"github.com/neuroran/neuroran/sfaas/internal/core"
	"github.com/neuroran/neuroran/sfaas/internal/state"
)

// churn is a core without goroutines through which users come and go: each
// counts in a cell that expires and reports to its cell's key, all on
// ExactlyOnce edges. The total is that of the cell.
type churn struct {
	t     testing.TB
	cores *core.Cores
	host  *coreHost
	in    sfaas.Input[number]
	total uint64
	again uint64 // largest count that a user has come to
	now   sfaas.Time
	done  []*core.Batch
	eff   []core.Effect
}

func newChurn(t testing.TB, idle time.Duration) *churn {
	t.Helper()
	x := &churn{t: t, now: 1}
	own := sfaas.NewValue[uint64]("own", sfaas.Replicated, sfaas.TTL(time.Millisecond))
	report := sfaas.DefineEach("report", func(c *sfaas.Ctx, out sfaas.Emitter[number], in *number) error {
		*own.Mut(c)++
		n, _ := own.Get(c)
		x.again = max(x.again, n)
		out.Add(c.Key().Parent()).X = in.X
		return nil
	}, sfaas.FunctionConfig{}, own)
	sum := sfaas.NewValue[uint64]("sum", sfaas.Replicated)
	add := sfaas.Define("add", func(c *sfaas.Ctx, out, in *number) error {
		*sum.Mut(c) += in.X
		out.X, _ = sum.Get(c)
		return nil
	}, sfaas.FunctionConfig{}, sum)
	exact := sfaas.EdgeConfig{Guarantee: sfaas.ExactlyOnce}
	g := sfaas.NewGraph("churn")
	x.in = sfaas.Source[number](g, "in")
	out := sfaas.Sink(sfaas.Apply(sfaas.Apply(x.in.With(exact), report).With(exact), add).With(exact), "out")
	app, err := g.Build()
	if err != nil {
		t.Fatal(err)
	}
	x.cores, err = newCores(app, func(b *core.Batch, _ uint32, _ error) { x.done = append(x.done, b) },
		sfaas.WithWorkers(1), sfaas.WithIdleKeys(idle), sfaas.WithLogger(quietLog),
		sfaas.WithClock(func() sfaas.Time { return x.now }),
		sfaas.WithOutput(out, func(_ sfaas.Header, n *number) { x.total = n.X }))
	if err != nil {
		t.Fatal(err)
	}
	x.host = &coreHost{cores: x.cores}
	t.Cleanup(func() { x.cores.Close() })
	return x
}

// push pushes one message and runs until nothing is left to do.
func (x *churn) push(key sfaas.Key, n uint64) {
	x.now += 1000
	if err := x.in.PushValue(x.host, key, sfaas.Slot(x.now/1000), &number{n}); err != nil {
		x.t.Fatal(err)
	}
	k := x.cores.List[0]
	x.host.event.Now = x.now
	for x.eff = k.Step(&x.host.event, x.eff[:0]); ; x.eff = k.Run(x.now, x.eff[:0]) {
		for i := range x.eff {
			if x.eff[i].Kind == core.EffectCommit {
				core.Memory().Commit(&x.eff[i].Batch.Record, x.eff[i].Batch.Answer())
			}
		}
		for len(x.done) > 0 {
			b := x.done[0]
			x.done = x.done[:copy(x.done, x.done[1:])]
			x.eff = k.Step(&core.Event{Kind: core.EventCommitted, Now: x.now, Batch: b, Offer: b.Offer()}, x.eff[:0])
			for i := range x.eff {
				if x.eff[i].Kind == core.EffectCommit {
					core.Memory().Commit(&x.eff[i].Batch.Record, x.eff[i].Batch.Answer())
				}
			}
		}
		if !k.Ready() {
			return
		}
	}
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// TestIdleKeys lets a million users come and go: memory does not grow, and
// nothing of theirs is lost.
func TestIdleKeys(t *testing.T) {
	users := uint64(1_000_000)
	if raceEnabled {
		users = 50_000
	}
	x := newChurn(t, 5*time.Millisecond)
	var before uint64
	for i := range users {
		x.push(sfaas.NewKey(sfaas.KindCell, 1).Child(sfaas.KindUE, i), 1)
		if i == users/10 {
			before = heap()
		}
	}
	if x.total != users {
		t.Errorf("total %d, want %d", x.total, users)
	}
	after := heap()
	t.Logf("users=%d heap_at_10%%=%d heap=%d", users, before, after)
	if !raceEnabled && after > before+before/4+1<<20 {
		t.Errorf("%d bytes after %d users, %d after a tenth", after, users, before)
	}
	runtime.KeepAlive(x)
}

// TestIdleKeyReturns brings users back after they have been forgotten, and
// after a restore in between: their numbers go on, so that the mark that their
// cell still keeps for them takes nothing new for a repeat.
func TestIdleKeyReturns(t *testing.T) {
	x := newChurn(t, time.Hour)
	user := sfaas.NewKey(sfaas.KindCell, 1).Child(sfaas.KindUE, 0)
	for range 50 {
		x.push(user, 1)
	}
	x.now += sfaas.Time(2 * time.Hour)
	for i := range uint64(500) { // so many new keys that old ones are looked at
		x.push(sfaas.NewKey(sfaas.KindCell, 2).Child(sfaas.KindUE, i), 0)
		if i%50 == 0 {
			x.push(sfaas.NewKey(sfaas.KindCell, 1).Child(sfaas.KindUE, 1), 1)
		}
	}
	if _, known := x.in.Position(&coreHost{cores: x.cores}, user); known {
		t.Fatal("the user has not been forgotten")
	}
	snap, err := state.AppendSnapshot(nil, x.now, x.cores.List)
	if err != nil {
		t.Fatal(err)
	}
	y := newChurn(t, time.Hour)
	y.now = x.now
	if err := state.Restore(y.cores, bytes.NewReader(snap), y.now, func(int, []core.Effect) {}); err != nil {
		t.Fatal(err)
	}
	for name, x := range map[string]*churn{"same": x, "restored": y} {
		for range 3 {
			x.push(user, 1)
		}
		if x.total != 63 {
			t.Errorf("%s: total %d, want 63", name, x.total)
		}
		for _, s := range x.cores.Stats() {
			if s.Repeated != 0 {
				t.Errorf("%s: %s: %d repeated", name, s.Name, s.Repeated)
			}
		}
	}
}

// TestIdleKeepsContent forgets no key that has content, or that something
// refers to.
func TestIdleKeepsContent(t *testing.T) {
	x := newChurn(t, 5*time.Millisecond)
	x.push(sfaas.NewKey(sfaas.KindCell, 1).Child(sfaas.KindUE, 0), 7) // the sum of cell 1 has no end
	for i := range uint64(20_000) {
		x.push(sfaas.NewKey(sfaas.KindCell, 2).Child(sfaas.KindUE, i), 0)
	}
	x.push(sfaas.NewKey(sfaas.KindCell, 1).Child(sfaas.KindUE, 0), 1)
	if x.total != 8 {
		t.Errorf("total %d, want 8", x.total)
	}
	if x.again != 1 {
		t.Errorf("a cell that had expired was counted on: %d", x.again)
	}
}

// TestFanIn lets users with counts of their own report to one cell, whose
// outputs leave on an ExactlyOnce edge: none is taken for a repeat.
func TestFanIn(t *testing.T) {
	x := newChurn(t, time.Hour)
	for range 100 {
		x.push(sfaas.NewKey(sfaas.KindCell, 1).Child(sfaas.KindUE, 1), 1)
	}
	for range 10 {
		x.push(sfaas.NewKey(sfaas.KindCell, 1).Child(sfaas.KindUE, 2), 1)
	}
	if x.total != 110 {
		t.Errorf("total %d, want 110", x.total)
	}
}
