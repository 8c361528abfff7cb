// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/neuroran/neuroran/sfaas"
)

// TestWarm warms a node up in more time than somebody has who wants a unit there, and then with
// an error: whoever comes next finds it done, or it is run once more.
func TestWarm(t *testing.T) {
	leavesNothing(t)
	sums := newSums(t)
	ctl := &fakeControl{id: 1}
	begun, goOn := make(chan struct{}, 8), make(chan error)
	at := site{network: "tcp", host: "127.0.0.1", plain: true, log: quietLog}
	d, err := newDeployment(ctl, at, sums.app, Spec{Unit: sfaas.KindCell}, WithWarm(func(ctx context.Context, _ *sfaas.Runtime, keys []sfaas.Key) error {
		if len(keys) != warmKeys {
			t.Errorf("%d keys, want %d", len(keys), warmKeys)
		}
		begun <- struct{}{}
		select {
		case err := <-goOn:
			return err
		case <-ctx.Done():
			return ctx.Err()
		}
	}))
	if err != nil {
		t.Fatal(err)
	}
	defer d.close(context.Background())
	u := sfaas.Unit{Part: "add", Root: cell1}

	short, stop := context.WithTimeout(context.Background(), time.Millisecond)
	defer stop()
	if err := d.own(short, u, epochOf(1, 1, 0)); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("while it warms up: %v, want the error of the context", err)
	}
	<-begun
	d.mu.Lock()
	first := d.warm
	d.mu.Unlock()
	broken := errors.New("broken")
	goOn <- broken
	<-first.done
	if first.err != broken {
		t.Fatalf("the first run: %v, want %v", first.err, broken)
	}
	owned := make(chan error)
	go func() { owned <- d.own(context.Background(), u, epochOf(1, 1, 0)) }()
	<-begun
	if owner := d.route(u).Owner; owner != 0 {
		t.Errorf("node %d owns a unit before it has warmed up", owner)
	}
	goOn <- nil
	if err := <-owned; err != nil {
		t.Fatal(err)
	}
	if err := d.own(context.Background(), sfaas.Unit{Part: "add", Root: sfaas.NewKey(sfaas.KindCell, 2)}, epochOf(1, 1, 0)); err != nil || len(begun) > 0 {
		t.Errorf("the next unit: %v, and it warms up once more: %v", err, len(begun) > 0)
	}
}
