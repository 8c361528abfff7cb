// SPDX-License-Identifier: Apache-2.0

package acceltest

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/neuroran/neuroran/accel"
)

// testConcurrentBindings runs many bindings of one session at once.
func testConcurrentBindings(t *testing.T, c Config) {
	s := open(t, c, must(t)(LLRNet(16, 8)))
	var wg sync.WaitGroup
	for g := range 8 {
		n := 10 + g
		first, _, want := bindLLRNet(t, s, n, 8)
		if err := first.Run(); err != nil {
			t.Fatal(err)
		}
		b, _, y := bindLLRNet(t, s, n, 8)
		wg.Go(func() {
			for range 200 {
				clear(y)
				if err := b.Run(); err != nil {
					t.Error(err)
					return
				}
				if !slices.Equal(y, want) {
					t.Errorf("binding %d: another result beside others", g)
					return
				}
			}
		})
	}
	wg.Wait()
}

// testClose closes in every order, and twice.
func testClose(t *testing.T, c Config) {
	s, err := c.Options.Open(context.Background(), must(t)(LLRNet(8, 4)), c.Device)
	if err != nil {
		t.Fatal(err)
	}
	one, _, _ := bindLLRNet(t, s, 3, 4)
	two, x, y := bindLLRNet(t, s, 3, 4)
	if err := errors.Join(one.Close(), one.Close()); err != nil {
		t.Fatal(err)
	}
	if err := one.Run(); !errors.Is(err, accel.ErrClosed) {
		t.Errorf("Run after Binding.Close: got %v, want ErrClosed", err)
	}
	if err := errors.Join(two.Run(), s.Close(), s.Close(), two.Close()); err != nil {
		t.Fatal(err)
	}
	if err := two.Run(); !errors.Is(err, accel.ErrClosed) {
		t.Errorf("Run after Session.Close: got %v, want ErrClosed", err)
	}
	if _, err := s.Bind([]accel.Buffer{accel.From(x, 3, 2)}, []accel.Buffer{accel.From(y, 3, 4)}); !errors.Is(err, accel.ErrClosed) {
		t.Errorf("Bind after Close: got %v, want ErrClosed", err)
	}
}

// testCloseWhileRunning closes sessions while other goroutines run their
// bindings: each run ends well or says that it came too late.
func testCloseWhileRunning(t *testing.T, c Config) {
	m := must(t)(LLRNet(16, 8))
	for range 8 {
		s, err := c.Options.Open(context.Background(), m, c.Device)
		if err != nil {
			t.Fatal(err)
		}
		started := make(chan struct{})
		var wg sync.WaitGroup
		for range 4 {
			b, _, _ := bindLLRNet(t, s, 200, 8)
			wg.Go(func() {
				started <- struct{}{}
				for {
					err := b.Run()
					if err == nil {
						continue
					}
					if !errors.Is(err, accel.ErrClosed) {
						t.Errorf("got %v, want ErrClosed", err)
					}
					return
				}
			})
		}
		for range 4 {
			<-started
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		wg.Wait()
	}
}
