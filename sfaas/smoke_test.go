// SPDX-License-Identifier: Apache-2.0

package sfaas_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/neuroran/neuroran/sfaas"
)

// command is a program of up to ten steps, each of which an instance takes: the
// workload of the smoke test of Apache Flink's Stateful Functions.
type command struct {
	ID    uint64
	Steps uint64 // left
	Step  [10]step
}

type step struct {
	Kind uint64
	To   uint64
}

const (
	stepCount = iota // counts, and goes on here
	stepSend         // sends the rest to another instance
	stepAfter        // sends the rest to another instance, later
	stepFail         // fails once for each instance that it comes to
	stepKinds
)

// report is what an instance has counted.
type report struct{ Instance, Count uint64 }

// smoke is the workload: instances that count, and what they ought to have counted.
type smoke struct {
	app     *sfaas.App
	in      sfaas.Input[command]
	out     sfaas.Output[report]
	want    []uint64
	failed  sync.Map
	random  *rand.Rand
	pushed  uint64
	reports chan report
}

func newSmoke(t *testing.T, instances int, seed uint64) *smoke {
	t.Helper()
	s := &smoke{want: make([]uint64, instances), random: rand.New(rand.NewPCG(seed, 7)), reports: make(chan report, instances)}
	count := sfaas.NewValue[uint64]("count", sfaas.Replicated)
	self := sfaas.Ref[command]("instance").With(exactly)
	x := sfaas.DefineEach("instance", func(c *sfaas.Ctx, out sfaas.Emitter[report], in *command) error {
		if in.Steps == 0 {
			id, _ := c.Key().ID(sfaas.KindCell)
			n, _ := count.Get(c)
			*out.Add(c.Key()) = report{id, n}
			return nil
		}
		at := uint64(0)
		for ; at < in.Steps; at++ {
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
			var rest *command
			if st.Kind == stepSend {
				rest = self.Send(c, sfaas.NewKey(sfaas.KindCell, st.To))
			} else {
				rest, _ = self.After(c, sfaas.NewKey(sfaas.KindCell, st.To), time.Duration(1+in.ID%3)*time.Millisecond)
			}
			*rest = command{ID: in.ID, Steps: in.Steps - at - 1}
			copy(rest.Step[:], in.Step[at+1:in.Steps])
			break
		}
		return nil
	}, sfaas.FunctionConfig{}, count, self)
	g := sfaas.NewGraph("smoke")
	s.in = sfaas.Source[command](g, "commands")
	s.out = sfaas.Sink(sfaas.Apply(s.in.With(exactly), x), "reports")
	s.app = build(t, g)
	return s
}

// next draws a command and counts what it does.
func (s *smoke) next() (first uint64, c command) {
	s.pushed++
	first = s.random.Uint64N(uint64(len(s.want)))
	c = command{ID: s.pushed, Steps: 1 + s.random.Uint64N(10)}
	at := first
	for i := range c.Steps {
		c.Step[i] = step{s.random.Uint64N(stepKinds), s.random.Uint64N(uint64(len(s.want)))}
		switch c.Step[i].Kind {
		case stepCount:
			s.want[at]++
		case stepSend, stepAfter:
			at = c.Step[i].To
		}
	}
	return first, c
}

// run sends commands through linked runtimes, each of which takes pushes, while units
// move at any moment, and compares every counter.
func (s *smoke) run(t *testing.T, runtimes, commands int) (moves int) {
	t.Helper()
	sink := sfaas.WithOutput(s.out, func(_ sfaas.Header, r *report) { s.reports <- *r })
	var all []*sfaas.Runtime
	for i := range runtimes {
		opts := []sfaas.Option{sfaas.WithNode(sfaas.NodeID(i + 1)), sfaas.WithWorkers(2), sink}
		if i > 0 {
			opts = append(opts, sfaas.WithDefaultOwner(1))
		}
		all = append(all, start(t, s.app, opts...))
	}
	if err := sfaas.Link(all...); err != nil {
		t.Fatal(err)
	}
	stop, moved := make(chan struct{}), make(chan int)
	random := rand.New(rand.NewPCG(s.random.Uint64(), 9))
	go func() {
		n := 0
		defer func() { moved <- n }()
		for {
			select {
			case <-stop:
				return
			default:
			}
			u := sfaas.Unit{Part: "instance", Root: sfaas.NewKey(sfaas.KindCell, random.Uint64N(uint64(len(s.want))))}
			from, to := all[random.IntN(runtimes)], all[random.IntN(runtimes)]
			if r, err := from.Route(u); err == nil && r.Owner > 0 {
				from = all[r.Owner-1]
			}
			if from == to {
				continue
			}
			_, err := from.MoveUnit(context.Background(), u, to.Node(), sfaas.MoveConfig{})
			var other *sfaas.MovedError
			switch {
			case err == nil:
				n++
			case !errors.As(err, &other) && !errors.Is(err, sfaas.ErrMoving):
				t.Errorf("move of %v: %v", u, err)
				return
			}
		}
	}()
	send := func(h sfaas.Host, key uint64, c *command) {
		for begin := time.Now(); ; time.Sleep(100 * time.Microsecond) {
			switch err := s.in.PushValue(h, sfaas.NewKey(sfaas.KindCell, key), 0, c); {
			case err == nil:
				return
			case !errors.Is(err, sfaas.ErrBusy):
				t.Fatal(err)
			case time.Since(begin) > time.Minute:
				t.Fatal("the source is refused for ever")
			}
		}
	}
	for i := range commands {
		if i%50 == 0 {
			time.Sleep(time.Millisecond) // moves take their turn
		}
		key, c := s.next()
		send(all[key%uint64(runtimes)], key, &c)
	}
	close(stop)
	moves = <-moved
	// Delayed messages are not waited for by Drain: who has not counted enough is asked
	// again.
	begin := time.Now()
	for key := range s.want {
		send(all[key%runtimes], uint64(key), &command{})
	}
	for left := len(s.want); left > 0; {
		select {
		case r := <-s.reports:
			switch want := s.want[r.Instance]; {
			case r.Count == want:
				left--
			case r.Count > want, time.Since(begin) > 20*time.Second:
				t.Errorf("instance %d has counted %d, want %d", r.Instance, r.Count, want)
				left--
			default:
				time.Sleep(100 * time.Microsecond)
				send(all[0], r.Instance, &command{})
			}
		case <-time.After(20 * time.Second):
			t.Fatal("an instance does not report")
		}
	}
	for _, r := range all {
		drain(t, r)
	}
	return moves
}

// TestSmoke sends commands of up to ten steps to instances of two and three linked
// runtimes; many fail once on their way, and instances move at any moment. Every
// counter comes out exact. 5 000 commands for 200 instances, or with NEURORAN_LONG twenty
// times 100 000 for 1 000.
func TestSmoke(t *testing.T) {
	runs, instances, commands := 2, 200, 5_000
	if os.Getenv("NEURORAN_LONG") != "" {
		runs, instances, commands = 20, 1_000, 100_000
	}
	for i := range runs {
		s := newSmoke(t, instances, uint64(i))
		begin := time.Now()
		moves := s.run(t, 2+i%2, commands)
		t.Logf("run=%d runtimes=%d commands=%d moves=%d seconds=%.1f", i, 2+i%2, commands, moves, time.Since(begin).Seconds())
	}
}
