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

// smoke is the graph of the workload: instances are shared out to one function or
// several, each of which is a part of its own.
type smoke struct {
	app    *sfaas.App
	in     []sfaas.Input[command]
	out    []sfaas.Output[report]
	failed sync.Map
}

var exactly = sfaas.EdgeConfig{Guarantee: sfaas.ExactlyOnce}

func partName(i int) string { return fmt.Sprint("instance", i) }

// newSmoke builds the graph with a number of functions.
func newSmoke(parts int) (*smoke, error) {
	s := &smoke{}
	g := sfaas.NewGraph("smoke")
	for i := range parts {
		in := sfaas.Source[command](g, fmt.Sprint("commands", i))
		from := in.With(sfaas.EdgeConfig{Guarantee: sfaas.ExactlyOnce, Messages: 64})
		s.in = append(s.in, in)
		s.out = append(s.out, sfaas.Sink(sfaas.Apply(from, s.instance(i, parts)), fmt.Sprint("reports", i)))
	}
	var err error
	s.app, err = g.Build()
	return s, err
}

// input returns the source for an instance.
func (s *smoke) input(to uint64) sfaas.Input[command] { return s.in[to%uint64(len(s.in))] }

// outputs lets all sinks report to a function.
func (s *smoke) outputs(hear func(report)) (opts []sfaas.Option) {
	for _, out := range s.out {
		opts = append(opts, sfaas.WithOutput(out, func(_ sfaas.Header, r *report) { hear(*r) }))
	}
	return opts
}

// instance makes one of the functions.
func (s *smoke) instance(i, parts int) sfaas.Fn[command, report] {
	count := sfaas.NewValue[uint64]("count", sfaas.Replicated)
	uses := []sfaas.Declared{count}
	var others []sfaas.Reference[command]
	for k := range parts {
		r := sfaas.Ref[command](partName(k)).With(exactly)
		others, uses = append(others, r), append(uses, r)
	}
	return sfaas.DefineEach(partName(i), func(c *sfaas.Ctx, out sfaas.Emitter[report], in *command) error {
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
			to := others[st.To%uint64(parts)]
			if st.Kind == stepSend {
				*to.Send(c, sfaas.NewKey(sfaas.KindCell, st.To)) = rest
			} else {
				later, _ := to.After(c, sfaas.NewKey(sfaas.KindCell, st.To), time.Duration(1+in.ID%3)*time.Millisecond)
				*later = rest
			}
			break
		}
		return nil
	}, sfaas.FunctionConfig{}, uses...)
}

// recover starts a runtime over a store, and lets it go on from that.
func (s *smoke) recover(dir string, hear func(report), opts ...sfaas.Option) (*sfaas.Runtime, *Store, error) {
	kept, err := Open(dir, nil)
	if err != nil {
		return nil, nil, err
	}
	opts = append(append(opts, s.outputs(hear)...), sfaas.WithEngine(kept), sfaas.WithWorkers(2), sfaas.WithMode(sfaas.Replay),
		sfaas.WithLogger(slog.New(slog.DiscardHandler)))
	rt, err := sfaas.NewRuntime(s.app, opts...)
	if err == nil {
		err = rt.Recover(context.Background())
	}
	return rt, kept, err
}

// pushed returns how many commands a runtime has pushed to each instance.
func (s *smoke) pushed(rt *sfaas.Runtime, instances int) []uint64 {
	pushed := make([]uint64, instances)
	for to := range pushed {
		if p, known := s.input(uint64(to)).Position(rt, sfaas.NewKey(sfaas.KindCell, uint64(to))); known {
			pushed[to] = uint64(p.Slot) + 1
		}
	}
	return pushed
}

// push pushes the next command of an instance, or asks it what it has counted, and
// reports whether that was taken.
func (s *smoke) push(rt *sfaas.Runtime, to uint64, pushed []uint64, ask bool) (bool, error) {
	c := commandOf(uint64(len(pushed)), to, pushed[to])
	if ask {
		c = command{}
	}
	err := s.input(to).PushValue(rt, sfaas.NewKey(sfaas.KindCell, to), sfaas.Slot(pushed[to]), &c)
	var elsewhere *sfaas.MovedError
	if errors.Is(err, sfaas.ErrBusy) || errors.As(err, &elsewhere) { // and its owner is not connected
		return false, nil
	}
	if err == nil {
		pushed[to]++
	}
	return err == nil, err
}

// smokeChild runs the workload over a store until it is killed. In the last life it
// pushes nothing more, asks every instance what it has counted, and compares.
func smokeChild(dir string, instances int, last bool) error {
	w, err := newSmoke(1)
	if err != nil {
		return err
	}
	reports := make(chan report, 2*instances)
	rt, s, err := w.recover(dir, func(r report) { reports <- r }, sfaas.WithNode(1))
	if err != nil {
		return err
	}
	pushed := w.pushed(rt, instances)
	fmt.Println("recovered")
	if last {
		err = w.compare(rt, pushed, reports)
		closed := rt.Close()
		if left := (*sfaas.UnacknowledgedError)(nil); errors.As(closed, &left) {
			closed = nil // steps behind the last one that counts are under way, and in the store
		}
		return errors.Join(err, closed, s.Close())
	}
	for {
		for to := range pushed {
			if _, err := w.push(rt, uint64(to), pushed, false); err != nil {
				return err
			}
		}
		time.Sleep(time.Millisecond)
	}
}

// compare asks every instance until it has counted what it must.
func (s *smoke) compare(rt *sfaas.Runtime, pushed []uint64, reports chan report) error {
	want, total := wanted(pushed), uint64(0)
	for _, n := range pushed {
		total += n
	}
	ask := func(to uint64) error {
		for {
			if taken, err := s.push(rt, to, pushed, true); taken || err != nil {
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
	lines, err := life(t, 0, smokeEnv+"="+dir, lastEnv+"=1")
	if err != nil {
		t.Fatalf("%q: %v", lines, err)
	}
	t.Logf("kills=%d %s", kills, lines[len(lines)-1])
}
