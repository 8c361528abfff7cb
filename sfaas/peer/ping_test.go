// SPDX-License-Identifier: Apache-2.0

package peer_test

import (
	"context"
	"errors"
	"net"
	"testing"
	"time"

	"github.com/neuroran/neuroran/sfaas"
	"github.com/neuroran/neuroran/sfaas/peer"
)

// TestPing asks a node that lives, one that nobody knows, and one behind a connection on
// which nothing comes any more though it stands: as of a process that has been stopped.
func TestPing(t *testing.T) {
	leavesNothing(t)
	x := newRelay(t)
	var a, b = newNode(t, x.start(t, 1), peer.Config{}), newNode(t, x.start(t, 2), peer.Config{})
	addr, err := a.Listen("unix", t.TempDir()+"/s")
	if err != nil {
		t.Fatal(err)
	}
	between := newStopper(t, addr.String())
	dial(t, b, "unix", between.address)
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := b.Ping(ctx, 1); err != nil {
		t.Errorf("a node that lives: %v", err)
	}
	if err := b.Ping(ctx, 9); !errors.Is(err, sfaas.ErrUnlinked) {
		t.Errorf("a node that nobody knows: %v", err)
	}
	between.stop()
	time.Sleep(20 * time.Millisecond) // what was under way
	short, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
	defer cancel()
	if err := b.Ping(short, 1); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a node that has stopped: %v", err)
	}
}

// TestForget lets a node forget another one that is connected: moves there end at once,
// and the two meet again as strangers.
func TestForget(t *testing.T) {
	leavesNothing(t)
	x := newRelay(t)
	gone := make(chan peer.Event, 8)
	a := newNode(t, x.start(t, 1), peer.Config{OnEvent: func(e peer.Event) {
		if e.Kind == peer.Gone {
			gone <- e
		}
	}})
	b := newNode(t, x.start(t, 2), peer.Config{})
	connect(t, a, b)
	eventually(t, "the accepting end is connected too", func() bool { return a.Connected(2) })
	a.Forget(9, 0) // nobody
	a.Forget(2, 1) // another life
	if !a.Connected(2) {
		t.Error("a life is forgotten that is not meant")
	}
	a.Forget(2, 0)
	select {
	case e := <-gone:
		if e.Node != 2 {
			t.Errorf("node %d is gone, want 2", e.Node)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("nobody is forgotten")
	}
	eventually(t, "they meet again", func() bool { return a.Connected(2) })
}

// stopper hands bytes on between two ends of a Unix socket until it is stopped.
type stopper struct {
	address string
	done    chan struct{}
}

func newStopper(t *testing.T, to string) *stopper {
	t.Helper()
	x := &stopper{address: t.TempDir() + "/p", done: make(chan struct{})}
	l, err := net.Listen("unix", x.address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("unix", to)
			if err != nil {
				near.Close()
				return
			}
			t.Cleanup(func() { near.Close(); far.Close() })
			go x.copy(near, far)
			go x.copy(far, near)
		}
	}()
	return x
}

func (x *stopper) stop() { close(x.done) }

func (x *stopper) copy(from, to net.Conn) {
	b := make([]byte, 1<<16)
	for {
		n, err := from.Read(b)
		select {
		case <-x.done:
			return // and keeps what it has read
		default:
		}
		if _, werr := to.Write(b[:n]); err != nil || werr != nil {
			to.Close()
			return
		}
	}
}
