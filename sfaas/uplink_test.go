// SPDX-License-Identifier: Apache-2.0

package sfaas_test

import (
	"context"
	"sort"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/neuroran/neuroran/sfaas"
)

// The graph of the design, with toy types: a slot carries one number per user,
// the receiver adds one at every step, and the decoder combines repetitions.

type (
	slotData  struct{ Samples [4]int32 }
	gridData  struct{ Values [4]int32 }
	pduData   struct{ UE, HARQ, Pilot, Data int32 }
	chanData  struct{ Gain int32 }
	symData   struct{ HARQ, X int32 }
	llrData   struct{ HARQ, L int32 }
	tbData    struct{ UE, Sum, MCS int32 }
	grantData struct{ MCS int32 }
	softBits  struct{ Sum int32 }
)

type uplink struct {
	app    *sfaas.App
	slot   sfaas.Input[slotData]
	grants sfaas.Input[grantData]
	out    sfaas.Output[tbData]
}

func newUplink(t testing.TB) uplink {
	t.Helper()
	demodulate := sfaas.Define("phy/ofdm", func(_ *sfaas.Ctx, out *gridData, in *slotData) error {
		out.Values = in.Samples
		return nil
	}, sfaas.FunctionConfig{})
	extract := sfaas.DefineEach("phy/extract", func(c *sfaas.Ctx, out sfaas.Emitter[pduData], in *gridData) error {
		for ue, v := range in.Values {
			if v != 0 {
				*out.Add(c.Key().Child(sfaas.KindUE, uint64(ue))) = pduData{UE: int32(ue), Data: v, Pilot: 10}
			}
		}
		return nil
	}, sfaas.FunctionConfig{})
	estimate := sfaas.Define("phy/chest", func(_ *sfaas.Ctx, out *chanData, in *pduData) error {
		out.Gain = in.Pilot
		return nil
	}, sfaas.FunctionConfig{})
	equalize := sfaas.Define("phy/equalizer", func(_ *sfaas.Ctx, out *symData, both *sfaas.Pair[pduData, chanData]) error {
		in, ch := both.A, both.B
		*out = symData{HARQ: in.HARQ, X: in.Data * ch.Gain}
		return nil
	}, sfaas.FunctionConfig{})
	demap := sfaas.Define("phy/demap", func(_ *sfaas.Ctx, out *llrData, in *symData) error {
		*out = llrData{HARQ: in.HARQ, L: in.X}
		return nil
	}, sfaas.FunctionConfig{})

	soft := sfaas.NewMap[int32, softBits]("soft", sfaas.Volatile)
	mcs := sfaas.NewValue[int32]("mcs", sfaas.Replicated)
	decode := sfaas.Define("phy/decode", func(c *sfaas.Ctx, tb *tbData, in *llrData) error {
		buf := soft.Mut(c, in.HARQ)
		buf.Sum += in.L
		ue, _ := c.Key().ID(sfaas.KindUE)
		m, _ := mcs.Get(c)
		*tb = tbData{UE: int32(ue), Sum: buf.Sum, MCS: m}
		return nil
	}, sfaas.FunctionConfig{Budget: 200 * time.Microsecond}, soft, mcs)
	decodeGrant := sfaas.OnControl(decode, func(c *sfaas.Ctx, g *grantData) error {
		mcs.Set(c, g.MCS)
		return nil
	})

	g := sfaas.NewGraph("uplink")
	slot := sfaas.Source[slotData](g, "slot")
	grants := sfaas.Source[grantData](g, "grants")
	grid := sfaas.Apply(slot, demodulate)
	pdu := sfaas.Apply(grid, extract)
	chn := sfaas.Apply(pdu, estimate)
	sym := sfaas.Apply(sfaas.Join(pdu, chn), equalize)
	tb := sfaas.Apply(sfaas.Apply(sym, demap), decode)
	sfaas.Control(grants, decodeGrant)
	out := sfaas.Sink(tb, "tb")
	app, err := g.Build()
	if err != nil {
		t.Fatal(err)
	}
	return uplink{app, slot, grants, out}
}

type tbResult struct {
	Slot sfaas.Slot
	TB   tbData
}

func TestUplink(t *testing.T) {
	u := newUplink(t)
	for _, workers := range []int{1, 2, 3} {
		var mu sync.Mutex
		var got []tbResult
		rt, err := sfaas.NewRuntime(u.app, sfaas.WithWorkers(workers), sfaas.WithMode(sfaas.Replay),
			sfaas.WithOutput(u.out, func(h sfaas.Header, tb *tbData) {
				mu.Lock()
				got = append(got, tbResult{h.Slot, *tb})
				mu.Unlock()
			}))
		if err != nil {
			t.Fatal(err)
		}
		cell := sfaas.NewKey(sfaas.KindCell, 1)
		var want []tbResult
		for n := sfaas.Slot(1); n <= 20; n++ {
			for ue := range 3 {
				if n == 7 && ue == 1 {
					continue // no grant: must not be decoded with the older one
				}
				g := grantData{MCS: int32(n) * 10}
				if err := u.grants.PushValue(rt, cell.Child(sfaas.KindUE, uint64(ue)), n, &g); err != nil {
					t.Fatal(err)
				}
			}
			if err := u.slot.Push(rt, cell, n, func(s *slotData) error {
				s.Samples = [4]int32{1, 2, 3, 0}
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			for ue := range 3 {
				sum := int32(n) * int32(ue+1) * 10
				if ue == 1 && n >= 7 {
					sum -= 20
				}
				if n == 7 && ue == 1 {
					continue
				}
				want = append(want, tbResult{n, tbData{UE: int32(ue), Sum: sum, MCS: int32(n) * 10}})
			}
		}
		if err := rt.Drain(context.Background()); err != nil {
			t.Fatal(err)
		}
		sort.Slice(got, func(i, j int) bool {
			a, b := got[i], got[j]
			return a.Slot < b.Slot || (a.Slot == b.Slot && a.TB.UE < b.TB.UE)
		})
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("workers=%d: -want +got\n%s", workers, d)
		}
		for _, s := range rt.Stats() {
			if s.Name == "phy/decode" && (s.Dropped != 1 || s.Invocations != 59+59) {
				t.Errorf("workers=%d: decode dropped %d, ran %d; want 1, 118", workers, s.Dropped, s.Invocations)
			}
		}
		if err := rt.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if d := cmp.Diff([]string{"phy/decode"}, u.app.Stateful()); d != "" {
		t.Error(d)
	}
}
