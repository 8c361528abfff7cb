// SPDX-License-Identifier: Apache-2.0

package peer_test

import (
	"context"
	"errors"
	"net"
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
