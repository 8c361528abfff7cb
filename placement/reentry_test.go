// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/neuroran/neuroran/placement/resource"
	"github.com/neuroran/neuroran/sfaas"
)

// A function of the program that calls Leave, and has forever, gets an error that says that it
// waits for itself; the node ends, and nothing of it is left once the function has returned.
func TestLeaveByAFunctionOfTheProgram(t *testing.T) {
	for name, option := range map[string]func(f func()) DeployOption{
		"events": func(f func()) DeployOption { return WithEvents(func(Event) { f() }) },
		"mode":   func(f func()) DeployOption { return WithMode(func(sfaas.Unit, string) { f() }) },
		"warm": func(f func()) DeployOption {
			return WithWarm(func(context.Context, *sfaas.Runtime, []sfaas.Key) error { f(); return nil })
		},
		"budget": func(f func()) DeployOption {
			return WithBudget("add", func(*Unit, time.Duration) error { f(); return nil })
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			z := newZone(t, 2)
			sums, left := newSumsOf(t, false, 0), make(chan error, 1)
			spec := Spec{
				Unit: sfaas.KindCell, Slot: 2 * time.Millisecond, SLA: SLA{Deadline: 2 * time.Millisecond, Standbys: 1},
				Modes: []Mode{{Accelerator: resource.AcceleratorNeed{Kind: "gpu", Share: 100, Memory: 1 << 20}, Work: 0.1}},
			}
			var once sync.Once
			var deps []*Deployment
			var mine sync.Mutex
			var leaver *Node
			for _, n := range z.nodes {
				d, err := n.Deploy(sums.app, spec, option(func() {
					once.Do(func() {
						mine.Lock()
						leaver = n
						mine.Unlock()
						left <- n.Leave(context.Background())
					})
				}))
				if err != nil {
					t.Fatal(err)
				}
				deps = append(deps, d)
			}
			u := deps[0].Unit(cell1)
			if err := u.Ensure(z.context()); err != nil && name == "events" {
				t.Fatal(err)
			}
			if name == "events" { // the owner goes without a word, and is claimed from
				over, stop := context.WithCancel(context.Background())
				stop()
				z.nodes[u.Routes()[0].Owner-1].Leave(over)
			}
			z.say(z.nodes[0], deps[0], sfaas.Unit{Part: "add", Root: cell1}, 100)
			select {
			case err := <-left:
				if bad := (*sfaas.OptionError)(nil); !errors.As(err, &bad) || bad.Option != "placement.Node.Leave" {
					t.Errorf("got %v, want an OptionError", err)
				}
				mine.Lock()
				defer mine.Unlock()
				if again := leaver.Leave(z.context()); again == nil {
					t.Error("a later Leave has no error, want that of the first")
				}
			case <-time.After(25 * time.Second):
				t.Fatal("it hangs")
			}
		})
	}
}

// A program may close what Runtime returns. The node serves nothing then, and ends all the same.
func TestLeaveWithoutRuntimes(t *testing.T) {
	leavesNothing(t)
	z := newZone(t, 2)
	d := z.deploy(newSums(t).app, Spec{Unit: sfaas.KindCell})[0]
	if err := d.Unit(cell1).Ensure(z.context()); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(d.Runtime().Close(), z.nodes[0].Runtime().Close()); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		if r := z.nodes[0].Report(); r.Node != 1 {
			t.Errorf("a report of node %d", r.Node)
		}
		ctx, stop := context.WithTimeout(context.Background(), time.Second)
		defer stop()
		z.nodes[0].Leave(ctx)
	}()
	select {
	case <-done:
	case <-time.After(20 * time.Second):
		t.Fatal("it hangs")
	}
}
