// SPDX-License-Identifier: Apache-2.0

package uplink_test

import (
	"fmt"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/placement/admission"
	"github.com/neuroran/neuroran/ran/block"
	"github.com/neuroran/neuroran/ran/uplink"
	"github.com/neuroran/neuroran/sfaas"
)

// TestAdmissionMeasured receives cells side by side on one worker set, slots of all beginning
// together, and compares when the last one is done with what admission says of it. Works are
// the measured quantiles of each unit; its chain is not known, and all of the work stands for
// it. What is left beside the bound, such as binding keys to workers and a machine
// that does other things, is the stretch: it is fitted on the first half, and judged on the
// second.
//
// Figures are those of the clock: who asks for long tests looks at them on a quiet machine.
func TestAdmissionMeasured(t *testing.T) {
	if os.Getenv("NEURORAN_LONG") == "" {
		t.Skip("a measurement by the clock: NEURORAN_LONG=1")
	}
	const slots, rounds = 40, 25
	for _, c := range []struct{ cells, workers int }{{1, 1}, {2, 1}, {4, 1}, {2, 2}, {4, 2}} {
		t.Run(fmt.Sprintf("cells=%d/workers=%d", c.cells, c.workers), func(t *testing.T) {
			var frames []*frame
			for i := range c.cells {
				frames = append(frames, fadingFrame(t, slots, 5+i))
			}
			chain := frames[0].chain(t, uplink.Config{})
			x := &sideBySide{done: make(chan time.Time, 1)}
			rt, err := chain.Open(x.hear, sfaas.WithMode(sfaas.Replay), sfaas.WithWorkers(c.workers))
			check(t, err)
			defer rt.Close()
			var finishes []time.Duration
			for n := range sfaas.Slot(slots * rounds) {
				blocks := 0
				for _, f := range frames {
					blocks += len(f.schedules[n%slots].Grants)
				}
				if blocks == 0 {
					continue
				}
				x.expect(blocks)
				begin := time.Now()
				for _, f := range frames {
					s, b := f.schedules[n%slots], f.slots[n%slots]
					key := block.CellKey(f.cfg.Carrier.CellID)
					s.Slot, b.Slot = nr.Slot(n), nr.Slot(n)
					check(t, chain.Grants.PushValue(rt, key, n, &s))
					check(t, chain.Slots.PushValue(rt, key, n, &b))
				}
				finishes = append(finishes, (<-x.done).Sub(begin))
			}
			compare(t, rt, c.workers, finishes)
		})
	}
}

// sideBySide tells when so many blocks have come.
type sideBySide struct {
	mu   sync.Mutex
	left int
	done chan time.Time
}

func (x *sideBySide) expect(blocks int) {
	x.mu.Lock()
	x.left = blocks
	x.mu.Unlock()
}

func (x *sideBySide) hear(sfaas.Header, *block.TransportBlock) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.left--; x.left == 0 {
		x.done <- time.Now()
	}
}

// compare prints what admission says beside what was measured.
func compare(t *testing.T, rt *sfaas.Runtime, workers int, finishes []time.Duration) {
	t.Helper()
	set := admission.Set{Cores: workers, Slot: time.Second, Deadline: time.Second}
	quantile := func(x []time.Duration, q float64) time.Duration {
		x = slices.Clone(x)
		slices.Sort(x)
		return x[min(int(q*float64(len(x))), len(x)-1)]
	}
	bound := func(q float64) time.Duration {
		var units []admission.Unit
		for _, r := range rt.Units(nil) {
			if r.Work.Count() > 0 && r.Work.Max() > 20*time.Microsecond {
				units = append(units, admission.Unit{Work: r.Work.Quantile(q)})
			}
		}
		got, err := set.Finishes(nil, units)
		check(t, err)
		return slices.Max(got)
	}
	fit, err := admission.NewFit(0.99)
	check(t, err)
	half := len(finishes) / 2
	for _, d := range finishes[:half] {
		fit.Observe(bound(0.99), d)
	}
	later, late := finishes[half:], 0
	limit := time.Duration(float64(bound(0.99)) * fit.Ratio())
	for _, d := range later {
		if d > limit {
			late++
		}
	}
	for _, q := range []float64{0.5, 0.99} {
		b, m := bound(q), quantile(later, q)
		t.Logf("p%g: bound %v, measured %v: %+.1f %%", 100*q, b, m, 100*(m.Seconds()/b.Seconds()-1))
	}
	t.Logf("with the stretch %.2f of the first half, %.4f of the second is late (0.01 promised)", fit.Ratio(), float64(late)/float64(len(later)))
	if late > len(later)/5 {
		t.Errorf("%d of %d slots are late", late, len(later))
	}
}
