// SPDX-License-Identifier: Apache-2.0

package peer_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/neuroran/neuroran/sfaas"
	"github.com/neuroran/neuroran/sfaas/peer"
)

// TestClaimBesideLost claims a unit beside a runtime to which the connection is
// lost, and one that is lost meanwhile: neither is waited for, and it hears of it when it is
// there again.
func TestClaimBesideLost(t *testing.T) {
	leavesNothing(t)
	g := sfaas.NewGraph("soft")
	in := sfaas.Source[number](g, "in")
	sfaas.Sink(sfaas.Apply(in, sfaas.Define("pass", func(_ *sfaas.Ctx, out, in *number) error { *out = *in; return nil }, sfaas.FunctionConfig{})), "out")
	app, err := g.Build()
	if err != nil {
		t.Fatal(err)
	}
	start := func(node sfaas.NodeID) *sfaas.Runtime {
		rt, err := sfaas.NewRuntime(app, sfaas.WithNode(node), sfaas.WithDefaultOwner(2), sfaas.WithWorkers(1), sfaas.WithLogger(quiet),
			sfaas.WithBlockLimit(time.Hour)) // for which a claim waits otherwise
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { rt.Close() })
		return rt
	}
	a, b := start(1), start(2)
	na := newNode(t, a, peer.Config{Forget: time.Hour, Silence: time.Hour})
	nb := newNode(t, b, peer.Config{Backoff: time.Millisecond, Forget: time.Hour, Silence: time.Hour})
	path := filepath.Join(t.TempDir(), "s")
	if _, err := na.Listen("unix", path); err != nil {
		t.Fatal(err)
	}
	cable, through := newCutter(t, path)
	dial(t, nb, "unix", through)
	u := sfaas.Unit{Part: "pass", Root: sfaas.NewKey(sfaas.KindCell, 1)}
	cable.slow.Store(true) // nobody answers
	claimed := make(chan error, 1)
	go func() { claimed <- a.Claim(u, 5) }()
	eventually(t, "the route here", func() bool { r, err := a.Route(u); return err == nil && r.Epoch == 5 })
	cable.l.Close()
	cable.cut()
	if err := <-claimed; err != nil {
		t.Fatal(err)
	}
	eventually(t, "the loss", func() bool { return !na.Connected(2) })
	if err := a.Claim(u, 6); err != nil {
		t.Fatal(err)
	}
	dial(t, nb, "unix", path)
	eventually(t, "the route there", func() bool { r, err := b.Route(u); return err == nil && r.Epoch == 6 })
}
