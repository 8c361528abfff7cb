// SPDX-License-Identifier: Apache-2.0

package sfaas_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/neuroran/neuroran/sfaas"
	"github.com/neuroran/neuroran/sfaas/sim"
)

// A function asks another one and hears the answer at a handler of its own, or that there
// was none in time. The runtime's clock is that of a simulation: nothing is waited for.
func ExampleCallee_Call() {
	type query struct{ ID int }
	type answer struct{ Name string }

	lookup := sfaas.CallRef[query, answer]("directory")
	ask := sfaas.Define("ask", func(c *sfaas.Ctx, _ *sfaas.None, in *query) error {
		q, _ := lookup.Call(c, sfaas.NewKey(sfaas.KindCell, 100), 10*time.Millisecond)
		*q = *in
		return nil
	}, sfaas.FunctionConfig{}, lookup.OnReply(func(c *sfaas.Ctx, r sfaas.Reply[answer]) error {
		if r.Err != nil {
			fmt.Println(c.Key(), "has no answer:", r.Err)
			return nil
		}
		fmt.Println(c.Key(), "heard of", r.Out.Name)
		return nil
	}))
	directory := sfaas.Define("directory", func(_ *sfaas.Ctx, out *answer, in *query) error {
		if in.ID != 7 {
			return sfaas.ErrNoOutput
		}
		out.Name = "site seven"
		return nil
	}, sfaas.FunctionConfig{})

	g := sfaas.NewGraph("example")
	queries := sfaas.Source[query](g, "queries")
	sfaas.Apply(queries, ask)
	g.Add(directory)
	app, err := g.Build()
	if err != nil {
		fmt.Println(err)
		return
	}
	world, err := sim.New(app, sim.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer world.Close()
	for id := range 2 {
		_ = queries.PushValue(world.Node(0), sfaas.NewKey(sfaas.KindCell, uint64(id)), 0, &query{ID: 6 + id})
		world.Run()
	}
	// Output:
	// cell0 has no answer: sfaas: no output
	// cell1 heard of site seven
}

// Host code calls a function and waits for what it returns.
func ExampleCallee_Invoke() {
	type sample struct{ X int32 }
	total := sfaas.NewValue[int32]("total", sfaas.Replicated)
	sum := sfaas.Define("sum", func(c *sfaas.Ctx, out, in *sample) error {
		t := total.Mut(c)
		*t += in.X
		out.X = *t
		return nil
	}, sfaas.FunctionConfig{}, total)
	g := sfaas.NewGraph("example")
	g.Add(sum)
	app, err := g.Build()
	if err != nil {
		fmt.Println(err)
		return
	}
	rt, err := sfaas.NewRuntime(app)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer rt.Close()

	callSum := sfaas.CallRef[sample, sample]("sum")
	var out sample
	for _, x := range []int32{20, 22} {
		err = callSum.Invoke(context.Background(), rt, sfaas.NewKey(sfaas.KindCell, 1), 0, &out,
			func(in *sample) error { in.X = x; return nil })
	}
	fmt.Println(out.X, err)
	// Output: 42 <nil>
}

// A session that nobody uses is closed: its timeout comes to the function that owns its
// cells, and each request cancels the one before.
func ExampleReference_On() {
	type request struct{ Bytes uint64 }
	type idle struct{}

	count := sfaas.NewValue[uint64]("count", sfaas.Replicated)
	timer := sfaas.NewValue[sfaas.Token]("timer", sfaas.Replicated)
	timeout := sfaas.Ref[idle]("session")
	session := sfaas.Define("session", func(c *sfaas.Ctx, _ *sfaas.None, in *request) error {
		*count.Mut(c) += in.Bytes
		if last, ok := timer.Get(c); ok {
			c.Cancel(last)
		}
		_, token := timeout.After(c, c.Key(), 50*time.Millisecond)
		timer.Set(c, token)
		return nil
	}, sfaas.FunctionConfig{}, count, timer, timeout.On(func(c *sfaas.Ctx, _ *idle) error {
		n, _ := count.Get(c)
		fmt.Println(c.Key(), "is idle after", n, "bytes, at", time.Duration(c.Now()).Round(time.Millisecond))
		count.Delete(c)
		timer.Delete(c)
		return nil
	}))

	g := sfaas.NewGraph("example")
	requests := sfaas.Source[request](g, "requests")
	sfaas.Apply(requests, session)
	app, err := g.Build()
	if err != nil {
		fmt.Println(err)
		return
	}
	world, err := sim.New(app, sim.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer world.Close()
	for i := range sfaas.Slot(3) {
		_ = requests.PushValue(world.Node(0), sfaas.NewKey(sfaas.KindCell, 1), i, &request{Bytes: 1000})
		world.RunFor(20 * time.Millisecond)
	}
	world.Run()
	// Output: cell1 is idle after 3000 bytes, at 90ms
}

// A message leaves later, on the runtime's clock.
func ExampleReference_After() {
	type sample struct{ X int }
	to := sfaas.Ref[sample]("print")
	later := sfaas.Define("later", func(c *sfaas.Ctx, _ *sfaas.None, in *sample) error {
		m, _ := to.After(c, c.Key(), time.Duration(in.X)*time.Second)
		*m = *in
		return nil
	}, sfaas.FunctionConfig{}, to)
	show := sfaas.Define("print", func(c *sfaas.Ctx, _ *sfaas.None, in *sample) error {
		fmt.Println(in.X, "after", time.Duration(c.Now()).Round(time.Second))
		return nil
	}, sfaas.FunctionConfig{})

	g := sfaas.NewGraph("example")
	in := sfaas.Source[sample](g, "in")
	sfaas.Apply(in, later)
	g.Add(show)
	app, err := g.Build()
	if err != nil {
		fmt.Println(err)
		return
	}
	world, err := sim.New(app, sim.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer world.Close()
	for i, x := range []int{3, 1, 2} {
		_ = in.PushValue(world.Node(0), sfaas.NewKey(sfaas.KindCell, 1), sfaas.Slot(i), &sample{X: x})
	}
	world.Run()
	// Output:
	// 1 after 1s
	// 2 after 2s
	// 3 after 3s
}

// A delayed message is taken back, in the handler of a later one.
func ExampleCtx_Cancel() {
	type order struct{ Cancel bool }
	alarm := sfaas.Ref[order]("alarm")
	pending := sfaas.NewValue[sfaas.Token]("pending", sfaas.Volatile)
	watch := sfaas.Define("watch", func(c *sfaas.Ctx, _ *sfaas.None, in *order) error {
		if in.Cancel {
			token, _ := pending.Get(c)
			c.Cancel(token)
			return nil
		}
		_, token := alarm.After(c, c.Key(), time.Second)
		pending.Set(c, token)
		return nil
	}, sfaas.FunctionConfig{}, pending, alarm)
	ring := sfaas.Define("alarm", func(c *sfaas.Ctx, _ *sfaas.None, _ *order) error {
		fmt.Println("alarm of", c.Key())
		return nil
	}, sfaas.FunctionConfig{})

	g := sfaas.NewGraph("example")
	in := sfaas.Source[order](g, "in")
	sfaas.Apply(in, watch)
	g.Add(ring)
	app, err := g.Build()
	if err != nil {
		fmt.Println(err)
		return
	}
	world, err := sim.New(app, sim.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer world.Close()
	one, two := sfaas.NewKey(sfaas.KindCell, 1), sfaas.NewKey(sfaas.KindCell, 2)
	_ = in.PushValue(world.Node(0), one, 0, &order{})
	_ = in.PushValue(world.Node(0), two, 0, &order{})
	_ = in.PushValue(world.Node(0), one, 1, &order{Cancel: true})
	world.Run()
	// Output: alarm of cell2
}

// Instances subscribe to a channel of a topic while they run.
func ExampleTopic() {
	type news struct{ Text string }
	type visit struct{ Channel uint64 }

	topic := sfaas.NewTopic[news]("news")
	reader := sfaas.Define("reader", func(c *sfaas.Ctx, _ *sfaas.None, in *visit) error {
		topic.Subscribe(c, sfaas.NewKey(sfaas.KindUser, in.Channel))
		return nil
	}, sfaas.FunctionConfig{}, topic.On(func(c *sfaas.Ctx, in *news) error {
		fmt.Println(c.Key(), "reads:", in.Text)
		return nil
	}))
	writer := sfaas.Define("writer", func(c *sfaas.Ctx, _ *sfaas.None, in *news) error {
		*topic.Publish(c, c.Key()) = *in
		return nil
	}, sfaas.FunctionConfig{}, topic)

	g := sfaas.NewGraph("example")
	visits, texts := sfaas.Source[visit](g, "visits"), sfaas.Source[news](g, "texts")
	sfaas.Apply(visits, reader)
	sfaas.Apply(texts, writer)
	app, err := g.Build()
	if err != nil {
		fmt.Println(err)
		return
	}
	world, err := sim.New(app, sim.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer world.Close()
	for ue := range uint64(3) {
		key := sfaas.NewKey(sfaas.KindCell, 1).Child(sfaas.KindUE, ue)
		_ = visits.PushValue(world.Node(0), key, 0, &visit{Channel: ue % 2})
	}
	world.Run()
	_ = texts.PushValue(world.Node(0), sfaas.NewKey(sfaas.KindUser, 0), 1, &news{Text: "hello"})
	world.Run()
	// Output:
	// cell1/ue0 reads: hello
	// cell1/ue2 reads: hello
}

// What a function fails to process, again and again, goes to another one.
func ExampleDeadLetter() {
	type job struct{ N int }
	tries := 0
	work := sfaas.Define("work", func(_ *sfaas.Ctx, _ *sfaas.None, in *job) error {
		if tries++; in.N == 13 {
			return errors.New("unlucky")
		}
		return nil
	}, sfaas.FunctionConfig{})
	bury := sfaas.Define("bury", func(_ *sfaas.Ctx, _ *sfaas.None, in *job) error {
		fmt.Println("job", in.N, "has failed")
		return nil
	}, sfaas.FunctionConfig{})

	g := sfaas.NewGraph("example")
	jobs := sfaas.Source[job](g, "jobs")
	promising := jobs.With(sfaas.EdgeConfig{Guarantee: sfaas.AtLeastOnce, Retries: 2})
	sfaas.Apply(promising, work)
	sfaas.DeadLetter(promising, work, bury)
	app, err := g.Build()
	if err != nil {
		fmt.Println(err)
		return
	}
	world, err := sim.New(app, sim.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer world.Close()
	for i, n := range []int{12, 13, 14} {
		_ = jobs.PushValue(world.Node(0), sfaas.NewKey(sfaas.KindCell, 1), sfaas.Slot(i), &job{N: n})
	}
	world.Run()
	fmt.Println(tries, "tries for 3 jobs")
	// Output:
	// job 13 has failed
	// 5 tries for 3 jobs
}
