// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"context"
	"fmt"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/neuroran/neuroran/sfaas"
)

// published is one output that has come to the ingress.
type published struct {
	slot  sfaas.Slot
	epoch uint32
	x     uint64
	at    time.Time
}

// trio is an ingress in this process, and two others between which a unit is.
type trio struct {
	t     *testing.T
	s     *sums
	d     *Deployment
	nodes map[sfaas.NodeID]*child

	mu  sync.Mutex
	out []published
}

// newTrio lets node 2 own the unit and node 3 stand by.
func newTrio(t *testing.T) *trio {
	t.Helper()
	x := newTrioOf(t, 0)
	if err := x.d.Receive(context.Background(), cell1); err != nil {
		t.Fatal(err)
	}
	return x
}

// newTrioOf is newTrio of an app with work for each slot, whose outputs come out at the
// owner then, and not at the ingress.
func newTrioOf(t *testing.T, work time.Duration) *trio {
	t.Helper()
	x := &trio{t: t, s: newSumsOf(t, work == 0, work), nodes: map[sfaas.NodeID]*child{}}
	x.d = deploy(t, 1, x.s.app, standbySpec(), WithOutput(x.s.out, func(h sfaas.Header, n *number) {
		x.mu.Lock()
		defer x.mu.Unlock()
		x.out = append(x.out, published{h.Slot, h.Epoch, n.X, time.Now()})
	}))
	for id := sfaas.NodeID(2); id <= 3; id++ {
		x.nodes[id] = startChild(t, id, work)
	}
	x.meet(2)
	x.meet(3)
	x.nodes[2].do("own %d", epochOf(1, 2, 0))
	x.stand(2, 3)
	return x
}

// meet tells a node where the others are, and them where it is.
func (x *trio) meet(id sfaas.NodeID) {
	x.nodes[id].do("connect 1 %s", x.d.address())
	x.d.connect(id, x.nodes[id].at)
	for other, c := range x.nodes {
		if other != id {
			c.do("connect %d %s", id, x.nodes[id].at)
			x.nodes[id].do("connect %d %s", other, c.at)
		}
	}
	eventually(x.t, "the ingress is connected", func() bool { return x.d.node.Connected(id) })
}

// stand lets one node stand by for the other.
func (x *trio) stand(owner, standby sfaas.NodeID) {
	x.nodes[standby].do("prepare %d", owner)
	x.nodes[owner].do("follow %d", standby)
}

// play pushes slots from one on, one a millisecond, until stop says so, and returns the next.
func (x *trio) play(from sfaas.Slot, until func() bool) sfaas.Slot {
	cell := x.d.Unit(cell1)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for begin := time.Now(); !until(); from++ {
		if time.Since(begin) > 30*time.Second {
			x.t.Fatal("slots have been pushed for 30 s")
		}
		_ = x.s.in.PushValue(cell, cell1, from, &number{uint64(from)}) // refused where nobody can be reached
		<-tick.C
	}
	return from
}

// has reports whether an output of a tenure has come.
func (x *trio) has(tenure_ uint32) func() bool {
	return func() bool {
		x.mu.Lock()
		defer x.mu.Unlock()
		return len(x.out) > 0 && tenure(x.out[len(x.out)-1].epoch) == tenure_
	}
}

// after returns a condition that holds after a time.
func after(d time.Duration) func() bool {
	end := time.Now().Add(d)
	return func() bool { return time.Now().After(end) }
}

// TestDeath kills the owner while slots come: its standby goes on.
func TestDeath(t *testing.T) {
	x := newTrio(t)
	first := tenure(epochOf(1, 2, 0))
	n := x.play(0, x.has(first))
	n = x.play(n, after(50*time.Millisecond))
	died := time.Now()
	if err := x.nodes[2].cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	second := tenure(epochOf(2, 3, 0))
	n = x.play(n, x.has(second))
	x.play(n, after(20*time.Millisecond))
	if owns := x.nodes[3].ask("owns"); owns != fmt.Sprint(true, " ", epochOf(2, 3, 0)) {
		t.Errorf("the standby owns: %s", owns)
	}
	x.check(first, second, died)
}

// TestStop stops the owner, which nobody can see but by its silence, and lets it come
// back when another one has its unit: nothing of what it still makes is accepted.
func TestStop(t *testing.T) {
	x := newTrio(t)
	first := tenure(epochOf(1, 2, 0))
	n := x.play(0, x.has(first))
	n = x.play(n, after(50*time.Millisecond))
	stopped := time.Now()
	if err := x.nodes[2].cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	second := tenure(epochOf(2, 3, 0))
	n = x.play(n, x.has(second))
	if err := x.nodes[2].cmd.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	n = x.play(n, after(50*time.Millisecond))
	eventually(t, "the old owner hears of it", func() bool { return x.nodes[2].ask("owns") == fmt.Sprint(false, " ", epochOf(2, 3, 0)) })
	x.play(n, after(20*time.Millisecond))
	x.check(first, second, stopped)
}

// TestStopMute stops an owner that has more to do than it can, and whose outputs come out in
// its own process: when it goes on, its lines are full of slots, and none of them is
// published, though the news that it has been replaced comes behind them.
func TestStopMute(t *testing.T) {
	x := newTrioOf(t, 5*time.Millisecond)
	old, standby := x.nodes[2], x.nodes[3]
	outputs := func(c *child, since time.Time) (n, all, refused int) {
		text := c.ask("published %d", since.UnixNano())
		if _, err := fmt.Sscan(text, &n, &all, &refused); err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		return n, all, refused
	}
	n := x.play(0, after(300*time.Millisecond))
	if _, all, _ := outputs(old, time.Time{}); all == 0 || all > int(n)/2 {
		t.Fatalf("%d of %d slots are published: want some, and others that wait", all, n)
	}
	if err := old.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	n = x.play(n, func() bool {
		r, err := x.d.rt.Route(sfaas.Unit{Part: "add", Root: cell1})
		return err == nil && r.Owner == 3
	})
	x.play(n, after(50*time.Millisecond))
	goesOn := time.Now()
	if err := old.cmd.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the old owner hears of it", func() bool { return old.ask("owns") == fmt.Sprint(false, " ", epochOf(2, 3, 0)) })
	late, all, refused := outputs(old, goesOn)
	if late > 0 {
		t.Errorf("%d outputs of the old owner are published after it has come back", late)
	}
	if _, all, _ := outputs(standby, time.Time{}); all == 0 {
		t.Error("the standby publishes nothing")
	}
	t.Logf("published=%d late=%d refused=%d", all, late, refused)
}

// check looks at what has come out: of the two tenures one after the other, each slot once,
// and every sum right but in the first slots of the second.
func (x *trio) check(first, second uint32, lost time.Time) {
	x.t.Helper()
	x.mu.Lock()
	defer x.mu.Unlock()
	var turned time.Time
	last, gap, fresh := sfaas.Slot(0), sfaas.Slot(0), sfaas.Slot(0)
	for i, p := range x.out {
		switch {
		case i > 0 && p.slot <= last:
			x.t.Fatalf("slot %d has come behind slot %d", p.slot, last)
		case tenure(p.epoch) == first && !turned.IsZero():
			x.t.Fatalf("slot %d, of the old owner, has come when there was a new one", p.slot)
		case tenure(p.epoch) == second && turned.IsZero():
			turned, gap, fresh = p.at, p.slot-last-1, p.slot
		}
		want := uint64(0)
		for j := range min(window, uint64(p.slot)+1) {
			want += uint64(p.slot) - j
		}
		if p.x != want && (turned.IsZero() || p.slot >= fresh+window) {
			x.t.Errorf("slot %d: %d, want %d", p.slot, p.x, want)
		}
		last = p.slot
	}
	x.t.Logf("outputs=%d turned_after=%v slots_lost=%d refused=%d", len(x.out), turned.Sub(lost), gap, x.d.Refused())
}

// TestCutOff stops the owner and everybody else: the standby cannot tell that from its own
// cable being cut, and claims nothing until it hears somebody.
func TestCutOff(t *testing.T) {
	s := newSums(t)
	claimed := make(chan Event, 1)
	d := deploy(t, 1, s.app, standbySpec(), WithEvents(func(e Event) {
		if e.Kind == Claimed {
			claimed <- e
		}
	}))
	owner, bystander := startChild(t, 2, 0), startChild(t, 3, 0)
	for _, c := range []*child{owner, bystander} {
		c.do("connect 1 %s", d.address())
		d.connect(c.id, c.at)
		eventually(t, "all are connected", func() bool { return d.node.Connected(c.id) })
	}
	owner.do("own %d", epochOf(1, 2, 0))
	u := sfaas.Unit{Part: "add", Root: cell1}
	eventually(t, "the route", func() bool { r, err := d.rt.Route(u); return err == nil && r.Owner == 2 })
	if err := d.prepare(context.Background(), u, 2, 0); err != nil {
		t.Fatal(err)
	}
	owner.do("follow 1")
	begin := sfaas.Now()
	eventually(t, "beats", func() bool { return d.floor.pulse.HeardSince(2, begin) })
	for _, c := range []*child{bystander, owner} {
		if err := c.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
			t.Fatal(err)
		}
	}
	select {
	case e := <-claimed:
		t.Fatalf("claimed while nobody is heard: %+v", e)
	case <-time.After(300 * time.Millisecond):
	}
	if err := bystander.cmd.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	if e := <-claimed; e.Node != 2 || e.Epoch != epochOf(2, 1, 0) {
		t.Errorf("claimed: %+v", e)
	}
}

// TestNewLife kills the owner and starts it again at once under its number, before anybody
// has asked: the new process has nothing of the old one's, so the standby takes over.
func TestNewLife(t *testing.T) {
	x := newTrio(t)
	first := tenure(epochOf(1, 2, 0))
	n := x.play(0, x.has(first))
	again := make(chan *child, 1)
	go func() { again <- startChild(t, 2, 0) }()
	c := <-again // it is there before the old one has died
	died := time.Now()
	if err := x.nodes[2].cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	x.nodes[2] = c
	c.do("connect 1 %s", x.d.address())
	c.do("connect 3 %s", x.nodes[3].at)
	x.nodes[3].do("connect 2 %s", c.at)
	x.d.connect(2, c.at)
	second := tenure(epochOf(2, 3, 0))
	n = x.play(n, x.has(second))
	x.play(n, after(20*time.Millisecond))
	x.check(first, second, died)
}
