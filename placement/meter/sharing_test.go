// SPDX-License-Identifier: Apache-2.0

package meter_test

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/neuroran/neuroran/placement/meter"
	"github.com/neuroran/neuroran/sfaas"
)

// load is how tenants push at a node, and what one push uses.
type load struct {
	name   string
	weight float64
	pushes func(node, slot int) int
	cost   meter.Usage // of one push, varied by half to both sides
}

// cluster runs tenants on nodes in virtual time: each node does first what was pushed first, as
// far as its cores and its link go, and tells others what tenants have used now and then.
// What is told is late, and a third of it is lost.
type cluster struct {
	rng   *rand.Rand
	nodes []*node
	loads []load
	told  [][][]meter.Account // by node: ring of what it has told
}

type node struct {
	capacity meter.Amounts
	sharing  *meter.Sharing
	queue    []request
	waiting  []int // by tenant
	left     meter.Amounts
	used     []meter.Usage     // by tenant
	heard    [][]meter.Account // by node
	refused  int
}

type request struct {
	tenant int
	use    meter.Usage
}

func newCluster(t *testing.T, seed uint64, capacities []meter.Amounts, loads []load) *cluster {
	t.Helper()
	c := &cluster{rng: rand.New(rand.NewPCG(seed, 2)), loads: loads, told: make([][][]meter.Account, len(capacities))}
	var whole meter.Amounts
	var tenants []meter.Tenant
	for _, x := range capacities {
		for q := range x {
			whole[q] += x[q]
		}
	}
	for _, l := range loads {
		tenants = append(tenants, meter.Tenant{Name: l.name, Weight: l.weight, Limits: meter.Limits{Class: meter.Wait}})
	}
	for _, x := range capacities {
		s, err := meter.NewSharing(meter.SharingConfig{Tenants: tenants, Cluster: whole, Node: x})
		if err != nil {
			t.Fatal(err)
		}
		c.nodes = append(c.nodes, &node{capacity: x, sharing: s, used: make([]meter.Usage, len(loads)), waiting: make([]int, len(loads)), heard: make([][]meter.Account, len(capacities))})
	}
	return c
}

const (
	tellEvery = 40 // slots, 20 ms
	tellLater = 2  // times of telling
)

// run lets slots pass and returns what each tenant has used of them.
func (c *cluster) run(from, to int) []meter.Amounts {
	before := c.used()
	for n := from; n < to; n++ {
		now := sfaas.Time(n) * sfaas.Time(slot)
		for i, x := range c.nodes {
			x.slot(c, i, n, now)
		}
		if n%tellEvery == 0 {
			c.tell()
		}
	}
	after := c.used()
	for i := range after {
		for q := range after[i] {
			after[i][q] -= before[i][q]
		}
	}
	return after
}

func (x *node) slot(c *cluster, i, n int, now sfaas.Time) {
	var order []int
	for t, l := range c.loads {
		for range l.pushes(i, n) {
			order = append(order, t)
		}
	}
	c.rng.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	for _, t := range order {
		if x.sharing.Gate(c.loads[t].name).Admit(now) != nil {
			x.refused++
			continue
		}
		x.queue = append(x.queue, request{t, vary(c.rng, c.loads[t].cost)})
		x.waiting[t]++
	}
	for q := range x.left {
		// Cores and link do not wait for each other within some slots, as several workers do.
		x.left[q] = min(x.left[q], float64(len(c.loads)-1)*x.capacity[q]*slot.Seconds()) + x.capacity[q]*slot.Seconds()
	}
	for len(x.queue) > 0 && room(&x.capacity, &x.left) {
		r := x.queue[0]
		x.queue = x.queue[1:]
		for q, a := range r.use.Amounts() {
			x.left[q] -= a
		}
		x.waiting[r.tenant]--
		x.used[r.tenant].Add(&r.use)
	}
	for t, l := range c.loads {
		x.sharing.Gate(l.name).Settle(now, x.used[t], x.waiting[t])
	}
	x.sharing.Tick(now, x.elsewhere(c))
}

// room reports whether something is left of all that is scarce.
func room(capacity, left *meter.Amounts) bool {
	for q := range left {
		if capacity[q] > 0 && left[q] <= 0 {
			return false
		}
	}
	return true
}

func vary(rng *rand.Rand, u meter.Usage) meter.Usage {
	x := 0.5 + rng.Float64()
	return meter.Usage{Invocations: 1, Transferred: uint64(float64(u.Transferred) * x), CPU: time.Duration(float64(u.CPU) * x)}
}

// elsewhere adds up what a node has heard of the others.
func (x *node) elsewhere(c *cluster) []meter.Account {
	out := make([]meter.Account, len(c.loads)) // names are in order
	for t, l := range c.loads {
		out[t].Tenant = l.name
		for _, h := range x.heard {
			if h != nil {
				out[t].Add(&h[t].Usage)
			}
		}
	}
	return out
}

// tell lets nodes say what they have used, and hear what others said some time ago.
func (c *cluster) tell() {
	for i, x := range c.nodes {
		accounts := make([]meter.Account, len(c.loads))
		for t, l := range c.loads {
			accounts[t] = meter.Account{Tenant: l.name, Usage: x.used[t]}
		}
		c.told[i] = append(c.told[i], accounts)
		for j, y := range c.nodes {
			if k := len(c.told[i]) - 1 - tellLater; i != j && k >= 0 && c.rng.IntN(3) > 0 {
				y.heard[i] = c.told[i][k]
			}
		}
	}
}

func (c *cluster) used() []meter.Amounts {
	out := make([]meter.Amounts, len(c.loads))
	for _, x := range c.nodes {
		for t := range c.loads {
			for q, a := range x.used[t].Amounts() {
				out[t][q] += a
			}
		}
	}
	return out
}

func cores(n ...float64) (out []meter.Amounts) {
	for _, x := range n {
		var a meter.Amounts
		a[meter.CPU] = x
		out = append(out, a)
	}
	return out
}

func always(n int) func(int, int) int { return func(int, int) int { return n } }

func work(d time.Duration) meter.Usage { return meter.Usage{CPU: d} }

// TestShares lets three tenants of weights 1, 2 and 4 want more than there is, in several
// clusters, on nodes that are told late what happens elsewhere: each gets its share of all
// nodes within 5 %, and nodes are used in full.
func TestShares(t *testing.T) {
	here := func(nodes ...int) func(int, int) int {
		return func(node, _ int) int {
			for _, n := range nodes {
				if n == node {
					return 8
				}
			}
			return 0
		}
	}
	for _, c := range []struct {
		name   string
		nodes  []meter.Amounts
		pushes [3]func(int, int) int
		costs  [3]time.Duration
		want   [3]float64 // shares of the cluster
	}{
		{"one node", cores(1), [3]func(int, int) int{always(8), always(8), always(8)}, [3]time.Duration{100 * time.Microsecond, 100 * time.Microsecond, 100 * time.Microsecond}, [3]float64{1. / 7, 2. / 7, 4. / 7}},
		{"five nodes", cores(1, 2, 4, 1, 2), [3]func(int, int) int{always(30), always(30), always(30)}, [3]time.Duration{60 * time.Microsecond, 150 * time.Microsecond, 300 * time.Microsecond}, [3]float64{1. / 7, 2. / 7, 4. / 7}},
		{"large pushes", cores(1, 1), [3]func(int, int) int{always(1), always(3), always(1)}, [3]time.Duration{7 * time.Millisecond, 300 * time.Microsecond, 2 * time.Millisecond}, [3]float64{1. / 7, 2. / 7, 4. / 7}},
		{"one pushes harder", cores(1, 1, 1), [3]func(int, int) int{always(60), always(8), always(8)}, [3]time.Duration{100 * time.Microsecond, 100 * time.Microsecond, 200 * time.Microsecond}, [3]float64{1. / 7, 2. / 7, 4. / 7}},
		// Each is on two of three nodes: together they can all get what is theirs.
		{"not everywhere", cores(2, 2, 2), [3]func(int, int) int{here(0, 1), here(1, 2), here(0, 2)}, [3]time.Duration{200 * time.Microsecond, 200 * time.Microsecond, 200 * time.Microsecond}, [3]float64{1. / 7, 2. / 7, 4. / 7}},
		// The third can get a half only, as it is on one of two nodes: the others share the other.
		{"confined", cores(2, 2), [3]func(int, int) int{here(0, 1), here(0, 1), here(1)}, [3]time.Duration{200 * time.Microsecond, 200 * time.Microsecond, 200 * time.Microsecond}, [3]float64{1. / 6, 2. / 6, 3. / 6}},
	} {
		var loads []load
		for i, name := range []string{"a", "b", "c"} {
			loads = append(loads, load{name, []float64{1, 2, 4}[i], c.pushes[i], work(c.costs[i])})
		}
		x := newCluster(t, 1, c.nodes, loads)
		x.run(0, 4000)
		used := x.run(4000, 14000)
		sum, whole := 0.0, 0.0
		for i := range used {
			sum += used[i][meter.CPU]
		}
		for _, n := range c.nodes {
			whole += n[meter.CPU] * (10000 * slot).Seconds()
		}
		reported := x.nodes[0].sharing.Shares(nil)
		for i := range used {
			got := used[i][meter.CPU] / sum
			t.Logf("%s: tenant %s got %.4f of what was used, its share is %.4f; reported lately %.4f", c.name, loads[i].name, got, c.want[i], reported[i].Share)
			if math.Abs(got/c.want[i]-1) > 0.05 {
				t.Errorf("%s: tenant %s got %.4f, want %.4f", c.name, loads[i].name, got, c.want[i])
			}
			if math.Abs(reported[i].Share/c.want[i]-1) > 0.15 {
				t.Errorf("%s: %+v is reported, want about %.4f", c.name, reported[i], c.want[i])
			}
		}
		if sum < 0.97*whole {
			t.Errorf("%s: %.3f of the cluster is used", c.name, sum/whole)
		}
	}
}

// TestDominant shares cores and links among tenants of which one uses more of the former, and
// one of the latter: their dominant shares over their weights become equal.
func TestDominant(t *testing.T) {
	capacity := meter.Amounts{}
	capacity[meter.CPU], capacity[meter.Transferred] = 2, 1e9
	loads := []load{
		{"compute", 1, always(40), meter.Usage{CPU: 200 * time.Microsecond, Transferred: 20_000}},
		{"traffic", 1, always(40), meter.Usage{CPU: 20 * time.Microsecond, Transferred: 100_000}},
	}
	x := newCluster(t, 1, []meter.Amounts{capacity, capacity}, loads)
	x.run(0, 4000)
	used := x.run(4000, 16000)
	length := (12000 * slot).Seconds()
	dominant := []float64{used[0][meter.CPU] / (4 * length), used[1][meter.Transferred] / (2e9 * length)}
	// With equal dominant shares s, cores are used to s + 0.1·s, and links to 0.2·s + s ≤ 1.
	t.Logf("dominant shares %.4f", dominant)
	for i := range dominant {
		if want := 5. / 6; math.Abs(dominant[i]/want-1) > 0.05 {
			t.Errorf("%s has %.4f of what it uses most, want %.4f", loads[i].name, dominant[i], want)
		}
	}
}

// TestIdleSharesAreNotSaved lets a tenant come after a second in which another had everything:
// from then on each has its share, and the first is not shut out.
func TestIdleSharesAreNotSaved(t *testing.T) {
	late := func(_, slot int) int {
		if slot < 4000 {
			return 0
		}
		return 8
	}
	x := newCluster(t, 1, cores(1, 1), []load{{"early", 1, always(8), work(100 * time.Microsecond)}, {"late", 1, late, work(100 * time.Microsecond)}})
	if used := x.run(0, 4000); used[0][meter.CPU] < 0.97*2*(4000*slot).Seconds() {
		t.Errorf("alone, a tenant got %v of 4 s", used[0][meter.CPU])
	}
	used := x.run(4000, 4400)
	if share := used[0][meter.CPU] / (2 * (400 * slot).Seconds()); share < 0.25 {
		t.Errorf("when another comes, the first has %.3f of the next 200 ms", share)
	}
	used = x.run(4400, 12000)
	if share := used[0][meter.CPU] / (used[0][meter.CPU] + used[1][meter.CPU]); math.Abs(share-0.5) > 0.025 {
		t.Errorf("then the first has %.3f", share)
	}
}

// TestNobodyElse lets one tenant of three have everything that it wants.
func TestNobodyElse(t *testing.T) {
	x := newCluster(t, 1, cores(1), []load{{"a", 1, always(4), work(100 * time.Microsecond)}, {"b", 4, always(0), work(1)}})
	x.run(0, 100)
	before := x.nodes[0].refused
	used := x.run(100, 4100)
	if share := used[0][meter.CPU] / (4000 * slot).Seconds(); share < 0.78 || x.nodes[0].refused > before {
		t.Errorf("%.3f of the node, %d refused; want 0.8 and none", share, x.nodes[0].refused-before)
	}
}

// TestSharingErrors names what cannot be.
func TestSharingErrors(t *testing.T) {
	for _, c := range []meter.SharingConfig{
		{},
		{Tenants: []meter.Tenant{{Name: "a"}}},
		{Tenants: []meter.Tenant{{Name: "a", Weight: math.NaN()}}},
		{Tenants: []meter.Tenant{{Name: "a", Weight: 1}, {Name: "a", Weight: 1}}},
		{Tenants: []meter.Tenant{{Name: "a", Weight: 1, Limits: meter.Limits{Burst: -1}}}},
	} {
		if s, err := meter.NewSharing(c); err == nil {
			t.Errorf("%+v: %v", c, s)
		}
	}
}

// TestTickNoAllocs shares without memory.
func TestTickNoAllocs(t *testing.T) {
	x := newCluster(t, 1, cores(1), []load{{"a", 1, always(4), work(1000)}, {"b", 4, always(9), work(1000)}})
	x.run(0, 100)
	elsewhere := x.nodes[0].elsewhere(x)
	now := sfaas.Time(100 * slot)
	if n := testing.AllocsPerRun(100, func() {
		now = now.Add(slot)
		x.nodes[0].sharing.Tick(now, elsewhere)
	}); n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
}

func BenchmarkTick(b *testing.B) {
	var tenants []meter.Tenant
	for i := range 8 {
		tenants = append(tenants, meter.Tenant{Name: string(rune('a' + i)), Weight: float64(1 + i)})
	}
	s, err := meter.NewSharing(meter.SharingConfig{Tenants: tenants, Cluster: cores(10)[0], Node: cores(1)[0]})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for now := sfaas.Time(0); b.Loop(); now += sfaas.Time(slot) {
		for i := range tenants {
			for range 10 {
				_ = s.Gate(tenants[i].Name).Admit(now)
			}
		}
		s.Tick(now, nil)
	}
}
