// SPDX-License-Identifier: Apache-2.0

package ledger_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/neuroran/neuroran/placement/admission"
	"github.com/neuroran/neuroran/placement/internal/agent"
	"github.com/neuroran/neuroran/placement/internal/ledger"
	"github.com/neuroran/neuroran/placement/resource"
	"github.com/neuroran/neuroran/sfaas"
)

const (
	us   = time.Microsecond
	slot = 1000 * us
)

// lends is a node with four cores, 1 GB and a GPU.
func lends(bear time.Duration) ledger.Config {
	return ledger.Config{
		Resources: resource.Inventory{CPUs: make([]resource.CPU, 4), Memory: 1e9, Accelerators: []resource.Accelerator{{ID: "a", Kind: "gpu", Memory: 1e9}}},
		Workers:   admission.Set{Cores: 4}, Bear: bear,
	}
}

func newLedger(t testing.TB, bear time.Duration) *ledger.Ledger {
	t.Helper()
	l, err := ledger.New(lends(bear))
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func owner(u uint64) resource.Owner {
	return resource.Owner{App: "uplink", Unit: sfaas.Unit{Root: sfaas.NewKey(sfaas.KindCell, u)}}
}

// random is what some unit takes.
func random(r *rand.Rand) ledger.Demand {
	d := ledger.Demand{Need: resource.Need{CPU: resource.Milli(r.IntN(600)), Memory: r.Int64N(1e8)}}
	work := time.Duration(r.IntN(500)) * us
	d.Work = admission.Unit{
		Work: work, Chain: min(work, time.Duration(1+r.IntN(200))*us), Ingress: time.Duration(r.IntN(50)) * us,
		Egress: time.Duration(r.IntN(50)) * us, Deadline: time.Duration(500+r.IntN(500)) * us,
	}
	if r.IntN(4) > 0 {
		d.Work.Slot = slot
	}
	if r.IntN(3) == 0 {
		d.Need.Accelerators = []resource.AcceleratorNeed{{Kind: "gpu", Share: resource.Milli(r.IntN(300)), Memory: r.Int64N(3e8)}}
		d.Queue = time.Duration(r.IntN(80)) * us
	}
	return d
}

// fits adds up what units take, by the lines as the package's documentation says them.
func fits(all []ledger.Demand) bool {
	var cpu, share resource.Milli
	var memory, device int64
	var work, queue time.Duration
	for _, d := range all {
		cpu, memory = cpu+d.Need.CPU, memory+d.Need.Memory
		for _, a := range d.Need.Accelerators {
			share, device, queue = share+a.Share, device+a.Memory, queue+d.Queue
		}
		if d.Work.Slot > 0 {
			work += d.Work.Work
		}
	}
	for _, d := range all {
		others := work - d.Work.Chain
		if d.Work.Slot == 0 {
			others = d.Work.Work - d.Work.Chain
		}
		ends := d.Work.Ingress + (others+3)/4 + d.Work.Chain + d.Work.Egress
		if len(d.Need.Accelerators) > 0 && d.Queue > 0 {
			ends += queue
		}
		if ends > d.Work.Deadline {
			return false
		}
	}
	return cpu <= 4000 && memory <= 1e9 && share <= 1000 && device <= 1e9
}

// TestWhatFitsIsAdmitted lets random units come, grow and go, and adds up what they take beside
// the ledger: it admits what fits, all of it, and nothing else, and says when there is too much.
func TestWhatFitsIsAdmitted(t *testing.T) {
	admitted, refused, over := 0, 0, 0
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 7))
		l := newLedger(t, 0)
		var ids []resource.LeaseID
		var all []ledger.Demand
		for u := range uint64(200) {
			d := random(r)
			switch at := r.IntN(max(len(all), 1)); {
			case len(all) > 0 && r.IntN(4) == 0:
				if !fits(all) || r.IntN(3) > 0 {
					l.Release(ids[at])
					ids, all = append(ids[:at], ids[at+1:]...), append(all[:at], all[at+1:]...)
					break
				}
				if err := l.Charge(0, ids[at], &d); err != nil {
					t.Fatal(err)
				}
				all[at] = d
			default:
				id, err := l.Reserve(0, owner(u), 1, &d, sfaas.Time(time.Hour))
				if want := fits(append(all[:len(all):len(all)], d)); want != (err == nil) {
					// What is short already, and is not asked for, is no reason to refuse.
					var short *resource.ShortError
					if fits(all) || !errors.As(l.Check(), &short) {
						t.Fatalf("seed %d, unit %d: %v, it fits: %v", seed, u, err, want)
					}
				}
				if err != nil {
					refused++
					break
				}
				admitted++
				ids, all = append(ids, id), append(all, d)
			}
			if want := fits(all); want != (l.Check() == nil) {
				t.Fatalf("seed %d, unit %d: %v, all fits: %v", seed, u, l.Check(), want)
			} else if !want {
				over++
			}
		}
	}
	t.Logf("%d admitted, %d refused, %d times too much", admitted, refused, over)
	if admitted < 1000 || refused < 1000 || over < 20 {
		t.Errorf("%d admitted, %d refused, %d times too much: the test shows little", admitted, refused, over)
	}
}

// TestGrownHasToGo lets a unit grow beyond what there is: after a while the smallest one without
// which all others fit has to go, and nothing comes in its place before it has.
func TestGrownHasToGo(t *testing.T) {
	l := newLedger(t, time.Second)
	const until = sfaas.Time(time.Hour)
	demand := func(cpu resource.Milli) *ledger.Demand { return &ledger.Demand{Need: resource.Need{CPU: cpu}} }
	var ids []resource.LeaseID
	for u, cpu := range []resource.Milli{500, 1000, 1500} {
		id, err := l.Reserve(0, owner(uint64(u)), 1, demand(cpu), until)
		if err != nil {
			t.Fatal(err)
		}
		l.Become(id)
		ids = append(ids, id)
	}
	promised, err := l.Reserve(0, owner(9), 1, demand(1000), until)
	if err != nil {
		t.Fatal(err)
	}
	states := func(now time.Duration) (all []agent.LeaseState) {
		for _, id := range ids {
			all = append(all, l.Extend(sfaas.Time(now), id, until))
		}
		return all
	}
	want := func(when string, now time.Duration, want ...agent.LeaseState) {
		t.Helper()
		for i, got := range states(now) {
			if got != want[i] {
				t.Errorf("%s: lease %d: state %v, want %v", when, i, got, want[i])
			}
		}
	}
	const stands, displaced = agent.LeaseStands, agent.LeaseDisplaced
	want("all fit", 0, stands, stands, stands)
	if err := l.Charge(0, ids[2], demand(2200)); err != nil {
		t.Fatal(err)
	}
	want("too much for a moment", time.Second, stands, stands, stands)
	want("too much for a second", 2*time.Second, stands, displaced, stands)
	if _, err := l.Reserve(0, owner(10), 1, demand(1), until); err == nil {
		t.Error("a unit is admitted in the place of one that has not gone yet")
	}
	want("no other one has to go", 5*time.Second, stands, displaced, stands)
	l.Bind(ids[1])
	want("it cannot go", 6*time.Second, stands, stands, stands)
	want("another one has to", 7*time.Second, stands, stands, displaced)
	l.Release(promised) // it does not come
	want("there is room again", 8*time.Second, stands, stands, stands)
	id, err := l.Accept(0, owner(11), 1, demand(4000), until) // it has come all the same
	if err != nil || l.Check() == nil {
		t.Errorf("what is here already: %v, %v", err, l.Check())
	}
	want("too much again", 9*time.Second, stands, stands, stands)
	want("one is enough, if it is that", 11*time.Second, stands, stands, stands)
	if got := l.Extend(sfaas.Time(11*time.Second), id, until); got != displaced {
		t.Errorf("the one without which all fit: %v", got)
	}
	if got := l.Extend(sfaas.Time(2*time.Hour), id, 3*sfaas.Time(time.Hour)); got != agent.LeaseEnded {
		t.Errorf("after its time: %v", got)
	}
}

// TestSlots has two cells and a unit without slots: a budget is shared among the cells.
func TestSlots(t *testing.T) {
	l := newLedger(t, 0)
	for u := range uint64(3) {
		d := ledger.Demand{Work: admission.Unit{Work: 300 * us, Slot: slot, Deadline: slot}}
		if u == 2 {
			d.Work.Slot = 0
		}
		if _, err := l.Reserve(0, owner(u), 1, &d, sfaas.Time(time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	set, slots := l.Slots(nil)
	if len(slots) != 2 || slots[0].Owner != owner(0) || slots[0].Here || set.Cores != 4 || set.Slot != slot {
		t.Errorf("%+v on %+v", slots, set)
	}
	left, err := set.Remaining([]admission.Unit{slots[0].Work, slots[1].Work}, 0)
	if err != nil || left < 800*us {
		t.Errorf("%v is left to the first cell, %v", left, err)
	}
}

// TestNoAllocs lets leases be extended without memory.
func TestNoAllocs(t *testing.T) {
	l := newLedger(t, 0)
	var ids []resource.LeaseID
	for u := range uint64(8) {
		d := ledger.Demand{Need: resource.Need{CPU: 100}, Work: admission.Unit{Work: 100 * us, Slot: slot, Deadline: slot}}
		if u%2 == 0 {
			d.Work.Slot = 0
		}
		id, err := l.Reserve(0, owner(u), 1, &d, sfaas.Time(time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	if n := testing.AllocsPerRun(100, func() {
		for _, id := range ids {
			l.Extend(0, id, sfaas.Time(time.Hour))
		}
	}); n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
}

// BenchmarkReserve reserves and releases a lease beside those of a full node.
func BenchmarkReserve(b *testing.B) {
	l := newLedger(b, 0)
	d := ledger.Demand{
		Need: resource.Need{CPU: 100, Memory: 1e6, Accelerators: []resource.AcceleratorNeed{{Kind: "gpu", Share: 10}}},
		Work: admission.Unit{Work: 20 * us, Slot: slot, Deadline: slot}, Queue: us,
	}
	for u := range uint64(20) {
		if _, err := l.Reserve(0, owner(u), 1, &d, sfaas.Time(time.Hour)); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		id, err := l.Reserve(0, owner(100), 1, &d, sfaas.Time(time.Hour))
		if err != nil {
			b.Fatal(err)
		}
		l.Release(id)
	}
}

// BenchmarkExtend extends all leases of a node with room, as its agent does per round: the time per
// lease is to be the same, however many there are.
func BenchmarkExtend(b *testing.B) {
	for _, leases := range []int{8, 64} {
		b.Run(fmt.Sprintf("leases=%d", leases), func(b *testing.B) {
			l := newLedger(b, 0)
			d := ledger.Demand{Need: resource.Need{CPU: 10}, Work: admission.Unit{Work: us, Slot: slot, Deadline: slot}}
			var ids []resource.LeaseID
			for u := range uint64(leases) {
				id, err := l.Reserve(0, owner(u), 1, &d, sfaas.Time(time.Hour))
				if err != nil {
					b.Fatal(err)
				}
				ids = append(ids, id)
			}
			b.ReportAllocs()
			for n := 0; b.Loop(); n++ {
				if l.Extend(0, ids[n%leases], sfaas.Time(time.Hour)) != agent.LeaseStands {
					b.Fatal("a lease does not stand")
				}
			}
		})
	}
}
