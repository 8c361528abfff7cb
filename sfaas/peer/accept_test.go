// SPDX-License-Identifier: Apache-2.0

package peer_test

import (
	"context"
	"errors"
	"net"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/neuroran/neuroran/sfaas"
	"github.com/neuroran/neuroran/sfaas/peer"
)

// TestAccept connects two nodes over a connection that neither has made at an address, as
// a parent process and its child do, and breaks it: the next one goes on where it ended.
func TestAccept(t *testing.T) {
	leavesNothing(t)
	x := newRelay(t)
	a := newNode(t, x.start(t, 1), peer.Config{})
	made := make(chan net.Conn, 2)
	b := newNode(t, x.start(t, 2), peer.Config{Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
		if network != "unix" || address != "parent" {
			t.Errorf("dials %s %s", network, address)
		}
		mine, other := net.Pipe()
		made <- mine
		return mine, a.Accept("unix", other)
	}})
	dial(t, b, "unix", "parent")
	eventually(t, "connected", func() bool { return a.Connected(2) && b.Connected(1) })
	(<-made).Close()
	<-made // dialled again
	eventually(t, "connected again", func() bool { return a.Connected(2) && b.Connected(1) })

	one, other := net.Pipe()
	defer one.Close()
	var option *sfaas.OptionError
	if err := a.Accept("tcp", other); !errors.As(err, &option) {
		t.Errorf("without TLS: %v", err)
	}
	a.Close()
	if err := a.Accept("unix", other); !errors.Is(err, sfaas.ErrClosed) {
		t.Errorf("after its end: %v", err)
	}
}

// answering is a connection of which one end's writes after the first are watched: by then it
// has answered, and the other end takes itself for connected.
type answering struct {
	net.Conn
	writes  atomic.Int32
	written func() error // after the second one has got through
	before  error        // or that instead of it
}

func (c *answering) Write(b []byte) (int, error) {
	second := c.writes.Add(1) == 2
	if second && c.before != nil {
		c.Close()
		return 0, c.before
	}
	n, err := c.Conn.Write(b)
	if second && err == nil {
		err = c.written()
	}
	return n, err
}

// TestConnectedAtBothEnds holds the end that has accepted back when its answer has just got
// through: what the other end knows from there on, it knows too, so another runtime under the
// same number is told who has it.
func TestConnectedAtBothEnds(t *testing.T) {
	leavesNothing(t)
	x := newRelay(t)
	a := newNode(t, x.start(t, 1), peer.Config{})
	answered, goOn := make(chan bool), make(chan bool)
	var first atomic.Bool
	join := func(life uint32) *peer.Node {
		return newNode(t, x.start(t, 2, sfaas.WithIncarnation(life)), peer.Config{Dial: func(context.Context, string, string) (net.Conn, error) {
			mine, other := net.Pipe()
			if first.Swap(true) {
				return mine, a.Accept("unix", other)
			}
			return mine, a.Accept("unix", &answering{Conn: other, written: func() error {
				answered <- true
				<-goOn
				return nil
			}})
		}})
	}
	b := join(5)
	go b.Dial(t.Context(), "unix", "parent")
	<-answered
	eventually(t, "connected", func() bool { return b.Connected(1) })
	if !a.Connected(2) {
		t.Error("connected at one end alone")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if _, err := join(5).Dial(ctx, "unix", "parent"); err == nil || !strings.Contains(err.Error(), "node 2 is connected") {
		t.Errorf("another one of the same life: %v", err)
	}
	close(goOn)
	eventually(t, "connected still", func() bool { return a.Connected(2) && b.Connected(1) })
}

// TestUnheardAnswer lets the answer to a node not get through: it is forgotten in time like one
// whose connection was lost.
func TestUnheardAnswer(t *testing.T) {
	leavesNothing(t)
	x := newRelay(t)
	var gone atomic.Int32
	a := newNode(t, x.start(t, 1), endings(peer.Gone, &gone, peer.Config{Forget: time.Millisecond}))
	b := newNode(t, x.start(t, 2), peer.Config{Backoff: time.Minute, Dial: func(context.Context, string, string) (net.Conn, error) {
		mine, other := net.Pipe()
		return mine, a.Accept("unix", &answering{Conn: other, before: errors.New("broken")})
	}})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go b.Dial(ctx, "unix", "parent")
	eventually(t, "forgotten", func() bool { return gone.Load() == 1 })
}

// TestSilentConnections makes far more connections than a node accepts at once, and says
// nothing on them: they are closed, the oldest first, and a node that has something to say gets
// in among them.
func TestSilentConnections(t *testing.T) {
	leavesNothing(t)
	const most = 8
	x := newRelay(t)
	a := newNode(t, x.start(t, 1), peer.Config{MaxGreetings: most})
	path := filepath.Join(t.TempDir(), "s")
	if _, err := a.Listen("unix", path); err != nil {
		t.Fatal(err)
	}
	var silent []net.Conn
	for range 20 * most {
		c, err := net.Dial("unix", path)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		silent = append(silent, c)
	}
	dial(t, newNode(t, x.start(t, 2), peer.Config{}), "unix", path)
	for i, c := range silent {
		if i >= len(silent)-most {
			break
		}
		if _, err := c.Read(make([]byte, 1)); err == nil {
			t.Fatalf("connection %d: something was said", i)
		}
	}
}
