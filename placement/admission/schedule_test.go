// SPDX-License-Identifier: Apache-2.0

package admission_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/neuroran/neuroran/placement/admission"
)

// stage is a piece of a slot's work: it begins when those that it waits for have ended, and
// when its key has no earlier slot under way.
type stage struct {
	work  time.Duration
	after []int // places of stages in the same slot
	key   int   // of the unit; one stage per key and slot
}

// job is one slot of one unit.
type job struct {
	unit    int
	release time.Duration
	stages  []stage
	finish  time.Duration // once it has run
}

// total returns the work of a job, and the longest path in it.
func (j *job) total() (work, chain time.Duration) {
	ends := make([]time.Duration, len(j.stages))
	for i, s := range j.stages {
		for _, p := range s.after {
			ends[i] = max(ends[i], ends[p])
		}
		ends[i] += s.work
		work += s.work
		chain = max(chain, ends[i])
	}
	return work, chain
}

// receiver draws the stages of an uplink slot: demodulation, then groups, then their UEs.
func receiver(rng *rand.Rand, scale func() float64) []stage {
	d := func(mean float64) time.Duration { return time.Duration(mean * scale() * float64(us)) }
	stages := []stage{{work: d(30)}}
	for range rng.IntN(4) {
		group := len(stages)
		stages = append(stages, stage{d(40), []int{0}, group})
		for range 1 + rng.IntN(2) {
			stages = append(stages, stage{d(50), []int{group}, len(stages)})
		}
	}
	return stages
}

// pool runs jobs on so many cores. Each takes any of the stages that are ready, without
// looking at whose they are, and none is idle while there is one: random schedules of the kind
// for which the bound has been proved.
type pool struct {
	rng  *rand.Rand
	jobs []job
	left [][]int // what each stage still waits for, -1 once it runs
	busy []running
	ends []int // stages that are left, by job
}

type running struct {
	job, stage int
	until      time.Duration
}

func simulate(rng *rand.Rand, cores int, jobs []job) {
	p := pool{rng: rng, jobs: jobs}
	for i := range jobs {
		waits := make([]int, len(jobs[i].stages))
		for k := range waits {
			waits[k] = len(jobs[i].stages[k].after)
		}
		p.left = append(p.left, waits)
		p.ends = append(p.ends, len(waits))
	}
	for now := time.Duration(0); ; {
		for len(p.busy) < cores {
			j, s, ok := p.pick(now)
			if !ok {
				break
			}
			p.left[j][s] = -1
			p.busy = append(p.busy, running{j, s, now + jobs[j].stages[s].work})
		}
		next := time.Duration(math.MaxInt64)
		for _, r := range p.busy {
			next = min(next, r.until)
		}
		for i := range jobs {
			if jobs[i].release > now && p.ends[i] > 0 {
				next = min(next, jobs[i].release)
			}
		}
		if next == math.MaxInt64 {
			return
		}
		now = next
		p.busy = slices.DeleteFunc(p.busy, func(r running) bool {
			if r.until <= now {
				p.end(r)
			}
			return r.until <= now
		})
	}
}

// pick returns a stage that may run.
func (p *pool) pick(now time.Duration) (j, s int, ok bool) {
	n := 0
	for i := range p.jobs {
		if p.jobs[i].release > now || p.ends[i] == 0 {
			continue
		}
		for k, waits := range p.left[i] {
			if waits == 0 && !p.held(i, p.jobs[i].stages[k].key) {
				if n++; p.rng.IntN(n) == 0 {
					j, s = i, k
				}
			}
		}
	}
	return j, s, n > 0
}

// held reports whether an earlier slot of the unit has not done its stage of a key yet.
func (p *pool) held(i, key int) bool {
	for j := range i {
		if p.jobs[j].unit != p.jobs[i].unit || p.ends[j] == 0 {
			continue
		}
		for k, s := range p.jobs[j].stages {
			if s.key == key && (p.left[j][k] >= 0 || p.runs(j, k)) {
				return true
			}
		}
	}
	return false
}

func (p *pool) runs(j, s int) bool {
	return slices.ContainsFunc(p.busy, func(r running) bool { return r.job == j && r.stage == s })
}

func (p *pool) end(r running) {
	for k, s := range p.jobs[r.job].stages {
		if slices.Contains(s.after, r.stage) {
			p.left[r.job][k]--
		}
	}
	if p.ends[r.job]--; p.ends[r.job] == 0 {
		p.jobs[r.job].finish = r.until
	}
}

// TestNeverLate admits random sets by the most that any of their slots takes, and runs the
// slots in random order on as many cores: none ends after its bound, among slots of one length as
// among those of several, which meet each other.
func TestNeverLate(t *testing.T) {
	const slots = 24
	rng := rand.New(rand.NewPCG(3, 0))
	tight, overlapping, checked := 0.0, 0, 0
	for trial := range 400 {
		set := admission.Set{Cores: 1 + rng.IntN(4), Slot: 500 * us, Deadline: 2000 * us}
		units, jobs := draw(rng, slots, 1+rng.IntN(4))
		bounds, err := set.Responses(nil, units)
		if err != nil {
			continue // too much for any deadline
		}
		checked++
		if slices.ContainsFunc(units, func(u admission.Unit) bool { return slices.Max(bounds) > u.Slot-u.Ingress }) {
			overlapping++
		}
		simulate(rng, set.Cores, jobs)
		for i := range jobs {
			j := &jobs[i]
			got := j.finish - j.release
			if got > bounds[j.unit] {
				t.Fatalf("trial %d: unit %d took %v, bound %v", trial, j.unit, got, bounds[j.unit])
			}
			tight = max(tight, float64(got)/float64(bounds[j.unit]))
		}
	}
	t.Logf("%d sets, %d of them with responses longer than the shortest slot; the longest response is %.2f of its bound", checked, overlapping, tight)
	if checked < 200 || overlapping < 50 || tight < 0.95 {
		t.Error("the test does not show much")
	}
}

// draw returns units and the jobs of some slots of theirs, in the order of their releases.
func draw(rng *rand.Rand, slots, n int) (units []admission.Unit, jobs []job) {
	for u := range n {
		slot, scale := 500*us, 0.1+0.6*rng.Float64()
		if rng.IntN(2) == 0 {
			slot, scale = 250*us, scale/3
		}
		unit := admission.Unit{Slot: slot, Ingress: time.Duration(rng.IntN(3)*20) * us}
		for m := range time.Duration(slots) * 500 * us / slot {
			j := job{unit: u, release: unit.Ingress + m*slot, stages: receiver(rng, func() float64 { return scale * (0.5 + rng.Float64()) })}
			work, chain := j.total()
			unit.Work, unit.Chain = max(unit.Work, work), max(unit.Chain, chain)
			jobs = append(jobs, j)
		}
		units = append(units, unit)
	}
	slices.SortStableFunc(jobs, func(a, b job) int { return int(a.release - b.release) })
	return units, jobs
}

// TestQuantiles lets the work of slots be random, with tails of several weights, and admits by
// quantiles of it: slots are late no more often than that says, by plain quantiles where
// tails are light and units independent, by those of [admission.Quantile] in any case.
func TestQuantiles(t *testing.T) {
	const p, slots, train, cores, cells = 0.99, 20000, 20000, 2, 4
	for _, c := range []struct {
		name  string
		scale func(rng *rand.Rand, common float64) float64
		plain bool // plain quantiles are enough
	}{
		{"uniform", func(rng *rand.Rand, _ float64) float64 { return 0.5 + rng.Float64() }, true},
		{"exponential", func(rng *rand.Rand, _ float64) float64 { return rng.ExpFloat64() }, true},
		{"all at once", func(rng *rand.Rand, common float64) float64 { return common }, true},
		{"heavy", func(rng *rand.Rand, _ float64) float64 { return math.Pow(rng.Float64(), -0.7) }, false},
		{"rare", func(rng *rand.Rand, _ float64) float64 {
			if rng.IntN(150) == 0 {
				return 30
			}
			return 1
		}, false},
	} {
		for _, q := range []float64{p, admission.Quantile(p, 2*cells)} { // of work and of chain
			rng := rand.New(rand.NewPCG(5, 0))
			units := make([]admission.Unit, cells)
			for i := range units {
				works, chains := make([]time.Duration, train), make([]time.Duration, train)
				for k := range works {
					j := job{stages: random(rng, c.scale, rng.ExpFloat64())}
					works[k], chains[k] = j.total()
				}
				units[i].Work, units[i].Chain = quantile(works, q), quantile(chains, q)
			}
			set := admission.Set{Cores: cores, Slot: time.Second, Deadline: time.Second}
			bounds, err := set.Finishes(nil, units)
			if err != nil {
				t.Fatal(err)
			}
			late, most := 0, time.Duration(0)
			finishes := make([]time.Duration, slots)
			for k := range slots {
				common := rng.ExpFloat64()
				jobs := make([]job, cells)
				for i := range jobs {
					jobs[i] = job{unit: i, stages: random(rng, c.scale, common)}
				}
				simulate(rng, cores, jobs)
				over := false
				for i := range jobs {
					over = over || jobs[i].finish > bounds[i]
					finishes[k] = max(finishes[k], jobs[i].finish)
				}
				if over {
					late++
				}
				most = max(most, finishes[k])
			}
			share := float64(late) / slots
			name := fmt.Sprintf("%s by the %.5f-quantiles", c.name, q)
			t.Logf("%-40s late %.5f, allowed %.5f; p99 of the last finish is %.2f of the bound", name, share, 1-p, float64(quantile(finishes, 0.99))/float64(bounds[0]))
			if allowed := 1 - p + 3*math.Sqrt((1-p)/slots); (c.plain || q > p) && share > allowed {
				t.Errorf("%s: %.5f of the slots are late", name, share)
			}
		}
	}
}

// random draws a slot of two groups, all of whose stages are as long as one draw says.
func random(rng *rand.Rand, scale func(*rand.Rand, float64) float64, common float64) []stage {
	x := scale(rng, common)
	d := func(mean float64) time.Duration { return time.Duration(mean*x*float64(us)) + 1 }
	return []stage{{work: d(30)}, {d(40), []int{0}, 1}, {d(40), []int{0}, 2}, {d(50), []int{1}, 3}, {d(50), []int{2}, 4}}
}

func quantile(x []time.Duration, q float64) time.Duration {
	x = slices.Clone(x)
	slices.Sort(x)
	return x[min(int(q*float64(len(x))), len(x)-1)]
}
