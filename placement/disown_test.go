// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/neuroran/neuroran/sfaas"
)

// nextLife ends the last life of a node without a word, and begins another one that has the
// same deployment.
func (z *zone) nextLife(n *Node, app *sfaas.App, spec Spec, opts ...DeployOption) *Deployment {
	z.t.Helper()
	over, stop := context.WithCancel(context.Background())
	stop()
	n.Leave(over)
	return z.joinAndDeploy(func(c *Config) { c.Node = n.ID() }, app, spec, opts...)
}

func (z *zone) joinAndDeploy(change func(c *Config), app *sfaas.App, spec Spec, opts ...DeployOption) *Deployment {
	z.t.Helper()
	n := z.join(change)
	d, err := n.Deploy(app, spec, opts...)
	if err != nil {
		z.t.Fatal(err)
	}
	return d
}

// A node owned a unit that nobody else wants, and comes back in another life. Who comes after
// that, and has it from others that the node owns the unit, gets it served all the same.
func TestEarlierLifeIsNotBelieved(t *testing.T) {
	z := newZone(t, 2)
	app, spec := newSums(t).app, Spec{Unit: sfaas.KindCell}
	deps := z.deploy(app, spec)
	u := deps[1].Unit(cell1)
	if err := u.Ensure(z.context()); err != nil {
		t.Fatal(err)
	}
	if err := u.Move(z.context(), 2); err != nil {
		t.Fatal(err)
	}
	old := deps[1].route(u.units[0])
	z.eventually(func() string {
		if r := deps[0].route(u.units[0]); r != old {
			return fmt.Sprintf("node 1 knows %v, want %v", r, old)
		}
		return ""
	})
	deps[1] = z.nextLife(z.nodes[1], app, spec)
	z.await(z.nodes[0], 2)
	deps = append(deps, z.joinAndDeploy(nil, app, spec))
	z.eventually(func() string {
		if r := deps[2].route(u.units[0]); r.Epoch < old.Epoch {
			return fmt.Sprintf("node 4 knows %v, want %v at least", r, old)
		}
		return ""
	})
	if err := deps[2].Unit(cell1).Ensure(z.context()); err != nil {
		t.Fatal(err)
	}
	z.eventually(func() string {
		first := deps[0].route(u.units[0])
		for _, d := range deps {
			if r := d.route(u.units[0]); r != first || r.Owner == 0 || r.Epoch <= old.Epoch {
				return fmt.Sprintf("node %d knows %v, node 1 %v: want one owner, after %v", d.ctl.ID(), r, first, old)
			}
		}
		return ""
	})
}

// A node that has warmed up in an earlier life does so in the next one.
func TestWarmInAnotherLife(t *testing.T) {
	z := newZone(t, 2)
	app, spec := newSums(t).app, Spec{Unit: sfaas.KindCell}
	warm := WithWarm(func(context.Context, *sfaas.Runtime, []sfaas.Key) error { return nil })
	deps := z.deploy(app, spec, warm)
	if err := deps[1].warmUp(z.context()); err != nil {
		t.Fatal(err)
	}
	u := sfaas.Unit{Part: app.Parts()[0].Name, Root: sfaas.NewKey(kindWarm, 2*warmKeys)}
	z.eventually(func() string {
		if r := deps[0].route(u); r.Owner != 2 {
			return fmt.Sprintf("node 1 knows %v, want that of node 2", r)
		}
		return ""
	})
	d := z.nextLife(z.nodes[1], app, spec, warm)
	z.await(z.nodes[0], 2)
	time.Sleep(3 * disownAfter / 2)
	if err := d.warmUp(z.context()); err != nil {
		t.Fatal(err)
	}
}

// What such a node comes to own under an older epoch it owns under one that others believe.
func TestReceiveInAnotherLife(t *testing.T) {
	z := newZone(t, 2)
	app, spec := newSums(t).app, Spec{Unit: sfaas.KindCell}
	deps := z.deploy(app, spec)
	sink := sfaas.Unit{Root: cell1}
	for _, p := range app.Parts() {
		if !deps[0].places(p.Name) {
			sink.Part = p.Name
		}
	}
	for _, i := range []int{1, 0, 1} {
		if err := deps[i].Receive(z.context(), cell1); err != nil {
			t.Fatal(err)
		}
		z.eventually(func() string {
			if a, b := deps[0].route(sink), deps[1].route(sink); a != b || int(a.Owner) != i+1 {
				return fmt.Sprintf("nodes know %v and %v, want owner %d", a, b, i+1)
			}
			return ""
		})
	}
	over, stop := context.WithCancel(context.Background())
	stop()
	z.nodes[1].Leave(over)
	n := z.join(func(c *Config) { c.Node, c.Seeds = 2, nil })
	d, err := n.Deploy(app, spec)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Receive(z.context(), cell1); err != nil { // it has met nobody yet
		t.Fatal(err)
	}
	n.dial(z.nodes[0].Address())
	z.eventually(func() string {
		if a, b := deps[0].route(sink), d.route(sink); a != b || a.Owner != 2 {
			return fmt.Sprintf("nodes know %v and %v, want owner 2 under one epoch", a, b)
		}
		return ""
	})
}
