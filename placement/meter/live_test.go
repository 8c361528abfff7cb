// SPDX-License-Identifier: Apache-2.0

package meter_test

import (
	"context"
	"math"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/neuroran/neuroran/placement/meter"
	"github.com/neuroran/neuroran/placement/resource"
	"github.com/neuroran/neuroran/sfaas"
)

// open starts two linked runtimes of a rig, the first of which has everything.
func (r *rig) open(t *testing.T, opts ...sfaas.Option) [2]*sfaas.Runtime {
	t.Helper()
	var nodes [2]*sfaas.Runtime
	for i := range nodes {
		rt, err := sfaas.NewRuntime(r.app, append([]sfaas.Option{
			sfaas.WithNode(sfaas.NodeID(i + 1)), sfaas.WithDefaultOwner(1), sfaas.WithMode(sfaas.Replay),
			sfaas.WithOutput(r.out, func(h sfaas.Header, _ *sample) { r.oracle("b", h.Key.Root(), 1) }),
		}, opts...)...)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { rt.Close() })
		nodes[i] = rt
	}
	if err := sfaas.Link(nodes[0], nodes[1]); err != nil {
		t.Fatal(err)
	}
	return nodes
}

// TestOracleLive is [TestOracle] with runtimes as they are: units move to and fro while two
// hosts push what arrives exactly once, and ledgers are told at any time.
func TestOracleLive(t *testing.T) {
	const cells = 4
	r := newRig(t, 0, sfaas.EdgeConfig{Guarantee: sfaas.ExactlyOnce})
	var counts [2][cells]atomic.Uint64
	r.oracle = func(part string, cell sfaas.Key, n int) {
		id, _ := cell.ID(sfaas.KindCell)
		counts[part[0]-'a'][id].Add(uint64(n))
	}
	nodes := r.open(t, sfaas.WithWorkers(2))
	ledgers := [2]*meter.Ledger{meter.NewLedger(1, power, 2), meter.NewLedger(2, power, 2)}
	tell := func() {
		for i, rt := range nodes {
			ledgers[i].Observe("app", nil, rt.Units(nil))
			rows, _ := ledgers[i].Rows(nil, 0)
			ledgers[1-i].Merge(rows)
		}
	}
	pushes := long(30_000, 3_400_000)
	var pushers sync.WaitGroup
	for i := range nodes {
		pushers.Go(func() {
			for n := range pushes / 2 {
				key := sfaas.NewKey(sfaas.KindCell, uint64(n%cells)).Child(sfaas.KindUE, uint64(i))
				for r.in.PushValue(nodes[i], key, sfaas.Slot(n), &sample{}) != nil {
					time.Sleep(50 * time.Microsecond)
				}
			}
		})
	}
	done := make(chan struct{})
	go func() { pushers.Wait(); close(done) }()
	owner, moves := map[sfaas.Unit]int{}, 0
	for n := 0; ; n++ {
		select {
		case <-done:
		default:
			u := sfaas.Unit{Part: []string{"a", "b"}[n%2], Root: sfaas.NewKey(sfaas.KindCell, uint64(n/2%cells))}
			if _, err := nodes[owner[u]].MoveUnit(context.Background(), u, nodes[1-owner[u]].Node(), sfaas.MoveConfig{}); err != nil {
				t.Fatal(err)
			}
			owner[u], moves = 1-owner[u], moves+1
			tell()
			continue
		}
		break
	}
	settle := func() (missing uint64) {
		tell()
		for p, part := range []string{"a", "b"} {
			for c := range uint64(cells) {
				total := ledgers[0].Total(resource.Owner{App: "app", Unit: sfaas.Unit{Part: part, Root: sfaas.NewKey(sfaas.KindCell, c)}})
				missing += max(counts[p][c].Load(), total.Invocations) - min(counts[p][c].Load(), total.Invocations)
			}
		}
		for p := range counts {
			for c := range counts[p] {
				missing -= counts[p][c].Load()
			}
		}
		missing += 3 * uint64(pushes) // modulo 2^64, until all have run
		for _, f := range meter.Flows(r.app, nodes[0].Flows(nil), nodes[1].Flows(nil)) {
			missing += max(f.Sent.Messages, f.Received.Messages+f.Lost.Messages) - min(f.Sent.Messages, f.Received.Messages+f.Lost.Messages)
		}
		return missing
	}
	for end := time.Now().Add(10 * time.Second); settle() > 0 && time.Now().Before(end); time.Sleep(time.Millisecond) {
		for _, rt := range nodes {
			if err := rt.Drain(context.Background()); err != nil {
				t.Fatal(err)
			}
		}
	}
	var all uint64
	for p := range counts {
		for c := range counts[p] {
			all += counts[p][c].Load()
		}
	}
	for _, f := range meter.Flows(r.app, nodes[0].Flows(nil), nodes[1].Flows(nil)) {
		t.Log(f.String())
	}
	t.Logf("%d invocations, %d moves", all, moves)
	if n := settle(); n > 0 || all != 3*uint64(pushes) || moves < 8 {
		t.Errorf("%d of %d invocations or messages missing or too many, of %d pushes and %d moves", n, all, pushes, moves)
	}
}

// TestTenantsLive floods two runtimes of one worker each for three tenants of weights 1, 2 and
// 4, whose slots take the same time: each gets its share of all of it within 5 %. It goes by the
// clock, and is run by who asks for long tests.
func TestTenantsLive(t *testing.T) {
	if os.Getenv("NEURORAN_LONG") == "" {
		t.Skip("shares by the clock need NEURORAN_LONG=1; TestShares has them in virtual time")
	}
	r := newRig(t, 0, sfaas.EdgeConfig{})
	r.oracle = func(part string, _ sfaas.Key, _ int) {
		if part == "a" {
			for end := time.Now().Add(100 * time.Microsecond); time.Now().Before(end); {
			}
		}
	}
	begin := time.Now()
	now := func() sfaas.Time { return sfaas.Time(time.Since(begin)) }
	var nodes []*tenantNode
	for i := range 2 {
		nodes = append(nodes, newTenantNode(t, r, i, now))
	}
	var wg sync.WaitGroup
	ctx, stop := context.WithCancel(context.Background())
	for _, n := range nodes {
		wg.Go(func() { n.ticks(ctx, r, now) })
		wg.Go(func() { n.tells(ctx, nodes) })
	}
	measure := func() (used [3]float64) {
		for _, n := range nodes {
			n.observe()
			for i, a := range n.ledger.Tenants(nil) {
				used[i] += a.Busy.Seconds() // both ledgers have both nodes, more or less
			}
		}
		return used
	}
	time.Sleep(6 * time.Second)
	after := measure()
	shares := nodes[0].sharing.Shares(nil)
	stop()
	wg.Wait()
	sum := 0.0
	for i := range after {
		sum += after[i]
	}
	for i, w := range []float64{1, 2, 4} {
		t.Logf("tenant of weight %v got %.4f, its share is %.4f; reported lately: %+v", w, after[i]/sum, w/7, shares[i])
		if got := after[i] / sum; math.Abs(got/(w/7)-1) > 0.05 {
			t.Errorf("tenant of weight %v got %.4f, want %.4f", w, got, w/7)
		}
	}
}

// tenantNode is a node of three cells, each of another tenant.
type tenantNode struct {
	rt      *sfaas.Runtime
	ledger  *meter.Ledger
	sharing *meter.Sharing
	gates   [3]*meter.Gate
	hosts   [3]sfaas.Host
	slots   [3]sfaas.Slot
	queued  [3]int
}

func newTenantNode(t *testing.T, r *rig, i int, now func() sfaas.Time) *tenantNode {
	t.Helper()
	n := &tenantNode{ledger: meter.NewLedger(sfaas.NodeID(i+1), power, 1)}
	var err error
	n.rt, err = sfaas.NewRuntime(r.app, sfaas.WithNode(sfaas.NodeID(i+1)), sfaas.WithMode(sfaas.Replay), sfaas.WithWorkers(1), sfaas.WithOutput(r.out, func(sfaas.Header, *sample) {}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { n.rt.Close() })
	var tenants []meter.Tenant
	for c := range uint64(3) {
		tenants = append(tenants, meter.Tenant{Name: tenantOf(cell(c)), Weight: float64(uint64(1) << c), Limits: meter.Limits{Class: meter.Wait}})
	}
	if n.sharing, err = meter.NewSharing(meter.SharingConfig{Tenants: tenants, Cluster: cores(2)[0], Node: cores(1)[0]}); err != nil {
		t.Fatal(err)
	}
	for c := range uint64(3) {
		if n.gates[c], err = meter.NewGate("cell", meter.Limits{Class: meter.Wait}, n.sharing.Gate(tenantOf(cell(c)))); err != nil {
			t.Fatal(err)
		}
		n.hosts[c] = n.gates[c].Host(n.rt, now)
	}
	return n
}

// tenantOf returns a name for each cell, in their order.
func tenantOf(u sfaas.Unit) string {
	id, _ := u.Root.ID(sfaas.KindCell)
	return string(rune('a' + id))
}

// flood lets the three push in turns until each has been refused, or often enough.
func (n *tenantNode) flood(r *rig) {
	refused := [3]bool{}
	for range 50 {
		for c := range uint64(3) {
			if !refused[c] {
				n.slots[c]++
				refused[c] = r.in.PushValue(n.hosts[c], sfaas.NewKey(sfaas.KindCell, c), n.slots[c], &sample{}) != nil
			}
		}
	}
}

func (n *tenantNode) observe() {
	rows := n.rt.Units(nil)
	n.ledger.Observe("app", tenantOf, rows)
	n.queued = [3]int{}
	for i := range rows {
		id, _ := rows[i].Unit.Root.ID(sfaas.KindCell)
		n.queued[id] += rows[i].Queued
	}
}

// ticks pushes, settles and shares once a millisecond.
func (n *tenantNode) ticks(ctx context.Context, r *rig, now func() sfaas.Time) {
	for ; ctx.Err() == nil; time.Sleep(time.Millisecond) {
		n.flood(r)
		n.observe()
		for c := range uint64(3) {
			var sum meter.Usage
			for _, part := range []string{"a", "b"} {
				u := n.ledger.Here(resource.Owner{App: "app", Unit: sfaas.Unit{Part: part, Root: cell(c).Root}, Tenant: tenantOf(cell(c))})
				sum.Add(&u)
			}
			n.gates[c].Settle(now(), sum, n.queued[c])
		}
		n.sharing.Tick(now(), n.ledger.Elsewhere(nil))
	}
}

// tells tells the other node every 20 ms.
func (n *tenantNode) tells(ctx context.Context, nodes []*tenantNode) {
	for ; ctx.Err() == nil; time.Sleep(20 * time.Millisecond) {
		rows, _ := n.ledger.Rows(nil, 0)
		for _, x := range nodes {
			x.ledger.Merge(rows)
		}
	}
}
