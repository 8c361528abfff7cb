// SPDX-License-Identifier: Apache-2.0

package peer_test

import (
	"context"
	"errors"
	"net"
	"path/filepath"
	"testing"

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
