// SPDX-License-Identifier: Apache-2.0

package peer_test

import (
	"net"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/neuroran/neuroran/sfaas"
	"github.com/neuroran/neuroran/sfaas/peer"
)

// cutter passes connections on to an address, and cuts them.
type cutter struct {
	to    string
	l     net.Listener
	mu    sync.Mutex
	conns []net.Conn
	cuts  atomic.Int32
	slow  atomic.Bool // nothing gets through
}

func newCutter(t testing.TB, to string) (*cutter, string) {
	path := filepath.Join(t.TempDir(), "cut")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	c := &cutter{to: to, l: l}
	t.Cleanup(func() { l.Close(); c.cut() })
	go func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("unix", to)
			if err != nil {
				in.Close()
				continue
			}
			c.mu.Lock()
			c.conns = append(c.conns, in, out)
			c.mu.Unlock()
			go c.pass(in, out)
			go c.pass(out, in)
		}
	}()
	return c, path
}

func (c *cutter) pass(to, from net.Conn) {
	defer to.Close()
	defer from.Close()
	b := make([]byte, 1<<16)
	for {
		n, err := from.Read(b)
		if err != nil {
			return
		}
		for c.slow.Load() {
			time.Sleep(time.Millisecond)
		}
		if _, err := to.Write(b[:n]); err != nil {
			return
		}
	}
}

// cut closes all connections.
func (c *cutter) cut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, x := range c.conns {
		x.Close()
	}
	c.conns = nil
	c.cuts.Add(1)
}

// TestCuts lets messages, 10^6 with NEURORAN_LONG set, go from one runtime to
// another while their connection is cut 20 times, or 100: each is counted once.
func TestCuts(t *testing.T) {
	leavesNothing(t)
	keys, each, cuts := uint64(10), uint64(2000), 20
	if os.Getenv("NEURORAN_LONG") != "" {
		each, cuts = 100_000, 100
	}
	x := newRelay(t)
	a, b := x.start(t, 1), x.start(t, 2)
	var ups, lost, gone atomic.Int32
	na := newNode(t, a, peer.Config{Backoff: time.Millisecond})
	nb := newNode(t, b, peer.Config{Backoff: time.Millisecond, OnEvent: func(e peer.Event) {
		switch e.Kind {
		case peer.Up:
			ups.Add(1)
		case peer.Lost:
			lost.Add(1)
		case peer.Gone:
			gone.Add(1)
		}
	}})
	path := filepath.Join(t.TempDir(), "s")
	if _, err := na.Listen("unix", path); err != nil {
		t.Fatal(err)
	}
	c, through := newCutter(t, path)
	dial(t, nb, "unix", through)
	stop := make(chan struct{})
	var cutting sync.WaitGroup
	cutting.Go(func() {
		for range cuts {
			up := ups.Load()
			select {
			case <-stop:
				return
			case <-time.After(2 * time.Millisecond):
			}
			c.cut()
			eventually(t, "a new connection", func() bool { return ups.Load() > up || gone.Load() > 0 })
		}
	})
	var pushed uint64
	for i := uint64(0); ; i++ {
		if i >= each && int(c.cuts.Load()) >= cuts {
			break
		}
		for k := range keys {
			push(t, x.in, a, sfaas.NewKey(sfaas.KindCell, k), sfaas.Slot(i), 1)
		}
		pushed += keys
	}
	cutting.Wait()
	eventually(t, "all sums", func() bool { return x.total() == pushed })
	close(stop)
	if gone.Load() > 0 {
		t.Error("the session has not outlived its connections")
	}
	t.Logf("messages=%d cuts=%d ups=%d lost=%d", pushed, c.cuts.Load(), ups.Load(), lost.Load())
	for _, rt := range []*sfaas.Runtime{a, b} {
		for _, s := range rt.Stats() {
			if s.Dropped+s.Stale > 0 {
				t.Errorf("node %d, %s: %d dropped, %d stale", rt.Node(), s.Name, s.Dropped, s.Stale)
			}
		}
	}
}

// TestSlowPeer lets nothing get through to a runtime: its sources are refused at some
// time, nobody else is, and what was taken comes when it can.
func TestSlowPeer(t *testing.T) {
	leavesNothing(t)
	x := newRelay(t)
	a, b := x.start(t, 1, sfaas.WithSourceLimit(256)), x.start(t, 2)
	na, nb := newNode(t, a, peer.Config{}), newNode(t, b, peer.Config{})
	path := filepath.Join(t.TempDir(), "s")
	if _, err := na.Listen("unix", path); err != nil {
		t.Fatal(err)
	}
	c, through := newCutter(t, path)
	dial(t, nb, "unix", through)
	c.slow.Store(true)
	taken, refused := uint64(0), 0
	for refused < 100 {
		if err := x.in.PushValue(a, sfaas.NewKey(sfaas.KindCell, 1), 0, &number{1}); err == nil {
			taken++
		} else {
			refused++
			time.Sleep(time.Millisecond)
		}
		if taken > 10_000 {
			t.Fatal("nothing is refused")
		}
	}
	c.slow.Store(false)
	eventually(t, "all sums", func() bool { return x.total() == taken })
}
