// SPDX-License-Identifier: Apache-2.0

package sfaas_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"testing"

	"github.com/cespare/xxhash/v2"
	"github.com/neuroran/neuroran/sfaas"
	"github.com/neuroran/neuroran/sfaas/internal/core"
	"github.com/neuroran/neuroran/sfaas/internal/state"
	"github.com/neuroran/neuroran/tensor"
)

type mixed struct {
	N     int16
	On    bool
	Gains tensor.Tensor[complex64]
	Last  [3]float64
}

// library is a graph with one cell of every kind and class.
func library(t testing.TB, opts ...sfaas.Option) (*sfaas.Runtime, sfaas.Input[number], *uint64) {
	t.Helper()
	value := sfaas.NewValue[mixed]("value", sfaas.Replicated)
	list := sfaas.NewList[uint32]("list", sfaas.Volatile)
	table := sfaas.NewMap[uint8, [2]uint64]("table", sfaas.Sealed)
	f := sfaas.Define("f", func(c *sfaas.Ctx, out, in *number) error {
		v := value.Mut(c)
		v.N++
		v.On = !v.On
		v.Last[v.N%3] += float64(in.X)
		v.Gains.Resize(2, 3)
		v.Gains.Data()[in.X%6] += complex(1, float32(in.X))
		list.Append(c, uint32(in.X))
		table.Mut(c, uint8(in.X%5))[1] += in.X
		out.X = uint64(v.N)*1_000_000 + uint64(imag(v.Gains.Data()[1]))
		for _, x := range list.All(c) {
			out.X += uint64(*x)
		}
		for k, x := range table.All(c) {
			out.X += uint64(k) * x[1]
		}
		return nil
	}, sfaas.FunctionConfig{}, value, list, table)
	g := sfaas.NewGraph("library")
	in := sfaas.Source[number](g, "in")
	out := sfaas.Sink(sfaas.Apply(in.With(sfaas.EdgeConfig{Guarantee: sfaas.ExactlyOnce}), f), "out")
	app, err := g.Build()
	if err != nil {
		t.Fatal(err)
	}
	last := new(uint64)
	opts = append([]sfaas.Option{sfaas.WithSealer(sfaas.NewSealer([32]byte{1})), sfaas.WithWorkers(1), sfaas.WithLogger(quietLog),
		sfaas.WithOutput(out, func(_ sfaas.Header, x *number) { *last = x.X })}, opts...)
	rt, err := sfaas.NewRuntime(app, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { rt.Close() })
	return rt, in, last
}

func feed(t testing.TB, rt *sfaas.Runtime, in sfaas.Input[number], from, to uint64) {
	t.Helper()
	for x := from; x < to; x++ {
		if err := in.PushValue(rt, sfaas.NewKey(sfaas.KindCell, 3), sfaas.Slot(x), &number{x}); err != nil {
			t.Fatal(err)
		}
	}
	drain(t, rt)
}

func snapshotOf(t testing.TB, rt *sfaas.Runtime) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := rt.Snapshot(context.Background(), &b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestSnapshot continues in a second runtime, with another number of workers,
// where the first one stopped.
func TestSnapshot(t *testing.T) {
	a, in, want := library(t)
	feed(t, a, in, 1, 20)
	snap := snapshotOf(t, a)
	feed(t, a, in, 20, 30)
	b, inB, got := library(t, sfaas.WithWorkers(3))
	if err := b.Restore(context.Background(), bytes.NewReader(snap)); err != nil {
		t.Fatal(err)
	}
	feed(t, b, inB, 20, 30)
	if *got != *want || *want == 0 {
		t.Errorf("got %d, want %d", *got, *want)
	}
	if s := b.Stats()[0]; s.Repeated != 0 || s.Faults != 0 {
		t.Errorf("repeated %d, faults %d", s.Repeated, s.Faults)
	}
}

// TestSnapshotDamage flips every byte and cuts at every length: all are
// refused, and a wrong key opens nothing.
func TestSnapshotDamage(t *testing.T) {
	a, in, _ := library(t)
	feed(t, a, in, 1, 4)
	snap := snapshotOf(t, a)
	b, _, _ := library(t)
	try := func(what string, i int, data []byte) {
		if err := b.Restore(context.Background(), bytes.NewReader(data)); !errors.Is(err, sfaas.ErrSnapshot) {
			t.Errorf("%s at %d: got %v, want ErrSnapshot", what, i, err)
		}
	}
	for i := range snap {
		x := bytes.Clone(snap)
		x[i] ^= 0x10
		try("flip", i, x)
		try("cut", i, snap[:i])
	}
	c, _, _ := library(t, sfaas.WithSealer(sfaas.NewSealer([32]byte{2})))
	if err := c.Restore(context.Background(), bytes.NewReader(snap)); !errors.Is(err, sfaas.ErrSnapshot) {
		t.Errorf("wrong key: %v", err)
	}
}

// FuzzRestore lets no bytes panic or hang: neither while they are read, nor
// when what they said runs.
func FuzzRestore(f *testing.F) {
	a, in, _ := library(f)
	feed(f, a, in, 1, 4)
	f.Add(openSnapshot(snapshotOf(f, a)))
	h := newHall(f, sfaas.WithWorkers(1))
	h.fill(f)
	f.Add(openSnapshot(snapshotOf(f, h.rt)))
	f.Add([]byte("NRSNAP\x03\x00"))
	app := h.rt.App()
	lines := linesOf(f, h)
	restored(f, app, lines, sfaas.WithSealer(sfaas.NewSealer([32]byte{3})))
	f.Add(openSnapshot(lines))
	f.Fuzz(func(t *testing.T, data []byte) {
		now := sfaas.Time(1)
		cores, err := newCores(app, func(*core.Batch, uint32, error) {}, sfaas.WithWorkers(2), sfaas.WithSealer(sfaas.NewSealer([32]byte{3})), sfaas.WithLogger(quietLog),
			sfaas.WithClock(func() sfaas.Time { return now }))
		if err != nil {
			t.Fatal(err)
		}
		defer cores.Close()
		err = state.Restore(cores, bytes.NewReader(closeSnapshot(data)), now, func(int, []core.Effect) {})
		if err != nil && !errors.Is(err, sfaas.ErrSnapshot) {
			t.Error(err)
		}
		for _, k := range cores.List {
			for i := 0; k.Ready() && i < 100; i++ {
				k.Run(now, nil)
			}
			k.Step(&core.Event{Kind: core.EventTimer, Now: now + 1e12}, nil)
			for i := 0; k.Ready() && i < 100; i++ {
				k.Run(now+1e12, nil)
			}
		}
	})
}

// linesOf returns a snapshot of cores that have taken in what fills a hall, and
// have run nothing: it waits in lines.
func linesOf(tb testing.TB, h *hall) []byte {
	tb.Helper()
	cores, err := newCores(h.rt.App(), func(*core.Batch, uint32, error) {}, sfaas.WithWorkers(1), sfaas.WithSealer(sfaas.NewSealer([32]byte{3})))
	if err != nil {
		tb.Fatal(err)
	}
	defer cores.Close()
	host := &coreHost{cores: cores}
	for _, in := range []sfaas.Input[number]{h.data, h.left, h.right, h.all, h.grants} {
		if err := in.PushValue(host, sfaas.NewKey(sfaas.KindCell, 1).Child(sfaas.KindUE, 2), 5, &number{7}); err != nil {
			tb.Fatal(err)
		}
		cores.List[0].Step(&host.event, nil)
	}
	snap, err := state.AppendSnapshot(nil, 1, cores.List)
	if err != nil {
		tb.Fatal(err)
	}
	return snap
}

// FuzzDecode checks the codec of cells: what decodes encodes and decodes to
// the same bytes.
func FuzzDecode(f *testing.F) {
	m := mixed{N: 3, On: true, Gains: tensor.New[complex64]([]int{2, 2}, "rx", "symbol")}
	b, err := sfaas.Encode(&m)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Fuzz(func(t *testing.T, data []byte) {
		x, err := sfaas.Decode[mixed](data)
		if err != nil {
			return
		}
		one, err := sfaas.Encode(&x)
		if err != nil {
			t.Fatal(err)
		}
		y, err := sfaas.Decode[mixed](one)
		if err != nil {
			t.Fatal(err)
		}
		if two, _ := sfaas.Encode(&y); !bytes.Equal(one, two) {
			t.Errorf("%x and %x", one, two)
		}
	})
}

// closeSnapshot ends a snapshot whose records have been changed, so that its
// checksum is right. What is too short for a checksum stays as it is.
func closeSnapshot(data []byte) []byte {
	if len(data) < 8 {
		return data
	}
	sum := xxhash.Sum64(data)
	data = binary.LittleEndian.AppendUint32(append(data[:len(data):len(data)], 0), 8)
	return binary.LittleEndian.AppendUint64(data, sum)
}

// openSnapshot is the inverse of closeSnapshot.
func openSnapshot(data []byte) []byte { return data[:max(0, len(data)-13)] }
