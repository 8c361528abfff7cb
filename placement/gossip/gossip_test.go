// SPDX-License-Identifier: Apache-2.0

package gossip

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/neuroran/neuroran/placement"
	"github.com/neuroran/neuroran/placement/resource"
	"github.com/neuroran/neuroran/sfaas"
)

// heard is what one member has been told, with when.
type heard struct {
	m     *Members
	mu    sync.Mutex
	found map[sfaas.NodeID]time.Time
	lost  map[sfaas.NodeID]time.Time
}

func start(t *testing.T, n int, pace Pace) (all []*heard) {
	t.Helper()
	var seeds []string
	for i := range n {
		h := &heard{m: New(Config{Listen: "127.0.0.1:0", Seeds: seeds, Token: []byte("secret"), Pace: pace}), found: map[sfaas.NodeID]time.Time{}, lost: map[sfaas.NodeID]time.Time{}}
		self := placement.Member{Node: sfaas.NodeID(i + 1), Incarnation: 7, Address: fmt.Sprintf("10.0.0.%d:7946", i+1)}
		err := h.m.Start(self, func(x placement.Member, c placement.MemberChange) {
			h.mu.Lock()
			defer h.mu.Unlock()
			if x.Incarnation != 7 || x.Address != fmt.Sprintf("10.0.0.%d:7946", x.Node) {
				t.Errorf("told of %+v", x)
			}
			if c == placement.MemberFound {
				h.found[x.Node] = time.Now()
			} else {
				h.lost[x.Node] = time.Now()
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { h.m.Leave() })
		seeds = []string{h.m.Address()}
		all = append(all, h)
	}
	for _, h := range all {
		eventually(t, func() bool { h.mu.Lock(); defer h.mu.Unlock(); return len(h.found) == n-1 })
	}
	return all
}

func eventually(t *testing.T, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it does not come to pass")
		}
	}
}

// die ends a member without a word.
func (h *heard) die() {
	h.m.end()
	h.m.list.Shutdown()
}

// Members find each other by one seed, hear of one that dies, and of one that leaves.
func TestMembersComeAndGo(t *testing.T) {
	all := start(t, 6, Pace{})
	died := time.Now()
	all[5].die()
	for _, h := range all[:5] {
		eventually(t, func() bool { h.mu.Lock(); defer h.mu.Unlock(); return !h.lost[6].IsZero() })
	}
	t.Logf("all of five know after %v that the sixth is dead", time.Since(died))
	if err := all[4].m.Leave(); err != nil {
		t.Error(err)
	}
	for _, h := range all[:4] {
		eventually(t, func() bool { h.mu.Lock(); defer h.mu.Unlock(); return !h.lost[5].IsZero() })
		if c := h.m.Counts(); c.Found < 5 || c.Lost < 2 || c.False > c.Lost {
			t.Errorf("counts %+v", c)
		}
	}
}

// How long it takes until a member of thirty that dies is lost, and how many are lost that
// live. It is run on a machine that has nothing else to do.
func TestDetection(t *testing.T) {
	if os.Getenv("NEURORAN_LONG") == "" {
		t.Skip("takes a minute: NEURORAN_LONG=1")
	}
	const n, kills = 30, 10
	all := start(t, n, Pace{})
	time.Sleep(20 * time.Second)
	var first, last []time.Duration
	for k := range kills {
		victim := all[len(all)-1]
		all = all[:len(all)-1]
		id := sfaas.NodeID(n - k)
		died := time.Now()
		victim.die()
		var times []time.Duration
		for _, h := range all {
			eventually(t, func() bool { h.mu.Lock(); defer h.mu.Unlock(); return h.lost[id].After(died) })
			times = append(times, h.lost[id].Sub(died))
		}
		first, last = append(first, slices.Min(times)), append(last, slices.Max(times))
	}
	slices.Sort(first)
	slices.Sort(last)
	wrong := uint64(0)
	for _, h := range all {
		wrong += h.m.Counts().False
	}
	t.Logf("%d kills of %d members: first to know p50 %v max %v, last p50 %v max %v; %d false losses", kills, n, first[kills/2], first[kills-1], last[kills/2], last[kills-1], wrong)
	if last[kills-1] > 1500*time.Millisecond {
		t.Errorf("the last member knew after %v, want at most 1.5 s", last[kills-1])
	}
}

// Nodes that know no seed but gossip's become one zone, and one that says it is lost while
// its connection answers stays.
func TestNodesFindEachOther(t *testing.T) {
	before := runtime.NumGoroutine()
	var nodes []*placement.Node
	var lists []*Members
	var seeds []string
	ctx, stop := context.WithTimeout(t.Context(), 30*time.Second)
	defer stop()
	for i := range 3 {
		m := New(Config{Listen: "127.0.0.1:0", Seeds: seeds, Token: []byte("secret")})
		n, err := placement.Join(ctx, placement.Config{Listen: "127.0.0.1:0", Token: []byte("secret"), Node: sfaas.NodeID(i + 1), Resources: resource.Inventory{}, Membership: m})
		if err != nil {
			t.Fatal(err)
		}
		nodes, lists, seeds = append(nodes, n), append(lists, m), []string{m.Address()}
	}
	for _, n := range nodes {
		if err := n.Await(ctx, 3); err != nil {
			t.Fatal(err)
		}
	}
	lists[2].end() // gossip dies, and the node does not
	lists[2].list.Shutdown()
	eventually(t, func() bool { return lists[0].Counts().Lost > 0 && lists[1].Counts().Lost > 0 })
	time.Sleep(time.Second)
	if got := nodes[0].Members(); len(got) != 3 {
		t.Errorf("a node whose connection answers is gone: %v", got)
	}
	for _, n := range nodes {
		if err := n.Leave(ctx); err != nil && !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
	}
	eventually(t, func() bool { return runtime.NumGoroutine() <= before+1 })
}

func TestConfigIsChecked(t *testing.T) {
	for _, c := range []Config{{Listen: "x"}, {Listen: ":http"}, {Listen: ":0", Pace: Pace{Probe: 1, Timeout: 2, Gossip: 1, Suspect: 1}}} {
		var bad *sfaas.OptionError
		if err := New(c).Start(placement.Member{Node: 1}, nil); !errors.As(err, &bad) {
			t.Errorf("%+v: got %v", c, err)
		}
	}
}

// A membership is one node's: a second one, at the same time or later, is refused, and no
// goroutine is left of it.
func TestMembershipOfOneNode(t *testing.T) {
	before := runtime.NumGoroutine()
	m := New(Config{Listen: "127.0.0.1:0"})
	if at := m.Address(); at != "" {
		t.Errorf("it gossips at %q before it has started", at)
	}
	join := func(node sfaas.NodeID) (*placement.Node, error) {
		return placement.Join(t.Context(), placement.Config{Listen: "127.0.0.1:0", Token: []byte("secret"), Node: node, Membership: m})
	}
	n, err := join(1)
	if err != nil {
		t.Fatal(err)
	}
	refused := func(when string) {
		var bad *sfaas.OptionError
		if other, err := join(2); !errors.As(err, &bad) || bad.Option != "placement.Config.Membership" {
			t.Errorf("%s: got %v, want an OptionError", when, err)
			if err == nil {
				other.Leave(t.Context())
			}
		}
	}
	refused("beside the first")
	if err := n.Leave(t.Context()); err != nil {
		t.Error(err)
	}
	refused("after it")
	eventually(t, func() bool { return runtime.NumGoroutine() <= before+1 })
}

// FuzzMember: what a stranger says of itself is refused, or is what it would write.
func FuzzMember(f *testing.F) {
	f.Add(appendMember(nil, placement.Member{Node: 4095, Incarnation: 1<<32 - 1, Address: "10.0.0.1:1"}))
	f.Add([]byte{0})
	f.Fuzz(func(t *testing.T, b []byte) {
		x, err := parseMember(b)
		if err != nil {
			return
		}
		if y, err := parseMember(appendMember(nil, x)); err != nil || y != x {
			t.Errorf("%+v became %+v: %v", x, y, err)
		}
	})
}
