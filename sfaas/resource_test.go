// SPDX-License-Identifier: Apache-2.0

package sfaas_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/neuroran/neuroran/sfaas"
)

var errNoDevice = errors.New("no device")

// device counts what is open.
type device struct {
	open, opened atomic.Int32
	broken       atomic.Bool
}

func (d *device) get() (*device, error) {
	if d.broken.Load() {
		return nil, errNoDevice
	}
	d.open.Add(1)
	d.opened.Add(1)
	return d, nil
}

func (d *device) put(*device) error { d.open.Add(-1); return nil }

// TestResourcesFollowMoves opens the resources of a function on a standby only
// before a group moves there, refuses the move if that fails, and closes them
// where no group is left.
func TestResourcesFollowMoves(t *testing.T) {
	var session, lane device
	shared := sfaas.NewShared("session", session.get, session.put)
	scratch := sfaas.NewScratch("lane", lane.get, lane.put)
	var lost atomic.Int32
	f := sfaas.Define("f", func(c *sfaas.Ctx, out, in *number) error {
		if shared.Get(c) == nil || scratch.Get(c) == nil {
			lost.Add(1)
		}
		*out = *in
		return nil
	}, sfaas.FunctionConfig{}, shared, scratch)
	g := sfaas.NewGraph("g")
	in := sfaas.Source[number](g, "in")
	sfaas.Sink(sfaas.Apply(in, f), "out")
	app, err := g.Build()
	if err != nil {
		t.Fatal(err)
	}
	start := func(opts ...sfaas.Option) *sfaas.Runtime {
		rt, err := sfaas.NewRuntime(app, append(opts, sfaas.WithWorkers(2), sfaas.WithLogger(quietLog))...)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { rt.Close() })
		return rt
	}
	want := func(when string, sessions, lanes int32) {
		t.Helper()
		if session.open.Load() != sessions || lane.open.Load() != lanes {
			t.Errorf("%s: %d sessions, %d lanes open; want %d, %d", when, session.open.Load(), lane.open.Load(), sessions, lanes)
		}
	}
	a := start()
	want("owner", 1, 2)
	b := start(sfaas.WithDefaultOwner(a.Node()))
	want("standby", 1, 2)
	if err := sfaas.Link(a, b); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	unit := func(i uint64) sfaas.Unit { return sfaas.Unit{Part: "f", Root: sfaas.NewKey(sfaas.KindCell, i)} }
	session.broken.Store(true)
	if _, err := a.MoveUnit(ctx, unit(0), b.Node(), sfaas.MoveConfig{}); err == nil || !strings.Contains(err.Error(), errNoDevice.Error()) { // the text goes anywhere, an identity does not
		t.Errorf("move without a device: %v", err)
	}
	session.broken.Store(false)
	lane.broken.Store(true)
	if _, err := a.MoveUnit(ctx, unit(0), b.Node(), sfaas.MoveConfig{}); err == nil || !strings.Contains(err.Error(), errNoDevice.Error()) { // the text goes anywhere, an identity does not
		t.Errorf("move without a lane: %v", err)
	}
	lane.broken.Store(false)
	want("refused", 1, 2)
	const units = 20
	for i := range uint64(units) {
		if err := in.PushValue(a, sfaas.NewKey(sfaas.KindCell, i), 0, &number{1}); err != nil {
			t.Fatal(err)
		}
	}
	drain(t, a)
	if _, err := a.MoveUnit(ctx, unit(0), b.Node(), sfaas.MoveConfig{}); err != nil {
		t.Fatal(err)
	}
	want("both own units", 2, 4)
	if err := a.Leave(ctx, func(sfaas.Unit) sfaas.NodeID { return b.Node() }, sfaas.MoveConfig{}); err != nil {
		t.Fatal(err)
	}
	want("all moved", 1, 2)
	for i := range uint64(units) {
		if err := in.PushValue(a, sfaas.NewKey(sfaas.KindCell, i), 1, &number{1}); err != nil {
			t.Fatal(err)
		}
	}
	drain(t, a)
	if err := errors.Join(a.Close(), b.Close()); err != nil {
		t.Error(err)
	}
	want("closed", 0, 0)
	if lost.Load() != 0 {
		t.Errorf("%d invocations without resources", lost.Load())
	}
	lane.broken.Store(true)
	if _, err := sfaas.NewRuntime(app); !errors.Is(err, errNoDevice) {
		t.Errorf("runtime without a lane: %v", err)
	}
	want("refused runtime", 0, 0)
}
