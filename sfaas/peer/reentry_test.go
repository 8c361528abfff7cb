// SPDX-License-Identifier: Apache-2.0

package peer_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/neuroran/neuroran/sfaas"
	"github.com/neuroran/neuroran/sfaas/peer"
)

// Who closes a node while it is told of a connection waits for itself: the error says so, and
// the node ends once the call has returned.
func TestCloseInOnEvent(t *testing.T) {
	x := newRelay(t)
	var n *peer.Node
	var once sync.Once
	closed := make(chan error, 1)
	n = newNode(t, x.start(t, 1), peer.Config{OnEvent: func(peer.Event) { once.Do(func() { closed <- n.Close() }) }})
	connect(t, n, newNode(t, x.start(t, 2), peer.Config{}))
	select {
	case err := <-closed:
		if bad := (*sfaas.OptionError)(nil); !errors.As(err, &bad) || bad.Option != "peer.Config.OnEvent" {
			t.Errorf("got %v, want an OptionError", err)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("Close hangs")
	}
	if err := n.Close(); err != nil {
		t.Errorf("once it has returned: %v", err)
	}
}

// A connection that is none is refused.
func TestAcceptNothing(t *testing.T) {
	n := newNode(t, newRelay(t).start(t, 1), peer.Config{})
	if err := n.Accept("unix", nil); !errors.As(err, new(*sfaas.OptionError)) {
		t.Errorf("got %v, want an OptionError", err)
	}
}
