// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/neuroran/neuroran/placement/resource"
	"github.com/neuroran/neuroran/sfaas"
)

// Who calls Leave while another call is under way waits no longer than its own context says.
func TestSecondLeaveEndsWithItsContext(t *testing.T) {
	z := newZone(t, 2)
	sums := newSums(t)
	spec := Spec{Unit: sfaas.KindCell, Needs: resource.Need{Memory: 600 << 20}}
	deps := z.deploy(sums.app, spec)
	ctx := z.context()
	for i := range uint64(2) { // each node is full, so that none takes what another one has
		if err := deps[0].Unit(sfaas.NewKey(sfaas.KindCell, i)).Ensure(ctx); err != nil {
			t.Fatal(err)
		}
	}
	begun, over := make(chan struct{}), make(chan error, 1)
	long, stop := context.WithCancel(ctx)
	go func() {
		close(begun)
		over <- z.nodes[0].Leave(long)
	}()
	<-begun
	for end := time.Now().Add(10 * time.Second); ; {
		z.nodes[0].mu.Lock()
		leaving := z.nodes[0].leaving
		z.nodes[0].mu.Unlock()
		if leaving {
			break
		}
		if time.Now().After(end) {
			t.Fatal("the node does not begin to leave")
		}
		time.Sleep(time.Millisecond)
	}
	if _, err := z.nodes[0].Deploy(sums.app, Spec{Name: "late", Unit: sfaas.KindCell}); !errors.Is(err, ErrLeft) {
		t.Errorf("a deployment at a node that leaves: %v, want ErrLeft", err)
	}
	short, end := context.WithCancel(ctx)
	end()
	if err := z.nodes[0].Leave(short); !errors.Is(err, context.Canceled) && !errors.As(err, new(*UnplacedError)) { // the first may be over by now
		t.Errorf("the second call: %v, want the error of its context", err)
	}
	stop()
	if first, again := <-over, z.nodes[0].Leave(ctx); first != again {
		t.Errorf("once it is over, another call returns %v, want %v", again, first)
	}
}

// Deployments that come while their node leaves end with it, or are refused: none is left over.
func TestDeployBesideLeave(t *testing.T) {
	leavesNothing(t)
	sums := newSums(t)
	for range 5 {
		z := &zone{t: t}
		n := z.join(nil)
		var all sync.WaitGroup
		for i := range 6 {
			all.Go(func() {
				_, err := n.Deploy(sums.app, Spec{Name: strconv.Itoa(i), Unit: sfaas.KindCell})
				if err != nil && !errors.Is(err, ErrLeft) {
					t.Error(err)
				}
			})
		}
		all.Go(func() {
			if err := n.Leave(z.context()); err != nil {
				t.Error(err)
			}
		})
		all.Wait()
	}
}

// What is nil where an option or a function is wanted is refused, and nothing is left open.
func TestNilOptions(t *testing.T) {
	leavesNothing(t)
	n := (&zone{t: t}).join(nil)
	sums := newSums(t)
	for _, o := range []DeployOption{nil, WithRuntime(nil), WithOutput(sums.out, nil), WithOutput(sfaas.Output[number]{}, func(sfaas.Header, *number) {})} {
		var bad *sfaas.OptionError
		if _, err := n.Deploy(sums.app, Spec{Unit: sfaas.KindCell}, o); !errors.As(err, &bad) {
			t.Errorf("%T: %v, want an OptionError", o, err)
		}
	}
	if _, err := n.Deploy(sums.app, Spec{Unit: sfaas.KindCell}, WithWarm(nil), WithEvents(nil)); err != nil {
		t.Error(err)
	}
}

// A unit that nobody owns is at no node, whatever the number.
func TestMoveToNobody(t *testing.T) {
	z := newZone(t, 1)
	d := z.deploy(newSums(t).app, Spec{Unit: sfaas.KindCell})[0]
	for _, to := range []sfaas.NodeID{0, nobody, 77} {
		if err := d.Unit(cell1).Move(z.context(), to); !errors.As(err, new(*UnplacedError)) {
			t.Errorf("to %d: %v, want an UnplacedError", to, err)
		}
	}
}

// When the time for an owner is over, the error says that, and what was missing.
func TestEnsureSaysBoth(t *testing.T) {
	z := newZone(t, 1)
	d := z.deploy(newSums(t).app, Spec{Unit: sfaas.KindCell, SLA: SLA{Standbys: 1}})[0]
	ctx, stop := context.WithTimeout(z.context(), fluxTime/4)
	defer stop()
	if err := d.Unit(cell1).Ensure(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want the error of the context", err)
	}
}
