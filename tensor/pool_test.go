// SPDX-License-Identifier: Apache-2.0

package tensor

import (
	"errors"
	"sync"
	"testing"
)

func TestPoolIsBounded(t *testing.T) {
	made := 0
	p := NewPool(2, func(x *Tensor[int8]) { made++; x.Resize(8) })
	a, errA := p.Get()
	b, errB := p.Get()
	if errA != nil || errB != nil || a == b || a.Len() != 8 {
		t.Fatalf("got %p %v, %p %v", a, errA, b, errB)
	}
	if _, err := p.Get(); !errors.Is(err, ErrPoolEmpty) {
		t.Errorf("got error %v, want ErrPoolEmpty", err)
	}
	p.Put(a)
	if c, err := p.Get(); c != a || err != nil {
		t.Errorf("got %p %v, want %p again", c, err, a)
	}
	p.Drop() // a is lost to a faulted user
	if c, err := p.Get(); err != nil || c == a {
		t.Errorf("got %p %v, want a new value", c, err)
	}
	if made != 3 || p.Lent() != 2 {
		t.Errorf("made %d and lent %d, want 3 and 2", made, p.Lent())
	}
}

func TestPoolPanicsOnMisuse(t *testing.T) {
	tests := map[string]func(){
		"put twice":      func() { p := NewPool[int](1, nil); x, _ := p.Get(); p.Put(x); p.Put(x) },
		"drop of none":   func() { NewPool[int](1, nil).Drop() },
		"limit of none":  func() { NewPool[int](0, nil) },
		"put of foreign": func() { NewPool[int](3, nil).Put(new(int)) },
	}
	for name, f := range tests {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			f()
		})
	}
}

func TestPoolConcurrently(t *testing.T) {
	p := NewPool[int](4, nil)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 1000 {
				if x, err := p.Get(); err == nil {
					*x++
					p.Put(x)
				}
			}
		})
	}
	wg.Wait()
	if n := p.Lent(); n != 0 {
		t.Errorf("%d values lent, want 0", n)
	}
}
