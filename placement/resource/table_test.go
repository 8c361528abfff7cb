// SPDX-License-Identifier: Apache-2.0

package resource_test

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/neuroran/neuroran/placement/resource"
	"github.com/neuroran/neuroran/sfaas"
)

// node has 8 cores, 16 GiB, 100 GiB of disk, 10 Gbit/s and two GPUs.
func node() resource.Inventory {
	v := resource.Inventory{
		Memory: 16 << 30, Disk: 100 << 30,
		Links: []resource.Link{{Name: "eth0", BitsPerSecond: 10e9, Up: true}},
		Accelerators: []resource.Accelerator{
			{ID: "a", Kind: "gpu", Memory: 80 << 30}, {ID: "b", Kind: "gpu", Memory: 40 << 30}, {ID: "c", Kind: "ldpc"},
		},
	}
	for i := range 8 {
		v.CPUs = append(v.CPUs, resource.CPU{ID: i, Core: i})
	}
	return v
}

// keys compares keys, which show no fields.
var keys = cmp.Comparer(func(a, b sfaas.Key) bool { return a == b })

func newTable(t testing.TB, v resource.Inventory) *resource.Table {
	t.Helper()
	table, err := resource.NewTable(v)
	if err != nil {
		t.Fatal(err)
	}
	return table
}

func owner(cell uint64) resource.Owner {
	return resource.Owner{App: "uplink", Unit: sfaas.Unit{Part: "decode", Root: sfaas.NewKey(sfaas.KindCell, cell)}}
}

// mixed is the lease of the issue: two cores, 30 % of a GPU, 64 MB and 1 Gbit/s.
func mixed() resource.Need {
	return resource.Need{
		CPU: 2 * resource.Whole, Memory: 64 << 20, Net: 1e9,
		Accelerators: []resource.AcceleratorNeed{{Kind: "gpu", Share: 300, Memory: 1 << 30}},
	}
}

func free(table *resource.Table) resource.Need {
	var n resource.Need
	table.Free(&n)
	return n
}

func TestAllOrNothing(t *testing.T) {
	for _, c := range []struct {
		name string
		need resource.Need
		want string
	}{
		{"cpu", resource.Need{CPU: 8001, Memory: 1}, "resource: cpu: want 8.001, free 8 of 8"},
		{"memory", resource.Need{CPU: 1, Memory: 17 << 30}, "resource: memory: want 17 GiB, free 16 GiB of 16 GiB"},
		{"disk", resource.Need{Disk: 1 << 40}, "resource: disk: want 1 TiB, free 100 GiB of 100 GiB"},
		{"net", resource.Need{Net: 11e9}, "resource: net: want 11 Gbit/s, free 10 Gbit/s of 10 Gbit/s"},
		{"kind", resource.Need{CPU: 1, Accelerators: []resource.AcceleratorNeed{{Kind: "tpu", Share: 1}}}, "resource: tpu share: want 0.001, free 0 of 0"},
		{"accelerator memory", resource.Need{Accelerators: []resource.AcceleratorNeed{{Kind: "gpu", Share: 1, Memory: 81 << 30}}},
			"resource: gpu memory: want 81 GiB, free 80 GiB of 80 GiB"},
		{"third accelerator", resource.Need{CPU: 1, Accelerators: []resource.AcceleratorNeed{
			{Kind: "gpu", Share: 600}, {Kind: "gpu", Share: 600}, {Kind: "gpu", Share: 600}}}, "resource: gpu share: want 0.6, free 1 of 1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			table := newTable(t, node())
			before := free(table)
			_, err := table.Grant(0, resource.Request{Need: c.need, Owner: owner(1), TTL: time.Second})
			var short *resource.ShortError
			if !errors.As(err, &short) || err.Error() != c.want {
				t.Errorf("got %v, want %s", err, c.want)
			}
			if diff := cmp.Diff(before, free(table)); diff != "" {
				t.Errorf("a refused lease took something: %s", diff)
			}
		})
	}
}

// TestAcceleratorsArePacked has needs that fit in one way only: taken one by one, the
// first would take the place of the second.
func TestAcceleratorsArePacked(t *testing.T) {
	table := newTable(t, node())
	need := resource.Need{Accelerators: []resource.AcceleratorNeed{
		{Kind: "gpu", Share: 500, Memory: 1 << 30}, {Kind: "gpu", Share: 600, Memory: 60 << 30}, {Kind: "gpu", Share: 400, Memory: 30 << 30},
	}}
	lease, err := table.Grant(0, resource.Request{Need: need, Owner: owner(1), TTL: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]int{1, 0, 1}, lease.On); diff != "" {
		t.Error(diff)
	}
	// What comes next goes to the device that is in use, not to one that could sleep.
	single := newTable(t, node())
	for cell := range uint64(3) {
		l, err := single.Grant(0, resource.Request{Need: mixed(), Owner: owner(cell), TTL: time.Second})
		if err != nil {
			t.Fatal(err)
		}
		if l.On[0] != 1 { // of equal shares the one with less memory is the fuller
			t.Errorf("cell %d on accelerator %d, want 1", cell, l.On[0])
		}
	}
}

func TestTwoPhases(t *testing.T) {
	table := newTable(t, node())
	second := sfaas.Time(time.Second)
	request := resource.Request{Need: mixed(), Owner: owner(1), Epoch: 3, TTL: time.Second, Proposal: 9}
	lease, err := table.Grant(0, request)
	if err != nil {
		t.Fatal(err)
	}
	again, err := table.Grant(second/2, request) // a letter that came twice
	if diff := cmp.Diff(lease, again, keys); err != nil || diff != "" {
		t.Fatalf("the same request again: %v %s", err, diff)
	}
	if err := table.Commit(second/2, lease.ID, 2*time.Second); err != nil {
		t.Fatal(err)
	}
	if err := table.Commit(second/2, lease.ID, 2*time.Second); err != nil {
		t.Errorf("a commit again: %v", err)
	}
	if l, ok := table.Lease(lease.ID); !ok || l.State != resource.Committed || l.Until != second/2+2*second {
		t.Errorf("committed: %v until %v", l, l.Until)
	}
	old := request
	old.Epoch = 2
	var stale *resource.StaleError
	if _, err := table.Grant(second, old); !errors.As(err, &stale) || stale.Want != 3 {
		t.Errorf("an epoch that is over: %v", err)
	}
	if err := table.Renew(5*second/2, lease.ID, time.Second); !errors.Is(err, resource.ErrNoLease) {
		t.Errorf("renewed after its end: %v", err)
	}
	if gone := table.Expire(5*second/2, nil); len(gone) != 1 || gone[0].ID != lease.ID {
		t.Errorf("expired: %v", gone)
	}
	if diff := cmp.Diff(table.Total(), free(table)); diff != "" {
		t.Errorf("not everything is free: %s", diff)
	}
	if table.Release(lease.ID) {
		t.Error("released twice")
	}
}

// TestCharge lets a unit take more than is free: nothing else is granted until there is room
// again.
func TestCharge(t *testing.T) {
	table := newTable(t, node())
	lease, err := table.Grant(0, resource.Request{Need: mixed(), Owner: owner(1), TTL: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	other := resource.Request{Need: resource.Need{CPU: 1}, Owner: owner(2), TTL: time.Second}
	need := mixed()
	need.CPU, need.Accelerators[0].Share = 9*resource.Whole, 1100
	if err := table.Charge(1, lease.ID, need); err != nil {
		t.Error(err)
	}
	if l, _ := table.Lease(lease.ID); !cmp.Equal(l.Need, need) {
		t.Errorf("holds %v, want %v", l.Need, need)
	}
	var short *resource.ShortError
	if err := table.Short(); !errors.As(err, &short) || short.Line != resource.LineCPU || short.Want != 9000 || short.Total != 8000 {
		t.Errorf("more than there is: %v", err)
	}
	if _, err := table.Grant(1, other); !errors.As(err, &short) || short.Free != -1000 {
		t.Errorf("granted beside it: %v", err)
	}
	if err := table.ShortBeside([]resource.LeaseID{lease.ID}); err != nil {
		t.Errorf("without it: %v", err)
	}
	other.Here = true
	if _, err := table.Grant(1, other); err != nil {
		t.Errorf("what runs already: %v", err)
	}
	// It goes on without its accelerator, then with one of another kind, then with one that
	// the node has not.
	if err := table.Charge(1, lease.ID, resource.Need{CPU: 1}); err != nil || table.Short() != nil {
		t.Errorf("less: %v, %v", err, table.Short())
	}
	need = resource.Need{Accelerators: []resource.AcceleratorNeed{{Kind: "ldpc", Share: 100}}}
	if err := table.Charge(1, lease.ID, need); err != nil {
		t.Error(err)
	}
	if l, _ := table.Lease(lease.ID); len(l.On) != 1 || l.On[0] != 2 {
		t.Errorf("on %v, want 2", l.On)
	}
	before := free(table)
	if err := table.Charge(1, lease.ID, resource.Need{Accelerators: []resource.AcceleratorNeed{{Kind: "tpu"}}}); !errors.As(err, &short) || short.Kind != "tpu" {
		t.Errorf("a kind that is not there: %v", err)
	}
	if diff := cmp.Diff(before, free(table)); diff != "" {
		t.Errorf("a refused change took something: %s", diff)
	}
}

func TestBadRequests(t *testing.T) {
	table := newTable(t, node())
	for _, r := range []resource.Request{
		{Need: resource.Need{CPU: -1}, TTL: 1}, {Need: resource.Need{Net: -1}, TTL: 1}, {}, {TTL: -1},
		{Need: resource.Need{Accelerators: []resource.AcceleratorNeed{{Share: 1}}}, TTL: 1},
		{Need: resource.Need{Accelerators: []resource.AcceleratorNeed{{Kind: "gpu", Share: 1001}}}, TTL: 1},
		{Need: resource.Need{Accelerators: make([]resource.AcceleratorNeed, 17)}, TTL: 1},
	} {
		var field *resource.FieldError
		if _, err := table.Grant(0, r); !errors.As(err, &field) {
			t.Errorf("%+v: %v", r, err)
		}
	}
	bad := node()
	bad.Memory = -5
	if _, err := resource.NewTable(bad); err == nil || err.Error() != "resource: inventory.memory: got -5 B, want 0 or more" {
		t.Errorf("an inventory below 0: %v", err)
	}
}

// TestConcurrentProposals lets 1 000 proposals ask at once for 8 nodes' worth of one
// node: exactly as many as fit are granted, and nothing is left of them when they end.
func TestConcurrentProposals(t *testing.T) {
	table := newTable(t, node())
	need := resource.Need{CPU: 250, Memory: 1 << 20, Accelerators: []resource.AcceleratorNeed{{Kind: "gpu", Share: 40}}}
	const fit = 32 // 8 cores / 0.25; the GPUs would take 50
	var granted, refused, committed atomic.Int64
	var all sync.WaitGroup
	for i := range uint64(1000) {
		all.Go(func() {
			lease, err := table.Grant(0, resource.Request{Need: need, Owner: owner(i), TTL: time.Second, Proposal: i + 1})
			var short *resource.ShortError
			switch {
			case err == nil:
				granted.Add(1)
				if i%2 == 0 && table.Commit(0, lease.ID, 10*time.Second) == nil {
					committed.Add(1)
				}
			case errors.As(err, &short):
				refused.Add(1)
			default:
				t.Error(err)
			}
			if f := free(table); f.CPU < 0 || f.Accelerators[0].Share < 0 || f.Accelerators[1].Share < 0 {
				t.Errorf("over-committed: %v", f)
			}
		})
	}
	all.Wait()
	if granted.Load() != fit || refused.Load() != 1000-fit {
		t.Errorf("%d granted and %d refused, want %d and %d", granted.Load(), refused.Load(), fit, 1000-fit)
	}
	gone := table.Expire(sfaas.Time(time.Second), nil)
	if int64(len(gone)) != fit-committed.Load() {
		t.Errorf("%d reservations expired, want %d", len(gone), fit-committed.Load())
	}
	table.Expire(sfaas.Time(10*time.Second), nil)
	if diff := cmp.Diff(table.Total(), free(table)); diff != "" {
		t.Errorf("expiry left something: %s", diff)
	}
}

// BenchmarkLease grants, commits and releases a mixed lease beside others.
func BenchmarkLease(b *testing.B) {
	for _, beside := range []uint64{0, 100, 1000} {
		b.Run(fmt.Sprintf("beside=%d", beside), func(b *testing.B) {
			v := node()
			v.CPUs = make([]resource.CPU, 2100)
			v.Links[0].BitsPerSecond, v.Memory = 1e13, 1<<40
			for range 400 {
				v.Accelerators = append(v.Accelerators, resource.Accelerator{ID: "x", Kind: "gpu", Memory: 80 << 30})
			}
			if beside < 1000 {
				v.Accelerators = v.Accelerators[:60]
			}
			table := newTable(b, v)
			for cell := range beside {
				if _, err := table.Grant(0, resource.Request{Need: mixed(), Owner: owner(cell), TTL: time.Hour}); err != nil {
					b.Fatal(err)
				}
			}
			r := resource.Request{Need: mixed(), Owner: owner(1 << 20), TTL: time.Second}
			b.ReportAllocs()
			for b.Loop() {
				lease, err := table.Grant(1, r)
				if err != nil {
					b.Fatal(err)
				}
				if err := table.Commit(1, lease.ID, time.Second); err != nil {
					b.Fatal(err)
				}
				table.Release(lease.ID)
			}
		})
	}
}
