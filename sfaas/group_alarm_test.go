// SPDX-License-Identifier: Apache-2.0

package sfaas_test

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/neuroran/neuroran/sfaas"
)

// TestAlarmOfOther lets two runtimes share a thread, which wakes for an alarm of one:
// the other one, for which there was nothing to do, still wakes for a message.
func TestAlarmOfOther(t *testing.T) {
	group, err := sfaas.NewThreadGroup(1, sfaas.Threads{Fallback: true})
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { _ = group.Close() })
	var fired, got atomic.Uint64
	later := sfaas.Ref[number]("later")
	l := sfaas.Define("later", func(*sfaas.Ctx, *number, *number) error { fired.Add(1); return sfaas.ErrNoOutput }, sfaas.FunctionConfig{})
	f := sfaas.Define("f", func(c *sfaas.Ctx, _, _ *number) error {
		got.Add(1)
		later.After(c, c.Key(), 5*time.Millisecond)
		return sfaas.ErrNoOutput
	}, sfaas.FunctionConfig{}, later)
	g := sfaas.NewGraph("g")
	in, unused := sfaas.Source[number](g, "in"), sfaas.Source[number](g, "unused")
	sfaas.Apply(in.With(sfaas.EdgeConfig{}), f)
	sfaas.Apply(unused, l)
	app := build(t, g)
	a := start(t, app, sfaas.WithThreadGroup(group), sfaas.WithNode(1))
	defer a.Close()
	b := start(t, app, sfaas.WithThreadGroup(group), sfaas.WithNode(2), sfaas.WithDefaultOwner(2))
	defer b.Close()
	push(t, in, b, sfaas.NewKey(sfaas.KindCell, 1), 1, 0)
	await(t, "the first message of the other one", func() bool { return got.Load() == 1 && fired.Load() == 1 })
	push(t, in, a, sfaas.NewKey(sfaas.KindCell, 1), 1, 0) // its alarm wakes the thread,
	await(t, "the alarm", func() bool { return fired.Load() == 2 })
	time.Sleep(5 * time.Millisecond) // which sleeps again
	push(t, in, b, sfaas.NewKey(sfaas.KindCell, 1), 2, 0)
	await(t, "a message to the other one", func() bool { return got.Load() == 3 })
}

func await(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for begin := time.Now(); !holds(); time.Sleep(time.Millisecond) {
		if time.Since(begin) > 5*time.Second {
			t.Fatalf("%s: not within 5 seconds", what)
		}
	}
}
