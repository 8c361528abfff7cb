// SPDX-License-Identifier: Apache-2.0

package sim_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/neuroran/neuroran/sfaas"
	"github.com/neuroran/neuroran/sfaas/sim"
)

// station is a graph in which everything waits: data for its grant, a half for
// its partner, delayed messages for their time, callers for their reply. Every
// function counts in Replicated cells and refuses what is lost, repeated or
// out of order.
type station struct {
	app    *sfaas.App
	inputs []sfaas.Input[number] // data, grants, partners, permits
	gated  sfaas.Fn[number, number]
	pair   sfaas.Fn[sfaas.Pair[number, number], number]
	totals map[string]uint64 // the newest value of every counter, by address
}

func newStation(t testing.TB, opts ...sfaas.Declared) *station {
	t.Helper()
	s := &station{totals: map[string]uint64{}}
	count := func(c *sfaas.Ctx, cell sfaas.Value[uint64], want uint64) error {
		n := cell.Mut(c)
		if *n++; want != 0 && *n != want {
			return fmt.Errorf("%v: got %d as number %d", c.Self(), want, *n)
		}
		s.totals[c.Self().String()] = *n
		return nil
	}
	cfg := sfaas.FunctionConfig{Window: 1 << 20, Cost: 5 * time.Microsecond}
	cell := func() sfaas.Value[uint64] { return sfaas.NewValue[uint64]("n", sfaas.Replicated) }

	passed := cell()
	s.gated = sfaas.Define("gated", func(c *sfaas.Ctx, out, in *number) error {
		*out = *in
		return count(c, passed, in.X)
	}, cfg, append([]sfaas.Declared{passed}, opts...)...)
	grant := sfaas.OnControl(s.gated, func(_ *sfaas.Ctx, _ *number) error { return nil })

	lates, echoes, paired, replies := cell(), cell(), cell(), sfaas.NewValue[uint64]("replies", sfaas.Replicated)
	late := sfaas.Define("late", func(c *sfaas.Ctx, _, _ *number) error {
		if err := count(c, lates, 0); err != nil {
			return err
		}
		return sfaas.ErrNoOutput
	}, cfg, lates)
	echo := sfaas.Define("echo", func(c *sfaas.Ctx, out, in *number) error {
		*out = *in
		return count(c, echoes, 0)
	}, cfg, echoes)
	permit := sfaas.OnControl(echo, func(*sfaas.Ctx, *number) error { return nil })
	toEcho, toLate := sfaas.CallRef[number, number]("echo").With(sfaas.EdgeConfig{Guarantee: sfaas.ExactlyOnce}), sfaas.Ref[number]("late")
	s.pair = sfaas.Define("pair", func(c *sfaas.Ctx, out *number, in *sfaas.Pair[number, number]) error {
		a, b := in.A, in.B
		if a.X != b.X {
			return fmt.Errorf("joined %d and %d", a.X, b.X)
		}
		if a.X%3 == 0 {
			x, _ := toLate.After(c, c.Key(), 1500*time.Microsecond)
			*x = *a
		}
		if a.X%4 == 0 {
			x, _ := toEcho.Call(c, c.Key(), time.Minute)
			*x = *a
		}
		*out = *a
		return count(c, paired, a.X)
	}, cfg, paired, replies, toLate, toEcho.OnReply(func(c *sfaas.Ctx, r sfaas.Reply[number]) error {
		if r.Err != nil {
			return r.Err
		}
		*replies.Mut(c)++
		n, _ := replies.Get(c)
		s.totals["reply "+c.Self().String()] = n
		return nil
	}))

	g := sfaas.NewGraph("station")
	exact := sfaas.EdgeConfig{Guarantee: sfaas.ExactlyOnce, Retries: -1}
	for _, name := range []string{"data", "grants", "partners", "permits"} {
		s.inputs = append(s.inputs, sfaas.Source[number](g, name))
	}
	sfaas.Apply(sfaas.Source[number](g, "unused"), late)
	sfaas.Apply(sfaas.Source[number](g, "unused too"), echo)
	sfaas.Control(s.inputs[3].With(exact), permit) // so that calls wait
	sfaas.Control(s.inputs[1].With(exact), grant)
	passedOn := sfaas.Apply(s.inputs[0].With(exact), s.gated)
	sfaas.Sink(sfaas.Apply(sfaas.Join(passedOn.With(exact), s.inputs[2].With(exact)), s.pair), "out")
	app, err := g.Build()
	if err != nil {
		t.Fatal(err)
	}
	s.app = app
	return s
}

// feeder pushes the numbers 1 to n under three keys into every source of a
// station, one per slot, and starts again behind the cut after a crash.
type feeder struct {
	t     testing.TB
	w     *sim.World
	s     *station
	n     uint64
	next  map[sfaas.Key][]uint64
	keys  []sfaas.Key
	lag   []time.Duration // of each source
	retry bool
}

func newFeeder(t testing.TB, w *sim.World, s *station, n uint64) *feeder {
	f := &feeder{t: t, w: w, s: s, n: n, next: map[sfaas.Key][]uint64{}}
	for k := range uint64(3) {
		f.keys = append(f.keys, sfaas.NewKey(sfaas.KindCell, k))
		f.next[sfaas.NewKey(sfaas.KindCell, k)] = []uint64{1, 1, 1, 1}
	}
	f.lag = []time.Duration{0, 250 * time.Microsecond, 600 * time.Microsecond, 2 * time.Millisecond}
	f.w.At(0, f.tick)
	return f
}

// tick pushes what is due and comes back until all is pushed.
func (f *feeder) tick() {
	left := false
	for _, key := range f.keys {
		for i, in := range f.s.inputs {
			x := &f.next[key][i]
			for *x <= f.n && sfaas.Time(0).Add(time.Duration(*x)*100*time.Microsecond+f.lag[i]) <= f.w.Now() {
				err := in.PushValue(f.w.Node(0), key, sfaas.Slot(*x), &number{*x})
				if errors.Is(err, sfaas.ErrBusy) {
					break // a snapshot is being taken
				} else if err != nil {
					f.t.Fatal(err)
				}
				*x++
			}
			left = left || *x <= f.n
		}
	}
	if left {
		f.w.At(f.w.Now().Add(50*time.Microsecond), f.tick)
	} else {
		f.retry = true
	}
}

// rewind sets every source to the cut of what has been restored.
func (f *feeder) rewind() {
	for _, key := range f.keys {
		for i, in := range f.s.inputs {
			f.next[key][i] = 1
			if p, ok := in.Position(f.w.Node(0), key); ok {
				f.next[key][i] = uint64(p.Slot) + 1
			}
		}
	}
	if f.retry {
		f.retry = false
		f.w.At(f.w.Now(), f.tick)
	}
}

// crashes runs a station with rough links, refused commits, moves, snapshots
// and crashes, and compares every counter with what n numbers make.
func crashes(t *testing.T, seed uint64, opts ...sfaas.Option) (w *sim.World, snapshots, crashed int) {
	t.Helper()
	const n = 120
	s := newStation(t)
	cfg := sim.Config{Seed: seed, Nodes: 2, Cores: 1 + int(seed%3),
		Faults: []sim.Fault{
			{From: "grants", Jitter: 400 * time.Microsecond, Loss: 0.05},
			{From: "gated", Jitter: 200 * time.Microsecond, Loss: 0.1, Double: 0.1},
			{From: "data", Jitter: 200 * time.Microsecond, Double: 0.1},
		},
		Commit: sim.Commit{Delay: 20 * time.Microsecond, Jitter: 100 * time.Microsecond, Refuse: 0.05, Lose: 0.05}}
	w = simulate(t, cfg, s.app, append(opts, sfaas.WithCommitRetry(50*time.Microsecond))...)
	f := newFeeder(t, w, s, n)
	random := rand.New(rand.NewPCG(seed, 1))
	var last []byte
	busy := false
	moment := func() sfaas.Time { return sfaas.Time(random.Int64N(int64(n * 200 * time.Microsecond))) }
	at := func(f func()) {
		w.At(moment(), func() {
			if !busy { // not in the middle of a snapshot
				busy = true
				f()
				busy = false
			}
		})
	}
	for range 4 {
		at(func() {
			data, err := w.Snapshot()
			if err != nil {
				t.Errorf("seed %d: snapshot: %v", seed, err)
			}
			last = data
			snapshots++
		})
		at(func() {
			if err := w.Crash(last); err != nil {
				t.Errorf("seed %d: crash: %v", seed, err)
			}
			crashed++
			f.rewind()
		})
	}
	for range 20 { // those from a node that does not own the group are refused
		from, fn, key := random.IntN(2), sfaas.Function(s.gated), f.keys[random.IntN(3)]
		if random.IntN(2) == 0 {
			fn = s.pair
		}
		w.At(moment(), func() { w.Move(w.Node(from), w.Node(1-from), fn, key, nil) })
	}
	w.Run()
	want := map[string]uint64{}
	for _, key := range f.keys {
		want["gated["+key.String()+"]"] = n
		want["pair["+key.String()+"]"] = n
		want["late["+key.String()+"]"] = n / 3
		want["echo["+key.String()+"]"] = n / 4
		want["reply pair["+key.String()+"]"] = n / 4
	}
	if d := cmp.Diff(want, s.totals); d != "" {
		t.Errorf("seed %d: -want +got\n%s", seed, d)
	}
	for i := range cfg.Nodes {
		for _, x := range w.Node(i).Notices() {
			if x.Kind == sfaas.NoticeFault || x.Kind == sfaas.NoticeDropped {
				t.Errorf("seed %d: %v %v: %s %v", seed, x.Kind, x.At, x.Reason, x.Err)
			}
		}
	}
	return w, snapshots, crashed
}

// TestCrash takes snapshots and crashes at random moments: with the sources
// continuing behind the cut, every counter comes out exact. 15 seeds, or 1000
// with NEURORAN_LONG set.
func TestCrash(t *testing.T) {
	seeds := uint64(15)
	if os.Getenv("NEURORAN_LONG") != "" {
		seeds = 1000
	}
	var snapshots, crashed int
	for seed := range seeds {
		_, a, b := crashes(t, seed)
		snapshots, crashed = snapshots+a, crashed+b
	}
	t.Logf("seeds=%d snapshots=%d crashes=%d", seeds, snapshots, crashed)
	w, _, _ := crashes(t, 5)
	if again, _, _ := crashes(t, 5); again.History() != w.History() {
		t.Error("one seed, two histories")
	}
}
