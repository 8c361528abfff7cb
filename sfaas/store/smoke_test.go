// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/neuroran/neuroran/sfaas"
)

// The workload of the smoke test of Apache Flink's Stateful Functions: instances take
// commands of up to ten steps, each of which counts, sends the rest to another instance,
// now or later, or fails once for each instance that it comes to. Which commands there
// are follows from the seed, so whoever knows how many were pushed to each instance
// knows what all of them must have counted.
type (
	command struct {
		ID    uint64
		Steps uint64 // left
		Step  [10]step
	}
	step   struct{ Kind, To uint64 }
	report struct{ Instance, Count uint64 }
)

const (
	stepCount = iota
	stepSend
	stepAfter
	stepFail
	stepKinds
)

// commandOf returns the n-th command that is pushed to an instance.
func commandOf(instances, to, n uint64) command {
	random := rand.New(rand.NewPCG(to, n))
	c := command{ID: to<<32 | n, Steps: 1 + random.Uint64N(10)}
	for i := range c.Steps {
		c.Step[i] = step{random.Uint64N(stepKinds), random.Uint64N(instances)}
	}
	return c
}

// wanted adds up what the first commands of each instance count.
func wanted(pushed []uint64) []uint64 {
	want := make([]uint64, len(pushed))
	for to, n := range pushed {
		for i := range n {
			at, c := uint64(to), commandOf(uint64(len(pushed)), uint64(to), i)
			for _, s := range c.Step[:c.Steps] {
				switch s.Kind {
				case stepCount:
					want[at]++
				case stepSend, stepAfter:
					at = s.To
				}
			}
		}
	}
	return want
}

// smoke is the graph of the workload.
type smoke struct {
	app    *sfaas.App
	in     sfaas.Input[command]
	out    sfaas.Output[report]
	failed sync.Map
}

func newSmoke() (*smoke, error) {
	s := &smoke{}
	exactly := sfaas.EdgeConfig{Guarantee: sfaas.ExactlyOnce}
	count := sfaas.NewValue[uint64]("count", sfaas.Replicated)
	self := sfaas.Ref[command]("instance").With(exactly)
	instance := sfaas.DefineEach("instance", func(c *sfaas.Ctx, out sfaas.Emitter[report], in *command) error {
		if in.Steps == 0 {
			id, _ := c.Key().ID(sfaas.KindCell)
			n, _ := count.Get(c)
			*out.Add(c.Key()) = report{id, n}
			return nil
		}
		for at := range in.Steps {
			st := in.Step[at]
			switch st.Kind {
			case stepCount:
				*count.Mut(c)++
				continue
			case stepFail:
				if _, again := s.failed.LoadOrStore(in.ID<<8|in.Steps, true); !again {
					return errors.New("the first attempt fails")
				}
				continue
			}
			if in.Steps-at == 1 {
				break
			}
			rest := command{ID: in.ID, Steps: in.Steps - at - 1}
			copy(rest.Step[:], in.Step[at+1:in.Steps])
			if st.Kind == stepSend {
				*self.Send(c, sfaas.Cell(st.To)) = rest
			} else {
				later, _ := self.After(c, sfaas.Cell(st.To), time.Duration(1+in.ID%3)*time.Millisecond)
				*later = rest
			}
			break
		}
		return nil
	}, sfaas.Config{}, count, self)
	g := sfaas.NewGraph("smoke")
	s.in = sfaas.Source[command](g, "commands")
	exactly.Messages = 64
	s.out = sfaas.Sink(sfaas.Apply(s.in.With(exactly), instance), "reports")
	var err error
	s.app, err = g.Build()
	return s, err
}

// smokeChild runs the workload over a store until it is killed. In the last life it
// pushes nothing more, asks every instance what it has counted, and compares.
func smokeChild(dir string, instances uint64, last bool) error {
	w, err := newSmoke()
	if err != nil {
		return err
	}
	s, err := Open(dir, nil)
	if err != nil {
		return err
	}
	reports := make(chan report, 2*instances)
	rt, err := sfaas.NewRuntime(w.app, sfaas.WithEngine(s), sfaas.WithNode(1), sfaas.WithWorkers(2),
		sfaas.WithLogger(slog.New(slog.DiscardHandler)), sfaas.WithMode(sfaas.Replay),
		sfaas.WithOutput(w.out, func(_ sfaas.Header, r *report) { reports <- *r }))
	if err != nil {
		return err
	}
	if err := rt.Recover(context.Background()); err != nil {
		return err
	}
	pushed := make([]uint64, instances)
	for to := range pushed {
		if p, known := w.in.Position(rt, sfaas.Cell(uint64(to))); known {
			pushed[to] = uint64(p.Slot) + 1
		}
	}
	fmt.Println("recovered")
	if last {
		return errors.Join(w.compare(rt, pushed, reports), rt.Close(), s.Close())
	}
	for {
		for to := range pushed {
			c := commandOf(instances, uint64(to), pushed[to])
			if err := w.in.PushValue(rt, sfaas.Cell(uint64(to)), sfaas.Slot(pushed[to]), &c); err == nil {
				pushed[to]++
			} else if !errors.Is(err, sfaas.ErrBusy) {
				return err
			}
		}
		time.Sleep(time.Millisecond)
	}
}

// compare asks every instance until it has counted what it must.
func (w *smoke) compare(rt *sfaas.Runtime, pushed []uint64, reports chan report) error {
	want, total := wanted(pushed), uint64(0)
	for _, n := range pushed {
		total += n
	}
	ask := func(to uint64) error {
		for {
			err := w.in.PushValue(rt, sfaas.Cell(to), sfaas.Slot(pushed[to]), &command{})
			if err == nil {
				pushed[to]++
			}
			if !errors.Is(err, sfaas.ErrBusy) {
				return err
			}
			time.Sleep(time.Millisecond)
		}
	}
	for to := range pushed {
		if err := ask(uint64(to)); err != nil {
			return err
		}
	}
	begin := time.Now()
	for left := len(pushed); left > 0; {
		select {
		case r := <-reports:
			switch {
			case r.Count == want[r.Instance]:
				left--
			case r.Count > want[r.Instance] || time.Since(begin) > 20*time.Second:
				return fmt.Errorf("instance %d has counted %d, want %d", r.Instance, r.Count, want[r.Instance])
			default: // delayed messages are under way
				time.Sleep(time.Millisecond)
				if err := ask(r.Instance); err != nil {
					return err
				}
			}
		case <-time.After(20 * time.Second):
			return errors.New("an instance does not report")
		}
	}
	fmt.Println("exact", total)
	return nil
}

// TestSmoke kills a process that runs the workload at any moment, and starts it again.
// In the end every counter is exact. Eight kills, or, with NEURORAN_LONG, a hundred.
func TestSmoke(t *testing.T) {
	kills := 8
	if os.Getenv("NEURORAN_LONG") != "" {
		kills = 100
	}
	dir := filepath.Join(t.TempDir(), "state")
	random := rand.New(rand.NewPCG(3, 1))
	for i := range kills {
		lines, err := life(t, time.Duration(20+random.IntN(300))*time.Millisecond, smokeEnv+"="+dir)
		if len(lines) == 0 || err == nil {
			t.Fatalf("kill %d: the child has ended by itself: %v", i, err)
		}
	}
	lines, err := life(t, 0, smokeEnv+"="+dir, smokeLastEnv+"=1")
	if err != nil {
		t.Fatalf("%q: %v", lines, err)
	}
	t.Logf("kills=%d %s", kills, lines[len(lines)-1])
}
