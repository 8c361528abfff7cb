// SPDX-License-Identifier: Apache-2.0

package meter_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"github.com/neuroran/neuroran/placement/meter"
	"github.com/neuroran/neuroran/placement/resource"
	"github.com/neuroran/neuroran/sfaas"
	"github.com/neuroran/neuroran/sfaas/sim"
)

// sample is a message of 32 bytes.
type sample struct{ X [4]uint64 }

// rig is an app of two parts, whose handlers are counted by an oracle: a reads and writes a
// cell of 8 bytes for each message and sends it on to b, whose output goes to a sink.
type rig struct {
	app    *sfaas.App
	in     sfaas.Input[sample]
	out    sfaas.Output[sample]
	oracle func(part string, cell sfaas.Key, message int) // a handler has run
}

func newRig(tb testing.TB, cost time.Duration, edges sfaas.EdgeConfig) *rig {
	tb.Helper()
	r := &rig{}
	sum := sfaas.NewValue[uint64]("sum", sfaas.Volatile)
	g := sfaas.NewGraph("metered")
	r.in = sfaas.Source[sample](g, "in")
	a := sfaas.Apply(r.in.With(edges), sfaas.Define("a", func(c *sfaas.Ctx, out, in *sample) error {
		r.oracle("a", c.Key().Root(), 1)
		*sum.Mut(c) += in.X[0]
		*out = *in
		return nil
	}, sfaas.FunctionConfig{Cost: cost}, sum))
	b := sfaas.Apply(a.With(edges).Cut("mid"), sfaas.Define("b", func(c *sfaas.Ctx, out, in *sample) error {
		r.oracle("b", c.Key().Root(), 1)
		*out = *in
		return nil
	}, sfaas.FunctionConfig{Cost: cost}))
	r.out = sfaas.Sink(b.With(edges), "out")
	var err error
	if r.app, err = g.Build(); err != nil {
		tb.Fatal(err)
	}
	return r
}

// long returns how much a test does, more where NEURORAN_LONG is set.
func long(short, long int) int {
	if os.Getenv("NEURORAN_LONG") != "" {
		return long
	}
	return short
}

// world is a simulated fleet: each node has a ledger, which hears its runtime once a slot and
// tells a keeper that outlives all of them. Units move, nodes are killed and start anew.
type world struct {
	*rig
	t       *testing.T
	rng     *rand.Rand
	w       *sim.World
	ledgers []*meter.Ledger
	told    []uint64
	flows   map[[2]int][]sfaas.EdgeFlow // as last told, by node and life
	lives   []int
	down    []bool
	keeper  *meter.Ledger
	units   []sfaas.Unit
	owner   map[sfaas.Unit]int
	epoch   map[sfaas.Unit]uint32
	busy    map[sfaas.Unit]bool
	count   map[sfaas.Unit]uint64 // of invocations, by the oracle
	kills   int
	moves   int
	claims  int
	unknown uint64
	now     sfaas.Slot
}

const worldNodes, worldCells = 3, 4

func newWorld(t *testing.T, seed uint64) *world {
	x := &world{
		rig: newRig(t, 10*time.Microsecond, sfaas.EdgeConfig{}), t: t, rng: rand.New(rand.NewPCG(seed, 3)), told: make([]uint64, worldNodes), lives: make([]int, worldNodes), down: make([]bool, worldNodes),
		flows: map[[2]int][]sfaas.EdgeFlow{}, keeper: meter.NewLedger(99, power, 2), owner: map[sfaas.Unit]int{}, epoch: map[sfaas.Unit]uint32{}, busy: map[sfaas.Unit]bool{}, count: map[sfaas.Unit]uint64{},
	}
	x.oracle = func(part string, cell sfaas.Key, n int) { x.count[sfaas.Unit{Part: part, Root: cell}] += uint64(n) }
	var err error
	x.w, err = sim.New(x.app, sim.Config{Seed: seed, Nodes: worldNodes, Cores: 2}, sfaas.WithMode(sfaas.Replay), sfaas.WithNotices(func(sfaas.Notice) {}),
		sfaas.WithOutput(x.out, func(h sfaas.Header, _ *sample) { x.oracle("b", h.Key.Root(), 1) }))
	if err != nil {
		t.Fatal(err)
	}
	for n := range worldNodes {
		x.ledgers = append(x.ledgers, meter.NewLedger(sfaas.NodeID(n+1), power, 2))
	}
	for c := range uint64(worldCells) {
		for _, part := range []string{"a", "b"} {
			x.units = append(x.units, sfaas.Unit{Part: part, Root: sfaas.NewKey(sfaas.KindCell, c)})
		}
	}
	return x
}

// tell lets a node say what it has counted.
func (x *world) tell(n int) {
	node := x.w.Node(n)
	x.ledgers[n].Observe("app", nil, node.Units(nil))
	var rows []meter.Row
	rows, x.told[n] = x.ledgers[n].Rows(nil, x.told[n])
	x.keeper.Merge(rows)
	if x.rng.IntN(4) == 0 {
		x.keeper.Merge(rows) // twice
	}
	x.flows[[2]int{n, x.lives[n]}] = node.Flows(nil)
}

// slot lets a slot pass; then nodes tell.
func (x *world) slot(ues int) {
	x.push(ues)
	x.w.RunFor(slot)
	for n := range worldNodes {
		if !x.down[n] {
			x.tell(n)
		}
	}
}

// push pushes a message for each UE of each cell, at any node that lives.
func (x *world) push(ues int) {
	x.now++
	for c := range uint64(worldCells) {
		for ue := range ues {
			key := sfaas.NewKey(sfaas.KindCell, c).Child(sfaas.KindUE, uint64(ue))
			for n := x.rng.IntN(worldNodes); ; n = (n + 1) % worldNodes {
				if !x.down[n] {
					if err := x.in.PushValue(x.w.Node(n), key, x.now, &sample{}); err != nil {
						x.t.Fatal(err)
					}
					break
				}
			}
		}
	}
}

// move moves any unit that is not moving to another node.
func (x *world) move() {
	u, to := x.units[x.rng.IntN(len(x.units))], x.rng.IntN(worldNodes)
	if from := x.owner[u]; !x.busy[u] && from != to && !x.down[from] && !x.down[to] {
		x.busy[u] = true
		x.w.MoveUnit(x.w.Node(from), x.w.Node(to), u, sfaas.MoveConfig{Mode: []sfaas.MoveMode{sfaas.Kept, sfaas.Soft}[x.rng.IntN(2)]}, func(err error) {
			x.busy[u] = false
			if err == nil {
				x.owner[u] = to
				x.moves++
			}
			x.epoch[u] = max(x.epoch[u], x.w.Node(to).Epoch(u), x.w.Node(from).Epoch(u))
		})
	}
}

// kill stops a node in the midst of a slot; another claims its units, and it starts anew.
func (x *world) kill(ues int) {
	n := x.rng.IntN(worldNodes)
	if x.down[n] || x.down[0] || x.down[1] || x.down[2] {
		return
	}
	for _, busy := range x.busy {
		if busy {
			return
		}
	}
	x.push(ues)
	x.w.RunFor(time.Duration(x.rng.Int64N(int64(slot / 2))))
	if err := x.w.Stop(x.w.Node(n)); err != nil {
		x.t.Fatal(err)
	}
	x.kills++
	x.down[n] = true
	to := (n + 1) % worldNodes
	for _, u := range x.units {
		if x.owner[u] != n {
			continue
		}
		x.epoch[u]++
		x.w.Claim(x.w.Node(to), u, x.epoch[u], func(err error) {
			if err != nil {
				x.t.Error(err)
			}
			x.owner[u] = to
			x.claims++
		})
	}
	x.w.RunFor(slot)
	if err := x.w.Start(x.w.Node(n)); err != nil {
		x.t.Fatal(err)
	}
	// Nobody is linked with a life before its number is known to be new. What is pushed by then waits, and
	// is done all at once.
	x.w.RunFor(time.Second/4 + slot)
	x.down[n] = false
	x.lives[n]++
	x.ledgers[n], x.told[n] = meter.NewLedger(sfaas.NodeID(n+1), power, 2), 0
}

// TestOracle meters a simulated fleet across moves and claims: the keeper has exactly what
// handlers have done, and with kills it lacks at most what a killed node had not told of the
// slot in which it died. What was sent between nodes is what was received, lost, or, at a
// kill, unknown.
func TestOracle(t *testing.T) {
	for _, kills := range []bool{false, true} {
		t.Run(fmt.Sprint("kills=", kills), func(t *testing.T) {
			x := newWorld(t, 7)
			const ues = 5
			most := uint64(long(100_000, 5_000_000))
			var done uint64
			for done < most {
				x.slot(ues)
				if x.rng.IntN(3) == 0 {
					x.move()
				}
				if kills && x.now%97 == 0 {
					x.kill(ues)
				}
				done = 0
				for _, n := range x.count {
					done += n
				}
			}
			x.w.Run()
			for n := range worldNodes {
				x.tell(n)
			}
			x.check(kills, ues)
			t.Logf("%d invocations in %d slots, %d moves, %d claims, %d kills", done, x.now, x.moves, x.claims, x.kills)
			if x.moves < 20 || (kills && (x.claims < 10 || x.unknown == 0)) {
				t.Error("the test does not show much")
			}
		})
	}
}

func (x *world) check(kills bool, ues int) {
	var most uint64
	for _, u := range x.units {
		total, want := x.keeper.Total(resource.Owner{App: "app", Unit: u}), x.count[u]
		if total.Invocations > want || (!kills && total.Invocations != want) {
			x.t.Errorf("%v: %d invocations, want %d", u, total.Invocations, want)
		}
		x.unknown += want - total.Invocations
		if u.Part == "a" && (total.StateRead != 8*total.Invocations || total.StateWritten != 8*total.Invocations || total.Transferred != 32*total.Invocations) {
			x.t.Errorf("%v: %d, %d and %d bytes of %d invocations", u, total.StateRead, total.StateWritten, total.Transferred, total.Invocations)
		}
	}
	// Of each cell and UE a slot has one invocation of a, one of b and one of the sink. A kill
	// comes within the slot after the last word.
	if most = uint64(x.kills) * worldCells * uint64(ues) * 3; x.unknown > most {
		x.t.Errorf("%d invocations unknown after %d kills, at most %d", x.unknown, x.kills, most)
	}
	var told [][]sfaas.EdgeFlow
	for _, f := range x.flows {
		told = append(told, f)
	}
	for _, f := range meter.Flows(x.app, told...) {
		open, bytes := f.Open()
		x.t.Log(f.String())
		if (!kills && open != 0) || open > int64(most) || -open > int64(most) || bytes != 32*open {
			x.t.Errorf("%v, %d bytes", f.String(), bytes)
		}
	}
	x.t.Logf("%d invocations unknown after %d kills, at most %d", x.unknown, x.kills, most)
}
