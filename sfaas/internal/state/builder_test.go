// SPDX-License-Identifier: Apache-2.0

package state_test

import (
	"testing"

	"github.com/neuroran/neuroran/sfaas"
	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/core"
	"github.com/neuroran/neuroran/sfaas/internal/plan"
)

// TestBuilderRefuses says to a builder what the machine cannot have made, beside
// something like it that it can.
func TestBuilderRefuses(t *testing.T) {
	x := newGallery(t)
	a := x.app.Plan()
	k := x.cores.List[0]
	gated, pair, far := a.ByName["gated"], a.ByName["pair"], a.ByName["far"]
	root := base.NewKey(base.KindCell, 1)
	edge := func(to *plan.Node, kind plan.PortKind, input int) *plan.Edge {
		for _, e := range a.Edges {
			if e.Node == to && e.Kind == kind && e.Input == input {
				return e
			}
		}
		t.Fatalf("%s has no such edge", to.Fn.Name)
		return nil
	}
	data, grant := edge(gated, plan.PortData, 0), gated.Ports[0]
	left, right, border := edge(pair, plan.PortData, 0), edge(pair, plan.PortData, 1), edge(far, plan.PortData, 0)
	stamp := &core.Stamp{Edge: border.ID, Func: uint16(gated.Index) + 1, Source: root, Epoch: 1, Count: 1}

	tests := map[string]func(b *core.Builder, good bool) error{
		"root of a unit": func(b *core.Builder, good bool) error {
			return b.Unit(plan.UnitID{Part: gated.Part, Root: pick(good, root, root.Child(sfaas.KindUE, 1))}, 1, 0)
		},
		"key of an instance": func(b *core.Builder, good bool) error {
			_, err := b.Instance(gated, pick(good, root.Child(sfaas.KindUE, 1), base.NewKey(base.KindCell, 2)))
			return err
		},
		"part of an instance": func(b *core.Builder, good bool) error {
			_, err := b.Instance(pick(good, gated, far), root)
			return err
		},
		"port of a control message": func(b *core.Builder, good bool) error {
			return b.AddControl(instance(t, b, gated, root), input(b, pick(good, grant, data), nil))
		},
		"port of a setting": func(b *core.Builder, good bool) error {
			return b.AddSetting(instance(t, b, gated, root), input(b, pick(good, grant, data), nil))
		},
		"data that waits": func(b *core.Builder, good bool) error {
			in := inputs(input(b, pick(good, data, left), nil))
			return b.AddWaiting(instance(t, b, gated, root), &in)
		},
		"line": func(b *core.Builder, good bool) error {
			w := core.Work{Node: gated, Key: root, Inputs: inputs(input(b, data, nil)), Line: pick(good, uint8(2), 3)}
			return b.AddWork(&w)
		},
		"work without inputs": func(b *core.Builder, good bool) error {
			w := core.Work{Node: gated, Key: root}
			if good {
				w.Inputs = inputs(input(b, data, nil))
			}
			return b.AddWork(&w)
		},
		"half": func(b *core.Builder, good bool) error {
			begin(t, b, pair, root)
			h := core.Half{Node: pair, Key: root, Inputs: inputs(input(b, left, nil)), Wide: !good}
			return b.AddHalf(&h)
		},
		"half of a function of one input": func(b *core.Builder, good bool) error {
			n := pick(good, pair, gated)
			begin(t, b, n, root)
			h := core.Half{Node: n, Key: root, Inputs: inputs(input(b, pick(good, right, data), nil))}
			return b.AddHalf(&h)
		},
		"port of a call": func(b *core.Builder, good bool) error {
			begin(t, b, pair, root)
			port := pick(good, pair.Ports[0], gated.Ports[0])
			return b.AddTimer(instance(t, b, pair, root), core.Timer{Token: 1, At: 5, Port: port})
		},
		"stamp of a kept message": func(b *core.Builder, good bool) error {
			return b.AddKept(&core.Kept{Key: root, Input: input(b, border, pick(good, stamp, nil))})
		},
		"edge of a kept message": func(b *core.Builder, good bool) error {
			return b.AddKept(&core.Kept{Key: root, Input: input(b, pick(good, border, data), stamp)})
		},
		"unit of a pushed message": func(b *core.Builder, good bool) error {
			s := &core.Stamp{Edge: data.ID, Node: 1, Source: root, Epoch: 7, Count: 1}
			return b.AddPushed(&core.Kept{Key: root, Input: input(b, pick(good, data, border), s)})
		},
		"source": func(b *core.Builder, good bool) error {
			return b.AddSource(core.SourceState{From: pick(good, data.From, gated.Outlet), Key: root, ID: 1})
		},
		"tokens": func(b *core.Builder, good bool) error {
			return b.RaiseCounters(pick(good, uint64(1), 1<<40), 1)
		},
	}
	for name, try := range tests {
		for _, good := range []bool{true, false} {
			b := k.NewBuilder(x.now, 1)
			begin(t, b, gated, root)
			if err := try(b, good); (err == nil) != good {
				t.Errorf("%s, good %v: %v", name, good, err)
			}
		}
	}
	if _, err := k.NewBuilder(x.now, 1).Instance(gated, sfaas.NewKey(sfaas.KindCell, 1)); err == nil {
		t.Error("an instance without a unit")
	}
}

func pick[T any](first bool, a, b T) T {
	if first {
		return a
	}
	return b
}

// begin begins the unit of a function.
func begin(t *testing.T, b *core.Builder, n *plan.Node, root base.Key) {
	t.Helper()
	if err := b.Unit(plan.UnitID{Part: n.Part, Root: root}, 1, 0); err != nil {
		t.Fatal(err)
	}
}

func instance(t *testing.T, b *core.Builder, n *plan.Node, key base.Key) core.Instance {
	t.Helper()
	x, err := b.Instance(n, key)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func input(b *core.Builder, e *plan.Edge, s *core.Stamp) core.Input {
	return core.Input{Edge: e, Stamp: s, Msg: b.Message(&core.MessageState{From: e.From, Body: e.From.Make()})}
}

func inputs(one core.Input) (in core.Inputs) {
	in.Add(one)
	return in
}
