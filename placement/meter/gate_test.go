// SPDX-License-Identifier: Apache-2.0

package meter_test

import (
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/neuroran/neuroran/placement/meter"
	"github.com/neuroran/neuroran/sfaas"
)

const slot = 500 * time.Microsecond

// pusher pushes into a gate as fast as it is told, and what it has pushed is used and counted
// with the next slot.
type pusher struct {
	gate  *meter.Gate
	cost  func() meter.Usage
	use   meter.Usage
	queue []meter.Usage
}

// run lets slots pass with so many pushes each, and returns what was used in all at the end of
// each slot.
func (p *pusher) run(slots, pushes int) (used []meter.Usage) {
	for n := range slots {
		at := sfaas.Time(n) * sfaas.Time(slot)
		for i := range pushes {
			if p.gate.Admit(at.Add(time.Duration(i)*slot/time.Duration(pushes))) == nil {
				p.queue = append(p.queue, p.cost())
			}
		}
		for i := range p.queue {
			p.use.Add(&p.queue[i])
		}
		p.queue = p.queue[:0]
		used = append(used, p.use)
		p.gate.Settle(at.Add(slot-1), p.use, 0)
	}
	return used
}

// TestLimits floods a gate: of each quantity no more is used in any time than the limit
// allows in it, a burst, and what a slot was late in being known; and hardly less.
func TestLimits(t *testing.T) {
	const pushes, burst = 20, 5 * time.Millisecond
	for q := range meter.NumQuantities {
		rng := rand.New(rand.NewPCG(uint64(q), 1))
		cost := func() meter.Usage { // mean 100 of everything
			n := 50 + rng.Uint64N(101)
			return meter.Usage{Invocations: n, StateRead: n / 2, StateWritten: n - n/2, Transferred: n, IO: n, CPU: time.Duration(n) * time.Microsecond, Energy: energy(float64(n))}
		}
		c := cost()
		per := c.Amounts()[q] / float64(c.Invocations) * 100 // of a push
		var limits meter.Limits
		limits.PerSecond[q] = per * 4000 // two pushes a slot
		limits.Burst = burst
		gate, err := meter.NewGate("cell7", limits, nil)
		if err != nil {
			t.Fatal(err)
		}
		p := &pusher{gate: gate, cost: cost}
		used := p.run(4000, pushes)
		worst := 0.0
		for _, window := range []int{1, 2, 5, 20, 100, 1000} {
			for from := 0; from+window < len(used); from++ {
				a, b := used[from].Amounts(), used[from+window].Amounts()
				allowed := limits.PerSecond[q] * (time.Duration(window)*slot + burst).Seconds()
				worst = max(worst, (b[q]-a[q]-allowed)/per) // in pushes
			}
		}
		first := used[0].Amounts()[q]/per - limits.PerSecond[q]*(slot+burst).Seconds()/per
		total := used[len(used)-1].Amounts()[q] / (limits.PerSecond[q] * (time.Duration(len(used)) * slot).Seconds())
		t.Logf("%-17v beyond the limit in any window: %.1f pushes; in the first slot, where nothing is known: %.1f; %.4f of it used", q, worst, first, total)
		if worst > pushes/2 || total < 0.99 || total > 1.01 {
			t.Errorf("%v: %.1f pushes beyond, %.3f used", q, worst, total)
		}
		if q == meter.Invocations && worst > 3 {
			t.Errorf("%v: %.1f pushes beyond", q, worst)
		}
	}
}

// TestBitesWithinASlot stops a unit that has used up its limit before the next slot begins.
func TestBitesWithinASlot(t *testing.T) {
	limits := meter.Limits{Class: meter.Wait, Burst: slot}
	limits.PerSecond[meter.CPU] = 0.5
	gate, err := meter.NewGate("cell7", limits, nil)
	if err != nil {
		t.Fatal(err)
	}
	p := &pusher{gate: gate, cost: func() meter.Usage { return meter.Usage{CPU: 250 * time.Microsecond} }} // all that a slot allows
	p.run(100, 1)
	err = errors.Join(gate.Admit(sfaas.Time(100*slot)), gate.Admit(sfaas.Time(100*slot)))
	var limit *meter.LimitError
	if !errors.As(err, &limit) || limit.Quantity != meter.CPU || limit.Name != "cell7" || limit.PerSecond != 0.5 || !errors.Is(err, sfaas.ErrBusy) {
		t.Errorf("the second push of a slot: %v", err)
	}
}

// TestTenantGate holds two units together to what their tenant may use, and takes back what
// the tenant let in and a unit did not.
func TestTenantGate(t *testing.T) {
	var whole, own meter.Limits
	whole.PerSecond[meter.Invocations], own.PerSecond[meter.Invocations] = 3000, 2000
	tenant, _ := meter.NewGate("lab", whole, nil)
	a, _ := meter.NewGate("cell1", own, tenant)
	b, _ := meter.NewGate("cell2", meter.Limits{}, tenant)
	one := func() meter.Usage { return meter.Usage{Invocations: 1} }
	pa, pb := &pusher{gate: a, cost: one}, &pusher{gate: b, cost: one}
	for n := range 4000 {
		at := sfaas.Time(n) * sfaas.Time(slot)
		for range 5 {
			for _, p := range []*pusher{pa, pb} {
				if p.gate.Admit(at) == nil {
					p.use.Invocations++
				}
			}
		}
		a.Settle(at, pa.use, 0)
		b.Settle(at, pb.use, 0)
	}
	sum := float64(pa.use.Invocations + pb.use.Invocations)
	if sum < 5900 || sum > 6100 || pa.use.Invocations > 4050 {
		t.Errorf("in two seconds %d and %d, want at most 4000 and 6000 together", pa.use.Invocations, pb.use.Invocations)
	}
	if got := tenant.Used()[meter.Invocations]; got != sum {
		t.Errorf("the tenant has used %v, its units %v", got, sum)
	}
	if tried, taken := tenant.Passed(); taken != uint64(sum) || tried < taken {
		t.Errorf("%d tried, %d taken", tried, taken)
	}
}

// TestGateNoAllocs lets in and refuses without memory.
func TestGateNoAllocs(t *testing.T) {
	var limits meter.Limits
	limits.PerSecond[meter.Invocations] = 100
	gate, _ := meter.NewGate("cell7", limits, nil)
	at := sfaas.Time(0)
	if n := testing.AllocsPerRun(100, func() {
		at = at.Add(slot)
		if err := gate.Admit(at); err != nil && errors.Is(err, sfaas.ErrBusy) {
			t.Fatal(err)
		}
		gate.Settle(at, meter.Usage{Invocations: uint64(at)}, 0)
	}); n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
}

func BenchmarkGate(b *testing.B) {
	limits := meter.Limits{PerSecond: meter.Amounts{1e9, 1e12, 1e12, 1e12, 1e3, 1e6}}
	gate, _ := meter.NewGate("cell7", limits, nil)
	b.ReportAllocs()
	for at := sfaas.Time(0); b.Loop(); at += 1000 {
		if err := gate.Admit(at); err != nil {
			b.Fatal(err)
		}
	}
}
