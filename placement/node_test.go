// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/neuroran/neuroran/placement/meter"
	"github.com/neuroran/neuroran/placement/resource"
	"github.com/neuroran/neuroran/sfaas"
)

// lends is what a node of a test lends: some cores and bytes.
func lends(cores int, memory int64) resource.Inventory {
	v := resource.Inventory{Memory: memory, Power: resource.GuessPower(cores)}
	for i := range cores {
		v.CPUs = append(v.CPUs, resource.CPU{ID: i, Core: i})
	}
	return v
}

// zone is nodes of one process, on the loopback.
type zone struct {
	t     testing.TB
	nodes []*Node
}

func (z *zone) join(change func(c *Config)) *Node {
	z.t.Helper()
	cfg := Config{
		Listen: "127.0.0.1:0", Token: []byte("secret"), Node: sfaas.NodeID(len(z.nodes) + 1), Resources: lends(4, 1<<30),
		Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
	}
	for _, n := range z.nodes {
		cfg.Seeds = append(cfg.Seeds, n.Address())
	}
	if change != nil {
		change(&cfg)
	}
	n, err := Join(z.t.Context(), cfg)
	if err != nil {
		z.t.Fatal(err)
	}
	z.nodes = append(z.nodes, n)
	z.t.Cleanup(func() {
		ctx, stop := context.WithTimeout(context.Background(), 10*time.Second)
		defer stop()
		n.Leave(ctx)
	})
	return n
}

func newZone(t testing.TB, nodes int) *zone {
	z := &zone{t: t}
	for range nodes {
		z.join(nil)
	}
	for _, n := range z.nodes {
		z.await(n, nodes)
	}
	return z
}

func (z *zone) await(n *Node, members int) {
	z.t.Helper()
	ctx, stop := context.WithTimeout(z.t.Context(), 10*time.Second)
	defer stop()
	if err := n.Await(ctx, members); err != nil {
		z.t.Fatalf("node %d: %v: has %v, want %d", n.ID(), err, n.Members(), members)
	}
}

func (z *zone) deploy(app *sfaas.App, spec Spec, opts ...DeployOption) (all []*Deployment) {
	z.t.Helper()
	for _, n := range z.nodes {
		d, err := n.Deploy(app, spec, opts...)
		if err != nil {
			z.t.Fatal(err)
		}
		all = append(all, d)
	}
	return all
}

// eventually waits until nothing is wrong any more.
func (z *zone) eventually(wrong func() string) {
	z.t.Helper()
	end := time.Now().Add(10 * time.Second)
	for wrong() != "" {
		if time.Now().After(end) {
			z.t.Error(wrong())
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func (z *zone) context() context.Context {
	ctx, stop := context.WithTimeout(z.t.Context(), 15*time.Second)
	z.t.Cleanup(stop)
	return ctx
}

func TestEnsurePlacesAUnit(t *testing.T) {
	z := newZone(t, 3)
	sums := newSums(t)
	deps := z.deploy(sums.app, Spec{Unit: sfaas.KindCell, SLA: SLA{Standbys: 1}, Needs: resource.Need{Memory: 400 << 20}})
	ctx := z.context()
	for i := range 2 { // each node has room for two, and each unit is leased twice
		if err := deps[i].Unit(sfaas.NewKey(sfaas.KindCell, uint64(i))).Ensure(ctx); err != nil {
			t.Fatal(err)
		}
	}
	leases := 0
	for _, n := range z.nodes {
		leases += len(n.Report().Leases)
		z.eventually(func() string { // what a node reports is what it has heard of
			r := n.Report()
			if len(r.Units) == 2 && r.Units[0].Deployment == "sums" && len(r.Units[0].Standbys) == 1 {
				return ""
			}
			return r.String()
		})
	}
	if leases != 4 {
		t.Errorf("%d leases, want 4", leases)
	}
	err := deps[1].Unit(sfaas.NewKey(sfaas.KindCell, 7)).Ensure(ctx)
	var un *UnplacedError
	if !errors.As(err, &un) || len(un.Refusals) != 3 {
		t.Fatalf("got %v, want three refusals", err)
	}
	lines := map[string]int{}
	for _, r := range un.Refusals { // the same two nodes sleep least: they are full
		lines[r.Line]++
		if !strings.Contains(err.Error(), fmt.Sprintf("node %d: %s: got %s, want %s", r.Node, r.Line, r.Got, r.Want)) {
			t.Errorf("refusal %v in %v", r, err)
		}
	}
	if lines["memory"] != 2 || lines["standbys"] != 1 {
		t.Errorf("got %v, want two nodes without memory, and one alone", err)
	}
}

func TestLeaveMovesUnits(t *testing.T) {
	before := runtime.NumGoroutine()
	t.Run("leave", func(t *testing.T) {
		z := newZone(t, 3)
		sums := newSums(t)
		deps := z.deploy(sums.app, Spec{Unit: sfaas.KindCell, Slot: time.Millisecond, SLA: SLA{Standbys: 1}})
		ctx := z.context()
		for i := range 6 {
			if err := deps[0].Unit(sfaas.NewKey(sfaas.KindCell, uint64(i))).Ensure(ctx); err != nil {
				t.Fatal(err)
			}
		}
		owner := deps[0].Unit(sfaas.NewKey(sfaas.KindCell, 0)).Routes()[0].Owner
		if err := z.nodes[owner-1].Leave(ctx); err != nil {
			t.Fatal(err)
		}
		for _, n := range z.nodes {
			if n.ID() == owner {
				continue
			}
			z.eventually(func() string {
				for _, u := range n.Report().Units {
					if u.Owner == owner || u.Owner == 0 || slices.Contains(u.Standbys, owner) {
						return fmt.Sprintf("node %d: %v", n.ID(), u)
					}
				}
				return ""
			})
			if got := n.Members(); len(got) != 2 {
				t.Errorf("node %d: members %v", n.ID(), got)
			}
		}
	})
	for end := time.Now().Add(5 * time.Second); runtime.NumGoroutine() > before && time.Now().Before(end); {
		time.Sleep(10 * time.Millisecond)
	}
	if now := runtime.NumGoroutine(); now > before {
		b := make([]byte, 1<<16)
		t.Errorf("%d goroutines are left:\n%s", now-before, b[:runtime.Stack(b, true)])
	}
}

// Whoever does not know the token is no member, and a node of another token has no members.
func TestToken(t *testing.T) {
	z := newZone(t, 2)
	n := z.join(func(c *Config) { c.Token = []byte("guess") })
	time.Sleep(200 * time.Millisecond)
	if got := n.Members(); len(got) != 1 {
		t.Errorf("the stranger has members: %v", got)
	}
	for _, m := range z.nodes[:2] {
		if got := m.Members(); len(got) != 2 {
			t.Errorf("node %d has members: %v", m.ID(), got)
		}
	}
}

func TestConfigIsChecked(t *testing.T) {
	for field, change := range map[string]func(c *Config){
		"Listen":          func(c *Config) { c.Listen = "nowhere" },
		"Seeds[1]":        func(c *Config) { c.Seeds = []string{"unix:/tmp/x", "b"} },
		"Advertise":       func(c *Config) { c.Advertise = "x" },
		"Node":            func(c *Config) { c.Node = 4096 },
		"Cores":           func(c *Config) { c.Cores = -1 },
		"Round":           func(c *Config) { c.Round = time.Hour },
		"Tenants[0].Name": func(c *Config) { c.Tenants = []meter.Tenant{{Name: strings.Repeat("t", 129), Weight: 1}} },
		"resources":       func(c *Config) { c.Resources.Memory = -1 },
	} {
		cfg := Config{Listen: "127.0.0.1:0"}
		change(&cfg)
		if _, err := Join(t.Context(), cfg); err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("%s: got %v", field, err)
		}
	}
}
