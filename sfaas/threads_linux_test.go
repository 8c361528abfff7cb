// SPDX-License-Identifier: Apache-2.0

//go:build linux

package sfaas_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/neuroran/neuroran/sfaas"
)

// standing is how the kernel schedules a thread.
type standing struct {
	tid      int
	policy   uint32
	priority uint32
	cpus     string
}

func standingOf(t *testing.T, tid int) standing {
	t.Helper()
	attr, err := unix.SchedGetAttr(tid, 0)
	if err != nil {
		t.Fatal(err)
	}
	var set unix.CPUSet
	if err := unix.SchedGetaffinity(tid, &set); err != nil {
		t.Fatal(err)
	}
	var cpus []string
	for i := range 1024 {
		if set.IsSet(i) {
			cpus = append(cpus, string(rune('0'+i%10)))
		}
	}
	return standing{tid, attr.Policy, attr.Priority, strings.Join(cpus, ",")}
}

// realTime returns real-time threads on the first processor, or skips the test where
// the kernel allows none.
func realTime(t *testing.T) sfaas.Threads {
	t.Helper()
	x := sfaas.Threads{CPUs: []int{firstCPU(t)}, Policy: sfaas.SchedFIFO, Priority: 10}
	g, err := sfaas.NewThreadGroup(1, x)
	var refused *sfaas.ThreadError
	var option *sfaas.OptionError
	switch {
	case errors.As(err, &refused) && errors.Is(err, unix.EPERM):
		if !strings.Contains(err.Error(), "sched_setattr: SCHED_FIFO, priority 10") {
			t.Errorf("the error is %q", err)
		}
		t.Skip("no privilege: ", err)
	case errors.As(err, &option):
		t.Skip("one processor: ", err)
	case err != nil:
		t.Fatal(err)
	}
	if err := g.Close(); err != nil {
		t.Fatal(err)
	}
	return x
}

func firstCPU(t *testing.T) int {
	var set unix.CPUSet
	if err := unix.SchedGetaffinity(0, &set); err != nil {
		t.Fatal(err)
	}
	for i := range 1024 {
		if set.IsSet(i) {
			return i
		}
	}
	t.Fatal("no processor")
	return 0
}

// threadProbe is an app whose handler tells on which thread it runs, and calls what the
// test sets.
type threadProbe struct {
	app *sfaas.App
	in  sfaas.Input[number]

	mu  sync.Mutex
	ids []int
	do  func(x uint64)
	n   atomic.Int64
}

func newThreadProbe(t testing.TB, name string) *threadProbe {
	p := &threadProbe{}
	g := sfaas.NewGraph(name)
	p.in = sfaas.Source[number](g, "in")
	kept := sfaas.NewValue[uint64]("kept", sfaas.Replicated)
	sfaas.Apply(p.in.With(exactly), sfaas.Define("probe", func(c *sfaas.Ctx, _ *sfaas.None, in *number) error {
		*kept.Mut(c)++
		p.mu.Lock()
		p.ids = append(p.ids, unix.Gettid())
		do := p.do
		p.mu.Unlock()
		if do != nil {
			do(in.X)
		}
		p.n.Add(1)
		return nil
	}, sfaas.FunctionConfig{}, kept))
	p.app = build(t, g)
	return p
}

// last returns the thread of the last invocation.
func (p *threadProbe) last() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.ids[len(p.ids)-1]
}

// TestThreads runs two workers on real-time threads of one processor: they are as
// described, and all other threads of the process are as before.
func TestThreads(t *testing.T) {
	want := realTime(t)
	p := newThreadProbe(t, "threads")
	rt := start(t, p.app, sfaas.WithWorkers(2), sfaas.WithThreads(want))
	for i := range uint64(50) {
		push(t, p.in, rt, sfaas.NewKey(sfaas.KindCell, i), 0, 0)
	}
	drain(t, rt)
	seen := map[int]bool{}
	for _, id := range p.ids {
		seen[id] = true
	}
	if len(seen) != 2 {
		t.Errorf("handlers ran on %d threads, want 2", len(seen))
	}
	for id := range seen {
		if s := standingOf(t, id); s.policy != 1 || s.priority != 10 || strings.Contains(s.cpus, ",") {
			t.Errorf("worker on %+v, want SCHED_FIFO, priority 10, on one processor", s)
		}
	}
	others := 0
	tasks, err := os.ReadDir("/proc/self/task")
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range tasks {
		id := 0
		for _, c := range x.Name() {
			id = 10*id + int(c-'0')
		}
		if attr, err := unix.SchedGetAttr(id, 0); err == nil && !seen[id] {
			if others++; attr.Policy != 0 {
				t.Errorf("thread %d has policy %d", id, attr.Policy)
			}
		}
	}
	if others == 0 || seen[unix.Getpid()] {
		t.Errorf("%d other threads; on the first one: %v", others, seen[unix.Getpid()])
	}
}

// TestThreadsRefused is told what the kernel does not do, or does without it.
func TestThreadsRefused(t *testing.T) {
	p := newThreadProbe(t, "refused")
	for _, c := range []struct {
		name string
		t    sfaas.Threads
		text string
	}{
		{"priority without a policy", sfaas.Threads{Priority: 3}, "0 with SCHED_OTHER"},
		{"no such priority", sfaas.Threads{Policy: sfaas.SchedRR, Priority: 100}, "1 to 99"},
		{"no such policy", sfaas.Threads{Policy: 7}, "SchedFIFO"},
		{"no such processor", sfaas.Threads{CPUs: []int{-1}}, "processor -1"},
	} {
		_, err := sfaas.NewRuntime(p.app, sfaas.WithThreads(c.t))
		var bad *sfaas.OptionError
		if !errors.As(err, &bad) || !strings.Contains(err.Error(), c.text) {
			t.Errorf("%s: %v, want an OptionError with %q", c.name, err, c.text)
		}
	}
	all := sfaas.Threads{Policy: sfaas.SchedFIFO, Priority: 1}
	_, err := sfaas.NewRuntime(p.app, sfaas.WithThreads(all), sfaas.WithWorkers(runtime.NumCPU()))
	if bad := (*sfaas.OptionError)(nil); !errors.As(err, &bad) {
		t.Errorf("real-time threads everywhere: %v, want an OptionError", err)
	}
	away := sfaas.Threads{CPUs: []int{1023}}
	_, err = sfaas.NewRuntime(p.app, sfaas.WithThreads(away))
	var refused *sfaas.ThreadError
	if !errors.As(err, &refused) || refused.Call != "sched_setaffinity" || !errors.Is(err, unix.EINVAL) {
		t.Fatalf("processor 1023: %v, want a ThreadError", err)
	}
	away.Fallback = true
	rt := start(t, p.app, sfaas.WithThreads(away))
	push(t, p.in, rt, sfaas.NewKey(sfaas.KindCell, 1), 0, 0)
	drain(t, rt)
	if p.n.Load() != 1 {
		t.Error("nothing ran without the processor")
	}
}

// TestThreadsReplaced loses the threads of handlers that block, or that exit their
// goroutine: others go on, as described, and who blocks has no priority any more.
func TestThreadsReplaced(t *testing.T) {
	p := newThreadProbe(t, "replaced")
	stuck := make(chan struct{})
	defer close(stuck)
	p.do = func(x uint64) {
		switch x {
		case 1:
			<-stuck
		case 2:
			runtime.Goexit()
		}
	}
	rt := start(t, p.app, sfaas.WithThreads(realTime(t)), sfaas.WithBlockLimit(100*time.Millisecond))
	lost := map[int]bool{}
	for i := range uint64(6) {
		push(t, p.in, rt, sfaas.NewKey(sfaas.KindCell, i), 0, 1+i%2)
		push(t, p.in, rt, sfaas.NewKey(sfaas.KindCell, 100+i), 0, 0)
		within(t, 10*time.Second, "the worker goes on", func() bool { return p.n.Load() == int64(i+1) })
		id := p.last()
		if s := standingOf(t, id); lost[id] || s.policy != 1 || s.priority != 10 {
			t.Errorf("after loss %d the worker is on %+v; lost before: %v", i, s, lost[id])
		}
		p.mu.Lock()
		was := p.ids[len(p.ids)-2]
		p.mu.Unlock()
		lost[was] = true
		if i%2 == 0 { // it is still there
			if s := standingOf(t, was); s.policy != 0 {
				t.Errorf("who blocks is on %+v", s)
			}
		}
	}
	if f := rt.Stats()[0].Faults; f < 6 {
		t.Errorf("%d faults", f)
	}
}

// TestThreadGroup shares one thread among two runtimes that are linked and one of
// another app: all run on it, are cut together, and lose it to a handler together.
func TestThreadGroup(t *testing.T) {
	ctx, stop := context.WithTimeout(context.Background(), 30*time.Second)
	defer stop()
	g, err := sfaas.NewThreadGroup(2, sfaas.Threads{})
	if err != nil {
		t.Fatal(err)
	}
	p, q := newThreadProbe(t, "p"), newThreadProbe(t, "q")
	on := func(threads ...int) sfaas.Option { return sfaas.WithThreadGroup(g, threads...) }
	limit := sfaas.WithBlockLimit(100 * time.Millisecond)
	a := start(t, p.app, sfaas.WithNode(1), on(0), limit)
	b := start(t, p.app, sfaas.WithNode(2), sfaas.WithDefaultOwner(1), on(0), limit)
	c := start(t, q.app, on(), limit)
	if err := sfaas.Link(a, b); err != nil {
		t.Fatal(err)
	}
	if _, err := sfaas.NewRuntime(p.app, on(2)); err == nil {
		t.Error("a thread that is not there was taken")
	}
	for i := range uint64(200) {
		push(t, p.in, a, sfaas.NewKey(sfaas.KindCell, i%5), sfaas.Slot(i), 0)
		push(t, q.in, c, sfaas.NewKey(sfaas.KindCell, i%5), sfaas.Slot(i), 0)
		if i%40 == 7 { // to and fro, on the one thread
			u, from, to := sfaas.Unit{Part: "probe", Root: sfaas.NewKey(sfaas.KindCell, 1)}, a, b
			if r, _ := a.Route(u); r.Owner == 2 {
				from, to = b, a
			}
			if _, err := from.MoveUnit(ctx, u, to.Node(), sfaas.MoveConfig{}); err != nil {
				t.Fatal(err)
			}
			if err := a.Snapshot(ctx, new(bytes.Buffer)); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, rt := range []*sfaas.Runtime{a, b, c} {
		drain(t, rt)
	}
	if p.n.Load() != 200 || q.n.Load() != 200 {
		t.Errorf("%d and %d handled, want 200", p.n.Load(), q.n.Load())
	}
	on0 := map[int]bool{}
	for _, id := range p.ids {
		on0[id] = true
	}
	if len(on0) != 1 {
		t.Errorf("two runtimes of one thread ran on %d", len(on0))
	}
	if err := g.Close(); !errors.Is(err, sfaas.ErrBusy) {
		t.Errorf("Close of a group in use: %v", err)
	}
	stuck := make(chan struct{})
	p.mu.Lock()
	p.do = func(x uint64) {
		if x == 1 {
			<-stuck
		}
	}
	p.mu.Unlock()
	push(t, p.in, a, sfaas.NewKey(sfaas.KindCell, 0), 1000, 1)
	for i := range uint64(20) { // behind it, on both threads
		push(t, q.in, c, sfaas.NewKey(sfaas.KindCell, i), 1000, 0)
	}
	within(t, 10*time.Second, "others go on", func() bool { return q.n.Load() == 220 })
	if err := a.Close(); err != nil {
		t.Error(err)
	}
	push(t, q.in, c, sfaas.NewKey(sfaas.KindCell, 0), 1001, 0)
	drain(t, c)
	close(stuck)
	for _, rt := range []*sfaas.Runtime{b, c} {
		if err := rt.Close(); err != nil {
			t.Log(err)
		}
	}
	if err := g.Close(); err != nil {
		t.Error(err)
	}
	if _, err := sfaas.NewRuntime(p.app, on()); !errors.Is(err, sfaas.ErrClosed) {
		t.Errorf("a runtime on a closed group: %v", err)
	}
}

// TestThreadGroupCloseBlocked closes a runtime whose handler does not return: the
// thread goes on for the other one.
func TestThreadGroupCloseBlocked(t *testing.T) {
	g, err := sfaas.NewThreadGroup(1, sfaas.Threads{})
	if err != nil {
		t.Fatal(err)
	}
	p, q := newThreadProbe(t, "p"), newThreadProbe(t, "q")
	stuck := make(chan struct{})
	defer close(stuck)
	p.do = func(uint64) { <-stuck }
	a := start(t, p.app, sfaas.WithThreadGroup(g), sfaas.WithBlockLimit(200*time.Millisecond))
	c := start(t, q.app, sfaas.WithThreadGroup(g))
	push(t, p.in, a, sfaas.NewKey(sfaas.KindCell, 0), 0, 0)
	within(t, 10*time.Second, "it blocks", func() bool { p.mu.Lock(); defer p.mu.Unlock(); return len(p.ids) == 1 })
	if err := a.Close(); err != nil {
		t.Log(err)
	}
	push(t, q.in, c, sfaas.NewKey(sfaas.KindCell, 0), 0, 0)
	drain(t, c)
	if q.n.Load() != 1 {
		t.Error("the other one does not run")
	}
	c.Close()
	if err := g.Close(); err != nil {
		t.Error(err)
	}
}

// TestUnitsCPU charges two units of two runtimes with the processor time of the thread
// that they share, as each has used it.
func TestUnitsCPU(t *testing.T) {
	g, err := sfaas.NewThreadGroup(1, sfaas.Threads{})
	if err != nil {
		t.Fatal(err)
	}
	spin := func(d int64) {
		var ts unix.Timespec
		_ = unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &ts)
		for end := ts.Nano() + d; ts.Nano() < end; {
			_ = unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &ts)
		}
	}
	p, q := newThreadProbe(t, "p"), newThreadProbe(t, "q")
	p.do = func(uint64) { spin(3e5) }
	q.do = func(uint64) { spin(1e5) }
	a, c := start(t, p.app, sfaas.WithThreadGroup(g)), start(t, q.app, sfaas.WithThreadGroup(g))
	const n = 100
	for i := range sfaas.Slot(n) {
		push(t, p.in, a, sfaas.NewKey(sfaas.KindCell, 1), i, 0)
		push(t, q.in, c, sfaas.NewKey(sfaas.KindCell, 1), i, 0)
	}
	drain(t, a)
	drain(t, c)
	u := sfaas.Unit{Part: "probe", Root: sfaas.NewKey(sfaas.KindCell, 1)}
	ra := unitRow(t, a, u, func(r *sfaas.UnitStats) bool { return r.Invocations == n })
	rc := unitRow(t, c, u, func(r *sfaas.UnitStats) bool { return r.Invocations == n })
	const spun = n * 400 * time.Microsecond
	if sum := ra.CPU + rc.CPU; sum < spun*9/10 || sum > 2*spun {
		t.Errorf("charged %v and %v, used at least %v", ra.CPU, rc.CPU, spun)
	}
	if ra.CPU < rc.CPU { // busy time differs from processor time while others run
		t.Errorf("charged %v and %v, used three times as much and once", ra.CPU, rc.CPU)
	}
	plain := start(t, q.app)
	push(t, q.in, plain, sfaas.NewKey(sfaas.KindCell, 1), 0, 0)
	drain(t, plain)
	if r := unitRow(t, plain, u, func(r *sfaas.UnitStats) bool { return r.Invocations == 1 }); r.CPU != 0 {
		t.Errorf("charged %v on a goroutine", r.CPU)
	}
}

// TestOnThread runs a function on a thread as described, which goes with it, and
// says what the kernel refuses.
func TestOnThread(t *testing.T) {
	x := realTime(t)
	var s standing
	stop := errors.New("stop")
	if err := sfaas.OnThread(x, func() error { s = standingOf(t, unix.Gettid()); return stop }); !errors.Is(err, stop) {
		t.Errorf("got %v, want %v", err, stop)
	}
	if s.policy != 1 || s.priority != 10 || s.tid == unix.Getpid() {
		t.Errorf("it ran on %+v", s)
	}
	within(t, 10*time.Second, "the thread is gone", func() bool { return errors.Is(unix.Tgkill(unix.Getpid(), s.tid, 0), unix.ESRCH) })
	var refused *sfaas.ThreadError
	if err := sfaas.OnThread(sfaas.Threads{CPUs: []int{1023}}, func() error { t.Error("it ran"); return nil }); !errors.As(err, &refused) {
		t.Errorf("processor 1023: %v", err)
	}
}

// BenchmarkWake pushes one message at a time to a worker that sleeps, and reports the
// median of how long it takes until a sink has it.
func BenchmarkWake(b *testing.B) {
	for _, c := range []struct {
		name string
		opts []sfaas.Option
	}{{"none", nil}, {"locked", []sfaas.Option{sfaas.WithThreads(sfaas.Threads{})}}} {
		b.Run("threads="+c.name, func(b *testing.B) {
			app, in, out := chain(b, 1, 0)
			came := make(chan time.Time, 1)
			rt := start(b, app, append(c.opts, sfaas.WithOutput(out, func(sfaas.Header, *number) { came <- time.Now() }))...)
			var took []time.Duration
			n := sfaas.Slot(0)
			begin := cpuTime()
			for b.Loop() {
				time.Sleep(50 * time.Microsecond) // it sleeps
				n++
				at := time.Now()
				if err := in.PushValue(rt, sfaas.NewKey(sfaas.KindCell, 1), n, &number{1}); err != nil {
					b.Fatal(err)
				}
				took = append(took, (<-came).Sub(at))
			}
			b.ReportMetric(float64(cpuTime()-begin)/float64(b.N), "cpu-ns/op")
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)/2].Nanoseconds()), "p50-ns")
			b.ReportMetric(float64(took[len(took)*99/100].Nanoseconds()), "p99-ns")
		})
	}
}
