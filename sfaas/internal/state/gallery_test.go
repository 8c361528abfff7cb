// SPDX-License-Identifier: Apache-2.0

package state_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"testing"
	"time"

	"github.com/neuroran/neuroran/sfaas"
	"github.com/neuroran/neuroran/sfaas/internal/core"
	"github.com/neuroran/neuroran/sfaas/internal/state"
)

// number is what the messages of the gallery carry.
type number struct{ X uint64 }

// tick is what the gallery sends to a further port.
type tick struct{ Of uint64 }

// gallery is a program of which everything that a unit can consist of waits
// somewhere, and a shell that steps its cores by hand under a clock that stands
// still: of one sequence of pushes there is one sequence of bytes.
type gallery struct {
	t     testing.TB
	app   *sfaas.App
	cores *core.Cores
	out   map[string]uint64 // what handlers have noted
	done  []*core.Batch     // committed, and the core does not know it yet
	event core.Event        // of the last push

	engine core.Engine
	rec    *state.Recorder // of its records, if it keeps them
	now    sfaas.Time

	data, grants, settings, left, right, all, distant sfaas.Input[number]
}

// mask is a sealer without a random number. It hides nothing.
type mask struct{}

// Seal implements sfaas.Sealer.
func (mask) Seal(dst, plain, label []byte) []byte {
	for i, x := range plain {
		dst = append(dst, x^0x55^label[i%len(label)])
	}
	return append(dst, byte(len(label)))
}

// Open implements sfaas.Sealer.
func (m mask) Open(dst, sealed, label []byte) ([]byte, error) {
	if n := len(sealed) - 1; n >= 0 && sealed[n] == byte(len(label)) {
		b := m.Seal(dst, sealed[:n], label)
		return b[:len(b)-1], nil
	}
	return nil, errors.New("sealed by somebody else")
}

func newGallery(t testing.TB, opts ...sfaas.Option) *gallery {
	t.Helper()
	x := &gallery{t: t, out: map[string]uint64{}, now: 1_000_000}
	x.wire()
	set := core.NewSettings()
	for _, o := range append([]sfaas.Option{
		sfaas.WithWorkers(2), sfaas.WithMode(sfaas.Replay), sfaas.WithSealer(mask{}), sfaas.WithIncarnation(7),
		sfaas.WithLogger(slog.New(slog.NewTextHandler(io.Discard, nil))), sfaas.WithClock(func() sfaas.Time { return x.now }),
	}, opts...) {
		o.Apply(set)
	}
	set.BatchDone = func(b *core.Batch, _ uint32, _ error) { x.done = append(x.done, b) }
	x.engine = set.Engine
	var err error
	if x.engine.Keeps() {
		if x.rec, err = state.NewRecorder(x.app.Plan(), set, x.now, int64(x.now)); err != nil {
			t.Fatal(err)
		}
		set.Recorder = x.rec
		x.engine.Commit(x.rec.Begin(), func(error) {})
	}
	if x.cores, err = core.NewCores(x.app.Plan(), set); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { x.cores.Close() })
	return x
}

// wire makes the graph. "gated" waits for its grant and has a sealed cell, "pair"
// joins, calls "gated" and sends to "note" later, "spread" joins with a cell, and
// "far" and "distant" are parts of their own.
func (x *gallery) wire() {
	cfg, exact := sfaas.FunctionConfig{Window: 100}, sfaas.EdgeConfig{Guarantee: sfaas.ExactlyOnce}
	note := func(what string, c *sfaas.Ctx, n uint64) { x.out[what+" "+c.Key().String()] += n }

	vault := sfaas.NewValue[number]("vault", sfaas.Sealed)
	count := sfaas.NewMap[uint8, uint64]("count", sfaas.Replicated)
	last := sfaas.NewList[uint32]("last", sfaas.Volatile)
	names := sfaas.NewMap[string, []byte]("names", sfaas.Replicated, sfaas.MaxBytes(64))
	gated := sfaas.Define("gated", func(c *sfaas.Ctx, out, in *number) error {
		v, _ := vault.Get(c)
		*count.Mut(c, uint8(in.X))++
		last.Append(c, uint32(in.X))
		names.Set(c, c.Key().String(), []byte{byte(in.X), 1, 2})
		out.X = 1000 * v.X
		for _, n := range last.All(c) {
			out.X += uint64(*n)
		}
		note("gated", c, out.X)
		return nil
	}, cfg, vault, count, last, names)
	grant := sfaas.OnControl(gated, func(*sfaas.Ctx, *number) error { return nil })
	setting := sfaas.OnSetting(gated, func(c *sfaas.Ctx, s *number) error { vault.Set(c, *s); return nil })

	toGated, toNote := sfaas.CallRef[number, number]("gated"), sfaas.Ref[number]("note")
	clock := sfaas.Ref[tick]("pair")
	pair := sfaas.Define("pair", func(c *sfaas.Ctx, out *number, in *sfaas.Pair[number, number]) error {
		a, b := in.A, in.B
		out.X = a.X * b.X
		later, _ := toNote.After(c, c.Key(), time.Second)
		later.X = a.X
		own, _ := clock.After(c, c.Key(), 2*time.Second)
		own.Of = a.X
		call, _ := toGated.Call(c, sfaas.NewKey(sfaas.KindCell, 9), time.Minute)
		call.X = b.X
		note("pair", c, out.X)
		return nil
	}, cfg, toNote, toGated.OnReply(func(c *sfaas.Ctx, r sfaas.Reply[number]) error {
		if r.Err == nil {
			note("reply", c, r.Out.X)
		}
		return nil
	}), clock.On(func(c *sfaas.Ctx, in *tick) error { note("tick", c, in.Of); return nil }))
	later := sfaas.Define("note", func(c *sfaas.Ctx, _, in *number) error {
		note("delayed", c, in.X)
		return sfaas.ErrNoOutput
	}, cfg)
	spread := sfaas.Define("spread", func(c *sfaas.Ctx, _ *number, in *sfaas.Pair[number, number]) error {
		cell, ue := in.A, in.B
		note("spread", c, 100*cell.X+ue.X)
		return sfaas.ErrNoOutput
	}, cfg)
	sum := sfaas.NewValue[uint64]("sum", sfaas.Replicated)
	adder := func(name string) sfaas.Fn[number, number] {
		return sfaas.Define(name, func(c *sfaas.Ctx, _, in *number) error {
			*sum.Mut(c) += in.X
			total, _ := sum.Get(c)
			x.out[name+" "+c.Key().String()] = total
			return sfaas.ErrNoOutput
		}, cfg, sum)
	}

	g := sfaas.NewGraph("gallery")
	x.data, x.grants, x.settings = sfaas.Source[number](g, "data"), sfaas.Source[number](g, "grants"), sfaas.Source[number](g, "settings")
	x.left, x.right, x.all = sfaas.Source[number](g, "left"), sfaas.Source[number](g, "right"), sfaas.Source[number](g, "all")
	x.distant = sfaas.Source[number](g, "distant")
	sfaas.Apply(sfaas.Apply(x.data.With(exact), gated).With(exact).Cut("border"), adder("far"))
	sfaas.Apply(x.distant.With(exact), adder("distant"))
	sfaas.Control(x.grants.With(exact), grant)
	sfaas.Control(x.settings.With(exact), setting)
	sfaas.Apply(sfaas.Join(x.left.With(exact), x.right.With(exact)), pair)
	sfaas.Apply(sfaas.Join(x.all.Spread(), x.left), spread)
	g.Add(later)
	var err error
	if x.app, err = g.Build(); err != nil {
		x.t.Fatal(err)
	}
}

// line pushes a number, which waits in its line then.
func (x *gallery) line(in sfaas.Input[number], key sfaas.Key, slot sfaas.Slot, n uint64) {
	x.t.Helper()
	if err := in.PushValue(x, key, slot, &number{n}); err != nil {
		x.t.Fatal(err)
	}
	x.step(int(key.KeyGroup())%len(x.cores.List), x.event)
}

// push pushes a number and lets the cores run.
func (x *gallery) push(in sfaas.Input[number], key sfaas.Key, slot sfaas.Slot, n uint64) {
	x.t.Helper()
	x.line(in, key, slot, n)
	x.run()
}

func (x *gallery) step(at int, ev core.Event) {
	ev.Now = x.now
	x.carryOut(at, x.cores.List[at].Step(&ev, nil))
}

// run steps the cores until nothing is left to do at this moment.
func (x *gallery) run() {
	for idle := false; !idle; {
		idle = true
		for i, k := range x.cores.List {
			for k.Ready() {
				idle = false
				x.carryOut(i, k.Run(x.now, nil))
			}
		}
		for len(x.done) > 0 {
			idle = false
			b := x.done[0]
			x.done = x.done[1:]
			x.step(b.From.Core, core.Event{Kind: core.EventCommitted, Batch: b, Offer: b.Offer()})
		}
	}
}

// carryOut does what a shell does that has one runtime: what leaves for another
// one is lost.
func (x *gallery) carryOut(at int, effects []core.Effect) {
	self := x.cores.List[at].Self()
	for i := range effects {
		switch e := &effects[i]; e.Kind {
		case core.EffectCommit:
			x.engine.Commit(&e.Batch.Record, e.Batch.Answer())
		case core.EffectSend:
			if e.To.Node != self.Node {
				e.Msg.Release()
				continue
			}
			x.step(e.To.Core, core.Event{Kind: core.EventMessage, Edge: e.Edge, Msg: e.Msg, Key: e.Key, From: self, Stamp: e.Stamp})
		case core.EffectAck:
			x.step(e.To.Core, core.Event{Kind: core.EventAck, Stamp: e.Stamp, Waits: e.Waits})
		case core.EffectSignal:
			for j := range x.cores.List {
				if j != at && e.To.Node == self.Node {
					x.step(j, core.Event{Kind: core.EventSignal, Signal: e.Signal})
				}
			}
		}
	}
}

// pass lets time pass.
func (x *gallery) pass(d time.Duration) {
	x.now = x.now.Add(d)
	for i := range x.cores.List {
		x.step(i, core.Event{Kind: core.EventTimer})
	}
	x.run()
}

// fill leaves something waiting at every place.
func (x *gallery) fill() {
	x.push(x.settings, sfaas.NewKey(sfaas.KindCell, 1), 1, 2)
	x.push(x.grants, sfaas.NewKey(sfaas.KindCell, 1), 1, 0)
	x.push(x.data, sfaas.NewKey(sfaas.KindCell, 1), 1, 3)                        // goes through, and is kept for "far"
	x.push(x.data, sfaas.NewKey(sfaas.KindCell, 1), 5, 7)                        // waits for its grant
	x.push(x.data, sfaas.NewKey(sfaas.KindCell, 1), 6, 8)                        // waits behind it
	x.push(x.grants, sfaas.NewKey(sfaas.KindCell, 2), 5, 0)                      // waits for data of its slot
	x.push(x.settings, sfaas.NewKey(sfaas.KindCell, 2), 5, 1)                    // the same
	x.push(x.left, sfaas.NewKey(sfaas.KindCell, 3), 5, 3)                        // waits for right
	x.push(x.right, sfaas.NewKey(sfaas.KindCell, 4), 5, 4)                       // waits for left
	x.push(x.all, sfaas.NewKey(sfaas.KindCell, 5), 5, 6)                         // waits for its users
	x.push(x.left, sfaas.NewKey(sfaas.KindCell, 6), 5, 2)                        // joins with the next:
	x.push(x.right, sfaas.NewKey(sfaas.KindCell, 6), 5, 5)                       // a delayed message, and a call that waits for its grant
	x.push(x.left, sfaas.NewKey(sfaas.KindCell, 7).Child(sfaas.KindUE, 1), 5, 1) // waits for right and for its cell
	x.push(x.distant, sfaas.NewKey(sfaas.KindCell, 8), 5, 11)                    // is kept for "distant"
	x.line(x.all, sfaas.NewKey(sfaas.KindCell, 7), 6, 8)                         // in a line
	x.line(x.grants, sfaas.NewKey(sfaas.KindCell, 1), 5, 0)                      // the same
	x.line(x.data, sfaas.NewKey(sfaas.KindCell, 10), 5, 1)                       // the same
}

// finish brings what the others wait for.
func (x *gallery) finish() {
	x.run()
	x.push(x.grants, sfaas.NewKey(sfaas.KindCell, 1), 6, 0)
	x.push(x.data, sfaas.NewKey(sfaas.KindCell, 2), 5, 9)
	x.push(x.right, sfaas.NewKey(sfaas.KindCell, 3), 5, 30)
	x.push(x.left, sfaas.NewKey(sfaas.KindCell, 4), 5, 40)
	x.push(x.left, sfaas.NewKey(sfaas.KindCell, 5).Child(sfaas.KindUE, 2), 5, 2)
	x.push(x.all, sfaas.NewKey(sfaas.KindCell, 7), 5, 8)
	for _, k := range []uint64{3, 4, 9, 10} {
		x.push(x.grants, sfaas.NewKey(sfaas.KindCell, k), 5, 0)
	}
	x.pass(2 * time.Second)
}

// Draft implements sfaas.Host.
func (x *gallery) Draft(from core.SourceRef, key sfaas.Key) (*core.Message, error) {
	return x.cores.Intake.Draft(from, key)
}

// Discard implements sfaas.Host.
func (x *gallery) Discard(m *core.Message) { m.Release() }

// Inject implements sfaas.Host.
func (x *gallery) Inject(m *core.Message) (err error) {
	x.event, err = x.cores.Intake.Event(m)
	return err
}

// Pushed implements sfaas.Host.
func (x *gallery) Pushed(from core.SourceRef, key sfaas.Key) (sfaas.Position, bool) {
	return x.cores.Pushed(from, key)
}

// Invoke implements sfaas.Host.
func (x *gallery) Invoke(context.Context, *core.Message) (*core.Message, error) {
	return nil, sfaas.ErrClosed
}
