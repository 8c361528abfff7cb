// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"errors"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/neuroran/neuroran/placement/meter"
	"github.com/neuroran/neuroran/placement/resource"
	"github.com/neuroran/neuroran/sfaas"
)

// meteredZone is nodes of one core each, and others that only push, in virtual time: their meters
// are as they are, letters go as bytes, and what a push takes is drawn.
type meteredZone struct {
	t       *testing.T
	rng     *rand.Rand
	now     sfaas.Time
	tenants []meter.Tenant
	nodes   []*meteredNode
	lost    float64 // share of letters
}

type meteredNode struct {
	z      *meteredZone
	id     sfaas.NodeID
	meters *meters
	planes []*fakePlane
	queue  []fakePush
	left   time.Duration // of what the core has begun
}

type fakePush struct {
	plane *fakePlane // of the owner's node
	unit  sfaas.Unit
	cost  time.Duration
}

// fakePlane is a deployment at a node: for each tenant there is one.
type fakePlane struct {
	carrier // nil: the meters ask for nothing else
	node    *meteredNode
	cfg     Spec
	cost    time.Duration
	owner   func(u sfaas.Unit) sfaas.NodeID
	rows    map[sfaas.Unit]*sfaas.UnitStats
}

func (p *fakePlane) name() string { return p.cfg.Name }
func (p *fakePlane) spec() Spec   { return p.cfg }
func (p *fakePlane) route(u sfaas.Unit) sfaas.Route {
	return sfaas.Route{Unit: u, Owner: p.owner(u), Epoch: 1}
}

func (p *fakePlane) stats(dst []sfaas.UnitStats) []sfaas.UnitStats {
	for _, r := range p.rows {
		dst = append(dst, *r)
	}
	return dst
}

func (p *fakePlane) row(u sfaas.Unit) *sfaas.UnitStats {
	r := p.rows[u]
	if r == nil {
		r = &sfaas.UnitStats{Unit: u, Node: p.node.id, Epoch: 1, Life: 1, Owned: true}
		p.rows[u] = r
	}
	return r
}

// newMeteredZone has nodes 1 to workers with a core each, and pushers behind them.
func newMeteredZone(t *testing.T, workers, pushers int, tenants []meter.Tenant, specs []Spec, cost []time.Duration) *meteredZone {
	t.Helper()
	z := &meteredZone{t: t, rng: rand.New(rand.NewPCG(1, uint64(workers))), tenants: tenants, now: sfaas.Time(time.Hour)}
	owner := func(u sfaas.Unit) sfaas.NodeID {
		id, _ := u.Root.ID(sfaas.KindCell)
		return sfaas.NodeID(1 + id%uint64(workers))
	}
	for i := range workers + pushers {
		cores := 0
		if i < workers {
			cores = 1
		}
		n := &meteredNode{z: z, id: sfaas.NodeID(i + 1)}
		var err error
		if n.meters, err = newMeters(n.id, &Config{Tenants: tenants, Resources: resource.Inventory{Power: resource.GuessPower(1)}}, cores); err != nil {
			t.Fatal(err)
		}
		for k, cfg := range specs {
			n.planes = append(n.planes, &fakePlane{node: n, cfg: cfg, cost: cost[k], owner: owner, rows: map[sfaas.Unit]*sfaas.UnitStats{}})
		}
		z.nodes = append(z.nodes, n)
	}
	return z
}

func unitOf(cell uint64) sfaas.Unit {
	return sfaas.Unit{Part: "work", Root: sfaas.NewKey(sfaas.KindCell, cell)}
}

// push pushes once at a node, into a cell of a deployment.
func (n *meteredNode) push(deployment int, cell uint64) error {
	p, u := n.planes[deployment], unitOf(cell)
	g, err := n.meters.of(p, []sfaas.Unit{u})
	if err != nil || g == nil {
		n.z.t.Fatal(g, err)
	}
	if err := g.gate.Admit(n.z.now); err != nil {
		return err
	}
	owner := n.z.nodes[p.owner(u)-1]
	there := owner.planes[deployment]
	there.row(u).Queued++
	owner.queue = append(owner.queue, fakePush{there, u, time.Duration(float64(p.cost) * (0.5 + n.z.rng.Float64()))})
	return nil
}

// millisecond lets the cores work, and nodes look, settle and share; every 20 ms they tell each
// other.
func (z *meteredZone) millisecond(n int) {
	for _, x := range z.nodes {
		for x.left = min(x.left, 0) + time.Millisecond; x.left > 0 && len(x.queue) > 0; x.queue = x.queue[1:] {
			p := &x.queue[0]
			x.left -= p.cost
			r := p.plane.row(p.unit)
			r.Queued--
			r.Invocations++
			r.Slots++
			r.Busy += p.cost
		}
		x.meters.tick(z.now)
		for _, p := range x.planes { // those without a gate here
			x.meters.survey(p)
		}
	}
	z.now = z.now.Add(time.Millisecond)
	if n%20 != 0 {
		return
	}
	for _, from := range z.nodes {
		l := usageLetter{pushes: true, has: from.meters.own, wants: from.meters.wanted(z.now)}
		rows, _ := from.meters.usage.Rows(nil, 0)
		for _, r := range rows {
			if r.Node != from.id {
				continue
			}
			waiting := 0
			for _, p := range from.planes {
				if s := p.rows[r.Owner.Unit]; s != nil && p.cfg.Name == r.Owner.App {
					waiting = s.Queued
				}
			}
			l.rows = append(l.rows, usageRow{r, waiting})
		}
		b, err := l.append(nil)
		if err != nil {
			z.t.Fatal(err)
		}
		for _, to := range z.nodes {
			read, err := parseUsage(b)
			if err != nil {
				z.t.Fatal(err)
			}
			if to != from && z.rng.Float64() >= z.lost {
				to.meters.take(from.id, read, z.now)
			}
		}
	}
}

// used returns the processor time of each deployment, on all nodes.
func (z *meteredZone) used() (all []time.Duration) {
	for k := range z.nodes[0].planes {
		sum := time.Duration(0)
		for _, n := range z.nodes {
			for _, r := range n.planes[k].rows {
				sum += r.Busy
			}
		}
		all = append(all, sum)
	}
	return all
}

// threeTenants are of weights 1, 2 and 4, each with a deployment of its own.
func threeTenants() (tenants []meter.Tenant, specs []Spec, cost []time.Duration) {
	for i, name := range []string{"a", "b", "c"} {
		tenants = append(tenants, meter.Tenant{Name: name, Weight: float64(int(1) << i)})
		specs = append(specs, Spec{Name: "app " + name, Unit: sfaas.KindCell, Slot: time.Millisecond, Tenant: name})
		cost = append(cost, time.Duration(50*(3-i))*time.Microsecond)
	}
	return tenants, specs, cost
}

// TestTenantsShareNodes floods two nodes for three tenants, whose pushes take different times: from
// the nodes themselves, from one that only pushes, from two, and from one for each tenant, and
// with a fifth of the letters lost. Each tenant gets its share within 5 %, and little is left over.
func TestTenantsShareNodes(t *testing.T) {
	for _, c := range []struct {
		name    string
		pushers int
		at      func(node sfaas.NodeID, tenant int) bool // pushes
		lost    float64
	}{
		{"here", 0, func(sfaas.NodeID, int) bool { return true }, 0},
		{"one other", 1, func(n sfaas.NodeID, _ int) bool { return n > 2 }, 0},
		{"two others", 2, func(n sfaas.NodeID, _ int) bool { return n > 2 }, 0.2},
		{"one each", 3, func(n sfaas.NodeID, tenant int) bool { return int(n) == 3+tenant }, 0},
		{"here and there", 1, func(n sfaas.NodeID, tenant int) bool { return int(n) == tenant+1 }, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			tenants, specs, cost := threeTenants()
			z := newMeteredZone(t, 2, c.pushers, tenants, specs, cost)
			z.lost = c.lost
			var before []time.Duration
			const warm, all = 700, 2700
			deepest := 0
			for n := range all {
				for range 30 {
					for _, x := range z.nodes {
						for k := range tenants {
							if c.at(x.id, k) {
								_ = x.push(k, uint64(z.rng.IntN(4)))
							}
						}
					}
				}
				z.millisecond(n)
				if n == warm {
					before = z.used()
				}
				for _, x := range z.nodes {
					if n > warm {
						deepest = max(deepest, len(x.queue))
					}
				}
			}
			sum, got := 0.0, make([]float64, len(tenants))
			for k, d := range z.used() {
				got[k] = (d - before[k]).Seconds()
				sum += got[k]
			}
			t.Logf("got %.3f of %.3f s; shares %.4f %.4f %.4f; %d waited at most", got, sum, got[0]/sum, got[1]/sum, got[2]/sum, deepest)
			for k, w := range []float64{1, 2, 4} {
				if math.Abs(got[k]/sum*7/w-1) > 0.05 {
					t.Errorf("tenant %s got %.4f, want %.4f", tenants[k].Name, got[k]/sum, w/7)
				}
			}
			if full := 2 * (all - warm) * 1e-3; sum < 0.95*full {
				t.Errorf("%.3f of %.3f s were used", sum, full)
			}
		})
	}
}

// TestLimitsOfAUnitElsewhere holds a unit, which is pushed into from two nodes that are not its
// owner's, to a limit: both together, whatever letters are lost; and a push costs ten times as
// much from some moment on.
func TestLimitsOfAUnitElsewhere(t *testing.T) {
	limits := meter.Limits{Class: meter.Wait}
	limits.PerSecond[meter.CPU] = 0.2
	specs := []Spec{{Name: "app", Unit: sfaas.KindCell, Slot: time.Millisecond, Limits: limits}}
	z := newMeteredZone(t, 1, 2, nil, specs, []time.Duration{20 * time.Microsecond})
	z.lost = 0.1
	refusals := 0
	const all = 6000
	var at [3]time.Duration
	for n := range all {
		for range 20 {
			for _, x := range z.nodes[1:] {
				err := x.push(0, 0)
				var limit *meter.LimitError
				if err != nil && (!errors.As(err, &limit) || limit.Quantity != meter.CPU || !errors.Is(err, sfaas.ErrBusy)) {
					t.Fatal(err)
				}
				if err != nil {
					refusals++
				}
			}
		}
		z.millisecond(n)
		at[n*len(at)/all] = z.used()[0]
		if n == all/2 {
			for _, x := range z.nodes {
				x.planes[0].cost *= 10
			}
		}
	}
	t.Logf("%v, %v and %v used after 2, 4 and 6 s, %d refused", at[0], at[1], at[2], refusals)
	// For a round after the change pushes are charged as before, and some bursts are on top.
	if at[0] < 360*time.Millisecond || at[0] > 460*time.Millisecond || at[2] < 1150*time.Millisecond || at[2] > 1350*time.Millisecond || refusals == 0 {
		t.Error("want 0.2 s of processor time per second")
	}
}

// TestLimitsOfATenantAreOfAllItsUnits holds two units on two nodes, pushed into from where they are, to
// the limit of their tenant.
func TestLimitsOfATenantAreOfAllItsUnits(t *testing.T) {
	tenants, specs, cost := threeTenants()
	tenants[0].Limits.PerSecond[meter.Invocations] = 1000
	z := newMeteredZone(t, 2, 0, tenants, specs, cost)
	const all = 4000
	for n := range all {
		for range 5 {
			for i, x := range z.nodes {
				_ = x.push(0, uint64(i))
			}
		}
		z.millisecond(n)
	}
	sum := uint64(0)
	for i, x := range z.nodes {
		sum += x.planes[0].rows[unitOf(uint64(i))].Invocations
	}
	if sum < 3800 || sum > 4200 {
		t.Errorf("%d invocations in 4 s, want 4000", sum)
	}
	var r Report
	z.nodes[0].meters.report(&r)
	bit := r.Limits[0]
	if bit.Name != "tenant a" || bit.Refused[meter.Invocations] == 0 || bit.Tried < bit.Taken+bit.Bit() || bit.Bit() == 0 {
		t.Errorf("limits that bit: %v", r.Limits)
	}
}

// TestHistoryIsNotHeldAgainst lets a node join late: what was used before is no debt.
func TestHistoryIsNotHeldAgainst(t *testing.T) {
	limits := meter.Limits{}
	limits.PerSecond[meter.CPU] = 0.1
	specs := []Spec{{Name: "app", Unit: sfaas.KindCell, Slot: time.Millisecond, Limits: limits}}
	z := newMeteredZone(t, 1, 1, nil, specs, []time.Duration{100 * time.Microsecond})
	r := z.nodes[0].planes[0].row(unitOf(0))
	r.Busy, r.Invocations, r.Slots = time.Hour, 1e6, 1e6
	taken := 0
	for n := range 2000 {
		if z.nodes[1].push(0, 0) == nil {
			taken++
		}
		z.millisecond(n)
	}
	if taken < 1700 || taken > 2000 {
		t.Errorf("%d pushes of 100 µs in 2 s, want 2000", taken)
	}
}
