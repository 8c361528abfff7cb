// SPDX-License-Identifier: Apache-2.0

package peer_test

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/neuroran/neuroran/sfaas"
	"github.com/neuroran/neuroran/sfaas/peer"
)

// TestBeatsBesideFrames sends frames at the moments at which heartbeats are written:
// who sends finds the writer asleep, and must not write while that one does.
func TestBeatsBesideFrames(t *testing.T) {
	leavesNothing(t)
	x := newRelay(t)
	a, b := x.start(t, 1), x.start(t, 2)
	var over atomic.Bool
	cfg := peer.Config{Heartbeat: 20 * time.Microsecond, Silence: 10 * time.Second, OnEvent: func(e peer.Event) {
		if e.Kind != peer.Up && !over.Load() {
			t.Errorf("%v: %v", e.Kind, e.Err)
		}
	}}
	connect(t, newNode(t, a, cfg), newNode(t, b, cfg))
	const each = 5000
	for i := range uint64(each) {
		push(t, x.in, a, sfaas.NewKey(sfaas.KindCell, 1), sfaas.Slot(i), 1)
		time.Sleep(time.Duration(i%30) * time.Microsecond)
	}
	eventually(t, "the sum", func() bool { return x.total() == each })
	over.Store(true)
}
