// SPDX-License-Identifier: Apache-2.0

package sfaas_test

import (
	"sync"
	"testing"
	"time"

	"github.com/neuroran/neuroran/sfaas"
)

// TestNewsBehindHello lets a route become known after the hello was made, and before the
// runtimes are connected: each end hears what the other one knows all the same.
func TestNewsBehindHello(t *testing.T) {
	g := sfaas.NewGraph("news")
	in := sfaas.Source[number](g, "in")
	sfaas.Sink(sfaas.Apply(in, sfaas.Define("f", func(_ *sfaas.Ctx, out, in *number) error {
		*out = *in
		return nil
	}, sfaas.FunctionConfig{})), "out")
	app := build(t, g)
	node := func(n sfaas.NodeID) *sfaas.Runtime {
		return start(t, app, sfaas.WithNode(n), sfaas.WithDefaultOwner(1), sfaas.WithWorkers(int(n)))
	}
	a, b, third := node(1), node(2), node(3)
	wired(t, b, third)
	unit := func(id uint64) sfaas.Unit {
		return sfaas.Unit{Part: "f", Root: sfaas.NewKey(sfaas.KindCell, id)}
	}
	ha, hb := a.Hello(), b.Hello()
	for id := range uint64(8) { // of all workers
		for i, rt := range []*sfaas.Runtime{a, b, third} {
			if err := rt.Own(unit(10*id + uint64(i))); err != nil {
				t.Fatal(err)
			}
		}
	}
	toA := &held{wire: wire{&wires{}, b, a}}
	if _, _, err := b.Connect(toA, ha); err != nil {
		t.Fatal(err)
	}
	if _, _, err := a.Connect(wire{&wires{}, a, b}, hb); err != nil {
		t.Fatal(err)
	}
	toA.open()
	for id := range uint64(8) {
		for i, c := range []struct {
			rt    *sfaas.Runtime
			owner sfaas.NodeID
		}{{b, 1}, {a, 2}, {a, 3}} {
			u := unit(10*id + uint64(i))
			for begin := time.Now(); ; time.Sleep(time.Millisecond) {
				r, err := c.rt.Route(u)
				if err != nil {
					t.Fatal(err)
				}
				if r.Owner == c.owner && r.Epoch == 1 {
					break
				}
				if time.Since(begin) > 3*time.Second {
					t.Errorf("node %d knows %+v, want owner %d", c.rt.Node(), r, c.owner)
					break
				}
			}
		}
	}
}

// held is a wire that holds frames until its other end is connected, as a transport has to.
type held struct {
	wire
	mu     sync.Mutex
	opened bool
	frames []func() error
}

// Send implements sfaas.Transport.
func (w *held) Send(n sfaas.NodeID, class sfaas.FrameClass, f *sfaas.Frame) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.opened {
		return w.wire.Send(n, class, f)
	}
	w.frames = append(w.frames, func() error { return w.wire.Send(n, class, f) })
	return nil
}

// open lets the frames go that are held, in order.
func (w *held) open() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.opened = true
	for _, send := range w.frames {
		_ = send() // the other end has closed
	}
}
