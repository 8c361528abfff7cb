// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/neuroran/neuroran/sfaas"
)

// A roster is one kept unit with many roots, sessions, that two processes pass to and fro
// while both push to it, and either is killed. Every session counts, and knows the number
// that each node has pushed last: what is lost or comes twice is seen at once.
type (
	visit struct {
		Node, N uint64 // the n-th of a node
		Ask     bool   // what has been counted of that node, N, is to be told, and does not count
	}
	answer struct{ Session, Node, Want, Got uint64 }
)

// rosterSessions returns how many sessions there are.
func rosterSessions() uint64 {
	if os.Getenv("NEURORAN_LONG") != "" {
		return 100_000
	}
	return 2_000
}

type roster struct {
	app *sfaas.App
	in  sfaas.Input[visit]
	out sfaas.Output[answer]
	rt  *sfaas.Runtime
	id  int
	say func(...any)
}

// rosterUnit is the bucket that has all sessions.
var rosterUnit = sfaas.Unit{Part: "session", Root: sfaas.NewKey(sfaas.KindCell, 0).Bucket(1)}

func newRoster(id int, say func(...any)) (*roster, error) {
	x := &roster{id: id, say: say}
	last := sfaas.NewValue[[3]uint64]("last", sfaas.Replicated) // by node
	session := sfaas.DefineEach("session", func(c *sfaas.Ctx, out sfaas.Emitter[answer], in *visit) error {
		n := last.Mut(c)
		key, _ := c.Key().ID(sfaas.KindCell)
		switch {
		case in.Ask:
			*out.Add(c.Key()) = answer{key, in.Node, in.N, n[in.Node]}
		case in.N != n[in.Node]+1:
			say("violation", fmt.Sprintf("%v has had %d of node %d, and then %d", c.Key(), n[in.Node], in.Node, in.N))
		default:
			n[in.Node] = in.N
		}
		return nil
	}, sfaas.FunctionConfig{}, last)
	g := sfaas.NewGraph("roster")
	x.in = sfaas.Source[visit](g, "visits")
	x.out = sfaas.Sink(sfaas.Apply(x.in.With(exactly), session), "answers")
	g.Buckets(session, 1)
	var err error
	x.app, err = g.Build()
	return x, err
}

// rosterNode is one of the two processes. In the last life it pushes nothing more, and asks
// every session what has come of it; the node that owns the unit tells how many are exact.
func rosterNode(root string, id int, last bool) error {
	var line sync.Mutex
	x, err := newRoster(id, func(args ...any) {
		line.Lock()
		defer line.Unlock()
		fmt.Println(args...)
	})
	if err != nil {
		return err
	}
	x.say("begins", id)
	kept, err := Open(filepath.Join(root, fmt.Sprint("node", id)), nil)
	if err != nil {
		return err
	}
	exact := map[[2]uint64]bool{}
	x.rt, err = sfaas.NewRuntime(x.app, sfaas.WithEngine(kept), sfaas.WithNode(sfaas.NodeID(id)), sfaas.WithDefaultOwner(1), sfaas.WithWorkers(id),
		sfaas.WithMode(sfaas.Replay), sfaas.WithIdleKeys(0), sfaas.WithLogger(slog.New(slog.DiscardHandler)),
		sfaas.WithOutput(x.out, func(_ sfaas.Header, a *answer) {
			line.Lock()
			defer line.Unlock()
			if a.Got != a.Want {
				fmt.Printf("violation session %d has %d of node %d, want %d\n", a.Session, a.Got, a.Node, a.Want)
			}
			exact[[2]uint64{a.Session, a.Node}] = true
			if n := uint64(len(exact)); n%1000 == 0 || n == 2*rosterSessions() {
				fmt.Println("exact", n)
			}
		}))
	if err != nil {
		return err
	}
	x.rt.WatchRoutes(func(r sfaas.Route) {
		if r.Unit == rosterUnit && int(r.Owner) == id {
			x.say("owns", id, r.Epoch)
		}
	})
	if err := x.rt.Recover(context.Background()); err != nil {
		return err
	}
	if err := connect(x.rt, root, id); err != nil {
		return err
	}
	x.say("recovered", id)
	if !last {
		go x.move()
	}
	return x.push(last)
}

// move passes the unit on when it is here.
func (x *roster) move() {
	random := rand.New(rand.NewPCG(uint64(x.id), uint64(time.Now().UnixNano())))
	for {
		time.Sleep(time.Duration(20+random.IntN(300)) * time.Millisecond)
		if r, err := x.rt.Route(rosterUnit); err != nil || int(r.Owner) != x.id {
			continue
		}
		report, err := x.rt.MoveUnit(context.Background(), rosterUnit, sfaas.NodeID(3-x.id), sfaas.MoveConfig{})
		if err == nil {
			x.say("moved", report.Instances, report.Pause)
		}
	}
}

// push visits all sessions once, and then some at random; or it asks all, once.
func (x *roster) push(last bool) error {
	sessions := rosterSessions()
	pushed := make([]uint64, sessions)
	total := uint64(0)
	for i := range pushed {
		if p, known := x.in.Position(x.rt, sfaas.NewKey(sfaas.KindCell, uint64(i))); known {
			pushed[i] = uint64(p.Slot)
			total += pushed[i]
		}
	}
	random := rand.New(rand.NewPCG(uint64(x.id), uint64(time.Now().UnixNano())))
	if last {
		x.say("pushed", x.id, total)
	}
	for i := uint64(0); ; i++ {
		to := i % sessions
		if i == sessions && last {
			select {}
		}
		if !last && pushed[to] > 0 {
			to = random.Uint64N(sessions)
		}
		v := visit{Node: uint64(x.id), N: pushed[to] + 1}
		if last {
			v = visit{Node: uint64(x.id), N: pushed[to], Ask: true}
		}
		for {
			err := x.in.PushValue(x.rt, sfaas.NewKey(sfaas.KindCell, to), sfaas.Slot(pushed[to]+1), &v)
			if err == nil {
				break
			}
			var elsewhere *sfaas.MovedError
			if !errors.Is(err, sfaas.ErrBusy) && !errors.As(err, &elsewhere) {
				return err
			}
			time.Sleep(200 * time.Microsecond)
		}
		pushed[to]++
		if i%16 == 0 && i > 2*sessions {
			time.Sleep(time.Millisecond)
		}
	}
}

// TestRoster passes a unit of many sessions to and fro between two processes, each with a
// store, while both push to it and are killed at any moment. Nothing is lost or counted
// twice, and each epoch has one owner. With NEURORAN_LONG 50 moves of 100 000 sessions.
func TestRoster(t *testing.T) {
	least, every := 5, 400*time.Millisecond
	if os.Getenv("NEURORAN_LONG") != "" {
		least, every = 50, 8*time.Second
	}
	f := newFleet(t, rosterEnv, 2)
	random := rand.New(rand.NewPCG(4, 1))
	x := &rosterBook{owner: map[uint32]string{}, pauses: []time.Duration{0}}
	kills := 0
	for deadline := time.Now().Add(30 * time.Minute); (x.moves() < least || kills < least) && time.Now().Before(deadline); {
		x.read(f, time.Duration(random.Int64N(int64(2*every))))
		id := 1 + random.IntN(2)
		f.kill(id)
		kills++
		x.read(f, time.Duration(random.Int64N(int64(every/4))))
		begin := time.Now()
		f.start(id, false)
		t.Logf("kill %d, of node %d: %d moves so far, back in %v", kills, id, x.moves(), time.Since(begin).Round(time.Millisecond))
	}
	x.read(f, every)
	for id := 1; id <= 2; id++ {
		f.kill(id)
	}
	x.exact, x.pushed = 0, 0
	for id := 1; id <= 2; id++ {
		f.start(id, true)
	}
	for deadline := time.Now().Add(3 * time.Minute); x.exact < 2*rosterSessions() && time.Now().Before(deadline); {
		x.read(f, 100*time.Millisecond)
	}
	for _, v := range x.bad {
		t.Error(v)
	}
	if want := 2 * rosterSessions(); x.exact != want {
		t.Errorf("%d answers of sessions, want %d", x.exact, want)
	}
	if n := x.moves(); n < least {
		t.Errorf("%d moves, want %d", n, least)
	}
	t.Logf("sessions=%d moves=%d answered_at_once=%d kills=%d visits=%d epochs=%d pause_p50=%v longest_pause=%v", rosterSessions(), x.moves(), len(x.pauses)-1, kills,
		x.pushed, len(x.owner), x.pauses[len(x.pauses)/2], x.pauses[len(x.pauses)-1])
}

// rosterBook is what the nodes have told.
type rosterBook struct {
	pauses []time.Duration // of moves whose old owner has lived to tell
	exact  uint64
	pushed uint64
	owner  map[uint32]string // by epoch
	bad    []string
}

// moves returns how often the next epoch was that of the other node.
func (x *rosterBook) moves() (n int) {
	last := "1" // by default
	for _, epoch := range slices.Sorted(maps.Keys(x.owner)) {
		if x.owner[epoch] != last {
			n++
		}
		last = x.owner[epoch]
	}
	return n
}

// read takes what nodes tell within some time.
func (x *rosterBook) read(f *fleet, d time.Duration) {
	for end := time.After(d); ; {
		select {
		case line := <-f.lines:
			x.note(line)
		case <-end:
			return
		}
	}
}

func (x *rosterBook) note(line string) {
	w := strings.Fields(line)
	switch {
	case len(w) == 3 && w[0] == "moved":
		pause, _ := time.ParseDuration(w[2])
		i, _ := slices.BinarySearch(x.pauses, pause)
		x.pauses = slices.Insert(x.pauses, i, pause)
	case len(w) == 3 && w[0] == "owns":
		epoch, _ := strconv.ParseUint(w[2], 10, 32)
		if old := x.owner[uint32(epoch)]; old != "" && old != w[1] {
			x.bad = append(x.bad, fmt.Sprintf("nodes %s and %s own the unit under epoch %d", old, w[1], epoch))
		}
		x.owner[uint32(epoch)] = w[1]
	case len(w) == 2 && w[0] == "exact":
		n, _ := strconv.ParseUint(w[1], 10, 64)
		x.exact = max(x.exact, n)
	case len(w) == 3 && w[0] == "pushed":
		n, _ := strconv.ParseUint(w[2], 10, 64)
		x.pushed += n
	default:
		x.bad = append(x.bad, line)
	}
}
