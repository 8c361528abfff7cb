// SPDX-License-Identifier: Apache-2.0

package meter_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/neuroran/neuroran/placement/meter"
	"github.com/neuroran/neuroran/placement/resource"
	"github.com/neuroran/neuroran/sfaas"
)

var power = resource.PowerModel{IdleWatts: 10, BusyWatts: 30}

func cell(n uint64) sfaas.Unit {
	return sfaas.Unit{Part: "chain", Root: sfaas.NewKey(sfaas.KindCell, n)}
}

// fleet are nodes whose units move at random, with an oracle that counts what they do.
type fleet struct {
	rng     *rand.Rand
	ledgers []*meter.Ledger
	rows    [][]sfaas.UnitStats // of each node's runtime
	lives   []uint64
	owner   []int // of each unit
	epoch   []uint32
	want    map[sfaas.Unit]uint64
}

func newFleet(seed uint64, nodes, units int) *fleet {
	f := &fleet{rng: rand.New(rand.NewPCG(seed, 0)), lives: make([]uint64, nodes), rows: make([][]sfaas.UnitStats, nodes), owner: make([]int, units), epoch: make([]uint32, units), want: map[sfaas.Unit]uint64{}}
	for n := range nodes {
		f.ledgers = append(f.ledgers, meter.NewLedger(sfaas.NodeID(n+1), power, 2))
	}
	return f
}

// work lets a unit do something where it is.
func (f *fleet) work(u int) {
	n := f.owner[u]
	i := slices.IndexFunc(f.rows[n], func(r sfaas.UnitStats) bool { return r.Unit == cell(uint64(u)) && r.Epoch == f.epoch[u] })
	if i < 0 {
		f.lives[n]++
		f.rows[n] = append(f.rows[n], sfaas.UnitStats{Unit: cell(uint64(u)), Epoch: f.epoch[u], Node: sfaas.NodeID(n + 1), Life: f.lives[n]})
		i = len(f.rows[n]) - 1
	}
	r, k := &f.rows[n][i], f.rng.Uint64N(100)
	r.Invocations += k
	r.Slots++
	r.CPU += time.Duration(k) * time.Millisecond
	f.want[r.Unit] += k
}

func (f *fleet) observe(n int) {
	f.ledgers[n].Observe("app", func(u sfaas.Unit) string { return fmt.Sprint("tenant", u.Root.Depth()) }, f.rows[n])
}

// TestMerge moves units about, forgets what has long left, and lets rows travel late, twice
// and out of order: when all have been told everything, each ledger knows exactly what was used.
func TestMerge(t *testing.T) {
	for seed := range uint64(20) {
		f := newFleet(seed, 4, 6)
		var letters [][]byte
		for range 3000 {
			switch u, n := f.rng.IntN(6), f.rng.IntN(4); f.rng.IntN(12) {
			case 0:
				f.owner[u], f.epoch[u] = n, f.epoch[u]+1
			case 1:
				f.observe(n)
				if len(f.rows[n]) > 4 { // it has told what it forgets
					f.rows[n] = slices.Delete(f.rows[n], 0, 1)
				}
			case 2:
				rows, _ := f.ledgers[n].Rows(nil, 0)
				letters = append(letters, pack(t, rows))
			case 3:
				if len(letters) > 0 {
					f.ledgers[n].Merge(unpack(t, letters[f.rng.IntN(len(letters))]))
				}
			default:
				f.work(u)
			}
		}
		for n := range f.ledgers {
			f.observe(n)
		}
		for range 2 {
			for n := range f.ledgers {
				rows, _ := f.ledgers[n].Rows(nil, 0)
				for m := range f.ledgers {
					f.ledgers[m].Merge(unpack(t, pack(t, rows)))
				}
			}
		}
		for n, l := range f.ledgers {
			var all uint64
			for u, want := range f.want {
				owner := resource.Owner{App: "app", Unit: u, Tenant: "tenant1"}
				got := l.Total(owner)
				if got.Invocations != want || got.CPU != time.Duration(want)*time.Millisecond {
					t.Errorf("seed %d: node %d has %d invocations of %v, want %d", seed, n, got.Invocations, u, want)
				}
				if joules := got.CPU.Seconds() * 10; got.Energy.Basis != resource.Modelled || got.Energy.Joules < joules*(1-1e-9) || got.Energy.Joules > joules*(1+1e-9) {
					t.Errorf("seed %d: %v, want %v J modelled", seed, got.Energy, joules)
				}
				all += want
			}
			tenants := l.Tenants(nil)
			if len(tenants) != 1 || tenants[0].Tenant != "tenant1" || tenants[0].Invocations != all {
				t.Errorf("seed %d: tenants %+v, want %d invocations", seed, tenants, all)
			}
			rows, _ := l.Rows(nil, 0)
			if most := 4 * 6 * 6; len(rows) > most {
				t.Errorf("seed %d: %d rows after many moves, want at most %d", seed, len(rows), most)
			}
		}
	}
}

// TestRows tells only what has changed.
func TestRows(t *testing.T) {
	f := newFleet(1, 1, 3)
	for u := range 3 {
		f.work(u)
	}
	f.observe(0)
	rows, version := f.ledgers[0].Rows(nil, 0)
	if len(rows) != 3 {
		t.Fatalf("%d rows", len(rows))
	}
	f.observe(0)
	if rows, _ = f.ledgers[0].Rows(rows, version); len(rows) != 0 {
		t.Errorf("%d rows, and nothing has changed", len(rows))
	}
	f.work(1)
	f.observe(0)
	if rows, _ = f.ledgers[0].Rows(rows, version); len(rows) != 1 || rows[0].Owner.Unit != cell(1) {
		t.Errorf("rows %+v", rows)
	}
	if n := f.ledgers[0].Unknown(rows[0].Owner, 1, 0, 5); n != 3 {
		t.Errorf("%d of 5 slots unknown, 2 have been told", n)
	}
}

// TestObserveNoAllocs reads rows of a hundred units without memory.
func TestObserveNoAllocs(t *testing.T) {
	f := newFleet(1, 1, 100)
	for u := range 100 {
		f.work(u)
	}
	l := meter.NewLedger(1, power, 2)
	l.Observe("app", nil, f.rows[0])
	if n := testing.AllocsPerRun(100, func() {
		f.rows[0][7].Invocations++
		l.Observe("app", nil, f.rows[0])
	}); n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
}

func pack(t testing.TB, rows []meter.Row) (b []byte) {
	t.Helper()
	for i := range rows {
		var err error
		if b, err = rows[i].AppendBinary(b); err != nil {
			t.Fatal(err)
		}
	}
	return b
}

func unpack(t testing.TB, b []byte) (rows []meter.Row) {
	t.Helper()
	for len(b) > 0 {
		r, rest, err := meter.CutRow(b)
		if err != nil {
			t.Fatal(err)
		}
		rows, b = append(rows, r), rest
	}
	return rows
}

// FuzzCutRow reads anything, and writes what it has read as it was.
func FuzzCutRow(f *testing.F) {
	row := meter.Row{Owner: resource.Owner{App: "uplink", Unit: cell(7), Tenant: "lab"}, Node: 3, Life: 1<<32 | 5, Epoch: 9, Folded: true}
	row.Usage = meter.Usage{Invocations: 1 << 40, StateRead: 1, IO: 300, Busy: time.Second, CPU: time.Second, Energy: resource.Energy{Joules: 1.5, Basis: resource.Modelled}}
	f.Add(pack(f, []meter.Row{row}))
	f.Add([]byte{1, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		r, rest, err := meter.CutRow(b)
		if err != nil {
			return
		}
		again, _, err := meter.CutRow(pack(t, []meter.Row{r}))
		if r != again || err != nil || len(rest) >= len(b) {
			t.Errorf("%v: %+v, want %+v", err, again, r)
		}
		l := meter.NewLedger(9, power, 1)
		l.Merge([]meter.Row{r, r})
		if r.Node != 9 && r.Life > 0 && l.Total(r.Owner) != r.Usage {
			t.Errorf("%+v, want %+v", l.Total(r.Owner), r.Usage)
		}
	})
}

// TestWitness hears of a row from a runtime before its ledger tells: joules rise as processor time
// does, and what the ledger says later holds.
func TestWitness(t *testing.T) {
	owner, standby := meter.NewLedger(2, power, 4), meter.NewLedger(1, resource.PowerModel{}, 1)
	stats := func(slots uint64) []sfaas.UnitStats {
		s := sfaas.UnitStats{Unit: cell(1), Node: 2, Life: 1<<32 + 1, Epoch: 3, Slots: slots, CPU: time.Duration(slots) * time.Millisecond}
		s.Invocations = 5 * slots
		return []sfaas.UnitStats{s}
	}
	says := func(slots uint64) {
		rows := stats(slots)
		r := meter.RowOf(&rows[0])
		r.Owner.App = "a"
		standby.Witness([]meter.Row{r})
	}
	says(1) // nothing is known of joules yet
	owner.Observe("a", nil, stats(10))
	rows, _ := owner.RowsOn(nil, 2, 0)
	standby.Merge(rows)
	says(12)
	says(11) // it has been overtaken
	who := resource.Owner{App: "a", Unit: cell(1)}
	want := power.Work(12*time.Millisecond, 4).Joules
	if u := standby.At(who, 2); u.Invocations != 60 || u.Slots != 12 || math.Abs(u.Energy.Joules-want) > 1e-12 || u.Energy.Basis != resource.Modelled {
		t.Errorf("%+v, want 60 invocations and %v J", u, want)
	}
	owner.Observe("a", nil, stats(12))
	rows, _ = owner.RowsOn(nil, 2, 0)
	standby.Merge(rows)
	if a, b := standby.At(who, 2), owner.At(who, 2); math.Abs(a.Energy.Joules-b.Energy.Joules) > 1e-12 || a.Invocations != b.Invocations {
		t.Errorf("%+v, want %+v", a, b)
	}
	if rows, _ := standby.RowsOn(nil, 1, 0); len(rows) != 0 {
		t.Errorf("%d rows of a node that has counted nothing", len(rows))
	}
}
