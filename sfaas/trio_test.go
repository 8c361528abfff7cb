// SPDX-License-Identifier: Apache-2.0

package sfaas_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/neuroran/neuroran/sfaas"
)

// trio starts three linked runtimes, nodes 1 to 3, of which the first owns
// everything.
func trio(t testing.TB, app *sfaas.App, opts ...sfaas.Option) []*sfaas.Runtime {
	t.Helper()
	var all []*sfaas.Runtime
	for i := range 3 {
		own := []sfaas.Option{sfaas.WithNode(sfaas.NodeID(i + 1)), sfaas.WithWorkers(1 + i%2), sfaas.WithDefaultOwner(1)}
		all = append(all, start(t, app, append(own, opts...)...))
	}
	if err := sfaas.Link(all...); err != nil {
		t.Fatal(err)
	}
	return all
}

// exchange is a program in which everything promises: desks take orders, send them to
// books at other keys, now and later, ask vaults, and publish to channels that
// listeners hear.
type exchange struct {
	app       *sfaas.App
	orders    sfaas.Input[number]
	subscribe sfaas.Input[number]
	out       sfaas.Output[number]
	desks     uint64 // keys of each function

	mu   sync.Mutex
	seen map[place]uint64 // newest number of each stream
	all  map[string]uint64
	bad  []string
}

// place is one stream: what one function at one key sends to one other.
type place struct {
	what     string
	from, to uint64
}

// deal is what desks send; N rises by one in each stream.
type deal struct{ From, N uint64 }

// pair64 is a key of a map cell: what and to whom.
type pair64 struct{ What, To uint64 }

func cellOf(c *sfaas.Ctx) uint64 { id, _ := c.Key().ID(sfaas.KindCell); return id }

// take notes that number n of a stream has come: it is the next one.
func (x *exchange) take(what string, from, to, n uint64) {
	x.mu.Lock()
	defer x.mu.Unlock()
	at := place{what, from, to}
	if x.seen[at]++; x.seen[at] != n && len(x.bad) < 10 {
		x.bad = append(x.bad, fmt.Sprintf("%s from %d to %d: %d instead of %d", what, from, to, n, x.seen[at]))
	}
	x.all[what]++
}

func (x *exchange) total(what string) uint64 {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.all[what]
}

func newExchange(t testing.TB, desks uint64) *exchange {
	x := &exchange{desks: desks, seen: map[place]uint64{}, all: map[string]uint64{}}
	numbers := sfaas.NewMap[pair64, uint64]("numbers", sfaas.Replicated)
	counter := func(name string, what string) sfaas.Fn[deal, deal] {
		n := sfaas.NewValue[uint64]("n", sfaas.Replicated)
		return sfaas.Define(name, func(c *sfaas.Ctx, out, in *deal) error {
			*n.Mut(c)++
			x.take(what, in.From, cellOf(c), in.N)
			*out = deal{in.From, *n.Mut(c)}
			return nil
		}, sfaas.FunctionConfig{}, n)
	}
	book, later, vault := counter("book", "send"), counter("later", "after"), counter("vault", "call")
	toBook, toLater := sfaas.Ref[deal]("book").With(exactly), sfaas.Ref[deal]("later").With(exactly)
	toVault := sfaas.CallRef[deal, deal]("vault").With(exactly)
	news := sfaas.NewTopic[deal]("news").With(exactly)

	desk := sfaas.Define("desk", func(c *sfaas.Ctx, out, in *number) error {
		self := cellOf(c)
		next := func(what, to uint64) deal {
			n, _ := numbers.Get(c, pair64{what, to})
			numbers.Set(c, pair64{what, to}, n+1)
			return deal{self, n + 1}
		}
		to := (self + in.X) % desks
		*toBook.Send(c, sfaas.NewKey(sfaas.KindCell, to)) = next(0, to)
		d, _ := toLater.After(c, sfaas.NewKey(sfaas.KindCell, to), time.Millisecond)
		*d = next(1, to)
		q, _ := toVault.Call(c, sfaas.NewKey(sfaas.KindCell, to), time.Minute)
		*q = next(2, to)
		*news.Publish(c, sfaas.NewKey(sfaas.KindCell, self%3)) = next(3, self%3)
		*out = *in
		return nil
	}, sfaas.FunctionConfig{}, numbers, toBook, toLater, news, toVault.OnReply(func(c *sfaas.Ctx, r sfaas.Reply[deal]) error {
		if r.Err != nil {
			t.Errorf("%v: a call failed: %v", c.Key(), r.Err)
			return nil
		}
		n, _ := numbers.Get(c, pair64{4, 0})
		numbers.Set(c, pair64{4, 0}, n+1)
		x.take("reply", cellOf(c), cellOf(c), n+1)
		return nil
	}))

	heard := sfaas.NewMap[uint64, uint64]("heard", sfaas.Replicated)
	listener := sfaas.Define("listener", func(c *sfaas.Ctx, _, in *number) error {
		news.Subscribe(c, sfaas.NewKey(sfaas.KindCell, in.X))
		return sfaas.ErrNoOutput
	}, sfaas.FunctionConfig{}, heard, news.On(func(c *sfaas.Ctx, in *deal) error {
		n, _ := heard.Get(c, in.From)
		heard.Set(c, in.From, n+1)
		x.take("topic", in.From, cellOf(c), n+1)
		if n+1 != in.N {
			t.Errorf("%v hears %d of %d, want %d", c.Key(), in.N, in.From, n+1)
		}
		return nil
	}))

	g := sfaas.NewGraph("exchange")
	x.orders, x.subscribe = sfaas.Source[number](g, "orders"), sfaas.Source[number](g, "subscribe")
	x.out = sfaas.Sink(sfaas.Apply(x.orders.With(exactly), desk).With(exactly), "done")
	sfaas.Apply(x.subscribe.With(exactly), listener)
	g.Add(book)
	g.Add(later)
	g.Add(vault)
	x.app = build(t, g)
	return x
}

// sink is the option that hears the outputs.
func (x *exchange) sink() sfaas.Option {
	return sfaas.WithOutput(x.out, func(h sfaas.Header, in *number) {
		id, _ := h.Key.ID(sfaas.KindCell)
		x.take("out", id, id, in.X)
	})
}

// listen subscribes listener i to channel i.
func (x *exchange) listen(t testing.TB, h sfaas.Host) {
	for i := range uint64(3) {
		push(t, x.subscribe, h, sfaas.NewKey(sfaas.KindCell, i), 0, i)
	}
}

// want fails unless everything that each desk sends has come as often as it took
// orders.
func (x *exchange) want(t testing.TB, orders uint64) {
	t.Helper()
	for _, what := range []string{"out", "send", "after", "call", "reply", "topic"} {
		begin := time.Now()
		for x.total(what) < orders && time.Since(begin) < 20*time.Second {
			time.Sleep(time.Millisecond)
		}
		if got := x.total(what); got != orders {
			t.Errorf("%s: %d of %d", what, got, orders)
		}
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, b := range x.bad {
		t.Errorf("out of order, or twice: %s", b)
	}
}

// units draws units of all parts of the program.
func (x *exchange) unit(r *rand.Rand) sfaas.Unit {
	parts := x.app.Parts()
	p := parts[r.IntN(len(parts))]
	n := x.desks
	if p.Name == "listener" || p.Name == "topic/news" {
		n = 3
	}
	return sfaas.Unit{Part: p.Name, Root: sfaas.NewKey(sfaas.KindCell, r.Uint64N(n))}
}

// shuffle moves units among runtimes until stop is closed, and returns how many moves
// ended well.
func shuffle(t testing.TB, all []*sfaas.Runtime, seed uint64, draw func(*rand.Rand) sfaas.Unit, stop chan struct{}) int {
	random := rand.New(rand.NewPCG(seed, 3))
	n := 0
	for {
		select {
		case <-stop:
			return n
		default:
		}
		u := draw(random)
		from, to := all[random.IntN(len(all))], all[random.IntN(len(all))]
		if r, err := from.Route(u); err == nil && r.Owner > 0 && int(r.Owner) <= len(all) {
			from = all[r.Owner-1]
		}
		if from == to {
			continue
		}
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		_, err := from.MoveUnit(ctx, u, to.Node(), sfaas.MoveConfig{})
		cancel()
		var other *sfaas.MovedError
		switch {
		case err == nil:
			n++
		case !errors.As(err, &other) && !errors.Is(err, sfaas.ErrMoving):
			t.Errorf("move of %v: %v", u, err)
			return n
		}
	}
}

// TestExchangeOfThree lets desks at three runtimes send, call, delay and publish while
// every unit of the program moves at any moment, topics and subscribers too: each
// message, reply and output comes once and in order.
func TestExchangeOfThree(t *testing.T) {
	runs, orders := uint64(2), uint64(150)
	if os.Getenv("NEURORAN_LONG") != "" {
		runs, orders = 20, 1500
	}
	for run := range runs {
		x := newExchange(t, 9)
		all := trio(t, x.app, x.sink())
		x.listen(t, all[0])
		drain(t, all[0])
		stop, moved := make(chan struct{}), make(chan int, 2)
		for i := range uint64(2) {
			go func() { moved <- shuffle(t, all, 2*run+i, x.unit, stop) }()
		}
		var pushers sync.WaitGroup
		for i, rt := range all {
			pushers.Go(func() {
				for n := range orders {
					for k := uint64(i); k < x.desks; k += 3 {
						push(t, x.orders, rt, sfaas.NewKey(sfaas.KindCell, k), sfaas.Slot(n), n+1)
					}
					if n%10 == 0 {
						time.Sleep(time.Millisecond)
					}
				}
			})
		}
		pushers.Wait()
		time.Sleep(5 * time.Millisecond)
		close(stop)
		moves := <-moved + <-moved
		x.want(t, orders*x.desks)
		for _, rt := range all {
			drain(t, rt)
		}
		t.Logf("run=%d orders=%d moves=%d repeated=%d", run, orders*x.desks, moves, counted(all...).Repeated)
		for _, rt := range all {
			if err := rt.Close(); err != nil {
				t.Errorf("close: %v", err)
			}
		}
		if t.Failed() {
			return
		}
	}
}
