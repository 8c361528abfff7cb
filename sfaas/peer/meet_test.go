// SPDX-License-Identifier: Apache-2.0

package peer_test

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/neuroran/neuroran/sfaas"
	"github.com/neuroran/neuroran/sfaas/peer"
)

// endings counts the events of a kind.
func endings(kind peer.EventKind, count *atomic.Int32, cfg peer.Config) peer.Config {
	cfg.OnEvent = func(e peer.Event) {
		if e.Kind == kind {
			count.Add(1)
		}
	}
	return cfg
}

// TestBothDial lets two nodes dial each other, one of them twice, while connections are
// cut: they stay linked, what is on its way comes once and in order, and nobody is said to be
// refused without a reason.
func TestBothDial(t *testing.T) {
	leavesNothing(t)
	x := newRelay(t)
	a, b := x.start(t, 1), x.start(t, 2)
	var gone atomic.Int32
	hear := func(e peer.Event) {
		no := (*peer.RefusedError)(nil)
		switch {
		case e.Kind == peer.Gone:
			gone.Add(1)
		case e.Kind == peer.Refused && errors.As(e.Err, &no) && no.Reason == "":
			t.Errorf("node %d is refused: %v", e.Node, e.Err)
		}
	}
	na := newNode(t, a, peer.Config{Backoff: time.Millisecond, OnEvent: hear})
	nb := newNode(t, b, peer.Config{Backoff: time.Millisecond, OnEvent: hear})
	pa, pb := filepath.Join(t.TempDir(), "a"), filepath.Join(t.TempDir(), "b")
	if _, err := na.Listen("unix", pa); err != nil {
		t.Fatal(err)
	}
	if _, err := nb.Listen("unix", pb); err != nil {
		t.Fatal(err)
	}
	ca, toA := newCutter(t, pa)
	cb, toB := newCutter(t, pb)
	dial(t, na, "unix", toB)
	dial(t, nb, "unix", toA)
	dial(t, nb, "unix", pa)
	const each, cuts = 4000, 40
	for i := range uint64(each) {
		push(t, x.in, a, sfaas.NewKey(sfaas.KindCell, 1), sfaas.Slot(i), 1)
		if i%(each/cuts) == 0 {
			ca.cut()
			cb.cut()
		}
	}
	eventually(t, "the sum", func() bool { return x.total() == each })
	if n := gone.Load(); n != 0 {
		t.Errorf("nodes that live were forgotten %d times", n)
	}
}

// TestOneLife lets others come under the number of a node that is connected and lives: an
// earlier life, the same one, and a later one. None takes its place, and they hear who has it.
// When it does not answer, neither does one whose runtime cannot be linked, and a later life does.
func TestOneLife(t *testing.T) {
	leavesNothing(t)
	x := newRelay(t)
	a := x.start(t, 1)
	b := x.start(t, 2, sfaas.WithIncarnation(5))
	var ended atomic.Int32
	na := newNode(t, a, peer.Config{
		Heartbeat: 100 * time.Millisecond, Silence: time.Minute,
		Address: func(sfaas.NodeID) string { return "where node 2 is" },
		OnEvent: func(e peer.Event) {
			if e.Kind == peer.Lost || e.Kind == peer.Gone {
				ended.Add(1)
			}
		},
	})
	path := filepath.Join(t.TempDir(), "s")
	if _, err := na.Listen("unix", path); err != nil {
		t.Fatal(err)
	}
	cable, through := newCutter(t, path)
	dial(t, newNode(t, b, peer.Config{}), "unix", through)
	refused := func(name, want string, life uint32, opts ...sfaas.Option) error {
		t.Helper()
		heard := make(chan error, 1)
		n := newNode(t, x.start(t, 2, append(opts, sfaas.WithIncarnation(life))...), peer.Config{OnEvent: func(e peer.Event) {
			if e.Kind == peer.Refused {
				select {
				case heard <- e.Err:
				default:
				}
			}
		}})
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		go n.Dial(ctx, "unix", path)
		err := <-heard
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", name, err, want)
		}
		return err
	}
	refused("same", "node 2 is connected", 5)
	for name, life := range map[string]uint32{"earlier": 4, "later": 6} {
		var taken *peer.TakenError
		if err := refused(name, "where node 2 is", life); !errors.As(err, &taken) || taken.Node != 2 || taken.Incarnation != 5 {
			t.Errorf("%s: %v, want that life 5 has number 2", name, err)
		}
	}
	cable.slow.Store(true)
	refused("unlinkable", "default", 6, sfaas.WithDefaultOwner(1, "count"))
	cable.slow.Store(false)
	push(t, x.in, a, sfaas.NewKey(sfaas.KindCell, 1), 0, 1)
	eventually(t, "the sum", func() bool { return x.total() == 1 })
	if n := ended.Load(); n != 0 {
		t.Errorf("the connection has ended %d times", n)
	}
	cable.slow.Store(true)
	dial(t, newNode(t, x.start(t, 2, sfaas.WithIncarnation(7)), peer.Config{}), "unix", path)
	eventually(t, "the end of the earlier life", func() bool { return ended.Load() == 2 })
}

// TestEarlierLife lets a node come back with the number of an earlier life, or of the same, when
// its connection is gone, as one does whose clock was set back: it is told which life it must
// come after.
func TestEarlierLife(t *testing.T) {
	leavesNothing(t)
	x := newRelay(t)
	var gone atomic.Int32
	na := newNode(t, x.start(t, 1), endings(peer.Gone, &gone, peer.Config{Forget: time.Millisecond}))
	b := x.start(t, 2, sfaas.WithIncarnation(5))
	nb := newNode(t, b, peer.Config{})
	path := connect(t, na, nb)
	b.Close()
	nb.Close()
	eventually(t, "the end of the life", func() bool { return gone.Load() > 0 })
	for _, life := range []uint32{4, 5} {
		_, err := newNode(t, x.start(t, 2, sfaas.WithIncarnation(life)), peer.Config{}).Dial(t.Context(), "unix", path)
		if no := (*peer.RefusedError)(nil); !errors.As(err, &no) || no.Last != 5 {
			t.Errorf("life %d after life 5: %v", life, err)
		}
	}
	dial(t, newNode(t, x.start(t, 2, sfaas.WithIncarnation(6)), peer.Config{}), "unix", path)
}

// TestSilence lets nothing get through a connection on which much is to be written: it
// is given up in time, though the writer waits for the kernel.
func TestSilence(t *testing.T) {
	leavesNothing(t)
	x := newRelay(t)
	a, b := x.start(t, 1, sfaas.WithSourceLimit(1<<20)), x.start(t, 2)
	var lost atomic.Int32
	cfg := peer.Config{Heartbeat: 20 * time.Millisecond, Silence: 200 * time.Millisecond, Backoff: time.Millisecond}
	na := newNode(t, a, endings(peer.Lost, &lost, cfg))
	path := filepath.Join(t.TempDir(), "s")
	if _, err := na.Listen("unix", path); err != nil {
		t.Fatal(err)
	}
	c, through := newCutter(t, path)
	dial(t, newNode(t, b, cfg), "unix", through)
	c.slow.Store(true)
	n := uint64(0)
	for ; n < 20_000; n++ {
		if err := x.in.PushValue(a, sfaas.NewKey(sfaas.KindCell, n%50), sfaas.Slot(n/50), &number{1}); errors.Is(err, sfaas.ErrBusy) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "the loss", func() bool { return lost.Load() > 0 })
	c.slow.Store(false)
	c.cut()
	eventually(t, "all sums", func() bool { return x.total() == n })
}

// TestDialMistakes dials what can never be another node: the error says what is wrong, at
// once, and what did not answer in time is named.
func TestDialMistakes(t *testing.T) {
	leavesNothing(t)
	n := newNode(t, newRelay(t).start(t, 1), peer.Config{Plain: true})
	self, err := n.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	for address, want := range map[string]string{
		self.String(): "want another number", "nonsense:::": "too many colons",
	} {
		if _, err := n.Dial(context.Background(), "tcp", address); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", address, err, want)
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if _, err := n.Dial(ctx, "unix", "/nobody"); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "/nobody") {
		t.Error(err)
	}
}
