// SPDX-License-Identifier: Apache-2.0

package uplink_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"log/slog"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/neuroran/neuroran/phy/chest"
	"github.com/neuroran/neuroran/phy/dmrs"
	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/phy/ofdm"
	"github.com/neuroran/neuroran/phy/pusch"
	"github.com/neuroran/neuroran/phy/sch"
	"github.com/neuroran/neuroran/phy/track"
	"github.com/neuroran/neuroran/ran/block"
	"github.com/neuroran/neuroran/ran/uplink"
	"github.com/neuroran/neuroran/sfaas"
)

// TestStateIsTableII checks which functions own cells: those of Table II whose
// state column is not empty, and no other; a tracker is an addition.
func TestStateIsTableII(t *testing.T) {
	for _, receiver := range []string{"ls", "lmmse", "neural"} {
		c := openFrame(t).chain(t, uplink.Config{Receiver: receiver})
		want := []string{"phy/decode", "phy/demap", "phy/extract"}
		if diff := cmp.Diff(want, c.App.Stateful()); diff != "" {
			t.Errorf("%s: functions with cells (-want +got):\n%s", receiver, diff)
		}
	}
	c := openFrame(t).chain(t, uplink.Config{Tracking: track.DefaultConfig()})
	want := []string{"phy/decode", "phy/demap", "phy/extract", "phy/track"}
	if diff := cmp.Diff(want, c.App.Stateful()); diff != "" {
		t.Errorf("with tracking: functions with cells (-want +got):\n%s", diff)
	}
}

// TestSameAsReceiver compares the chain with the fused receiver of phy/pusch on
// the same slots: bits, CRC, iterations and measurements are equal.
func TestSameAsReceiver(t *testing.T) {
	for _, receiver := range []string{"ls", "lmmse"} {
		t.Run(receiver, func(t *testing.T) {
			f := openFrame(t)
			got := f.play(t, f.chain(t, uplink.Config{Receiver: receiver})).Transmissions
			want := fused(t, f, receiver)
			if len(got) != len(want) {
				t.Fatalf("%d transmissions, want %d", len(got), len(want))
			}
			for i := range want {
				g, w := &got[i], &want[i]
				sum := [sha256.Size]byte{}
				if w.CRC {
					sum = sha256.Sum256(w.Data.Data())
				}
				if !g.Received() || g.CRC != w.CRC || g.SHA256 != sum || g.Iterations != w.Iterations || g.Quality != w.Quality {
					t.Errorf("slot %d RNTI %d: got %+v, want %+v", g.Slot, g.Grant.RNTI, g, w)
				}
			}
		})
	}
}

// fused receives the frame with one pusch.Receiver, in the order of the grants.
func fused(t *testing.T, f *frame, receiver string) []nr.TransportBlock {
	t.Helper()
	demod, err := ofdm.NewDemodulator(ofdm.Config{Carrier: f.cfg.Carrier, NumPorts: f.cfg.NumRx, WindowAdvance: ofdm.DefaultAdvance(f.cfg.Carrier)})
	if err != nil {
		t.Fatal(err)
	}
	rx, err := pusch.NewReceiver(pusch.Config{Limits: f.cfg.Limits(), Receiver: receiver})
	if err != nil {
		t.Fatal(err)
	}
	soft := map[[2]int]*sch.SoftBuffer{}
	var out []nr.TransportBlock
	for i := range f.slots {
		var grid nr.Grid
		if err := demod.Process(&grid, &f.slots[i]); err != nil {
			t.Fatal(err)
		}
		for rest := f.schedules[i].Grants; len(rest) > 0; {
			members := []*nr.Grant{&rest[0]}
			for k := 1; k < len(rest) && rest[k].SharesPRBs(&rest[0]); k++ {
				members = append(members, &rest[k])
			}
			rest = rest[len(members):]
			var buffers []*sch.SoftBuffer
			for _, g := range members {
				key := [2]int{int(g.RNTI), g.HARQProcess}
				if soft[key] == nil {
					soft[key] = new(sch.SoftBuffer)
				}
				buffers = append(buffers, soft[key])
			}
			tbs := make([]nr.TransportBlock, len(members))
			if err := errors.Join(rx.Configure(f.slots[i].Slot, members...), rx.Process(tbs, buffers, &grid)); err != nil {
				t.Fatal(err)
			}
			out = append(out, tbs...)
		}
	}
	return out
}

// TestSwap replaces one step by a user's own function.
func TestSwap(t *testing.T) {
	f := openFrame(t)
	var calls atomic.Int64
	scratch := sfaas.NewScratch("own estimator", func() (*chest.LS, error) {
		ref, err := dmrs.NewReference(nr.DefaultGroupLimits())
		if err != nil {
			return nil, err
		}
		return chest.NewLS(ref), nil
	}, nil)
	own := sfaas.Define("own/estimate", func(c *sfaas.Ctx, out *block.Channel, in *block.Aligned) error {
		calls.Add(1)
		out.Trace = in.Trace
		e := scratch.Get(c)
		if err := e.Configure(&in.Group); err != nil {
			return err
		}
		return e.Estimate(&out.Channel, &in.Pilots, &in.Offsets)
	}, sfaas.FunctionConfig{}, scratch)

	c := f.chain(t, uplink.Config{Receiver: "lmmse", Steps: uplink.Steps{Estimate: own}})
	names := c.App.Functions()
	if !slices.Contains(names, "own/estimate") || slices.Contains(names, "phy/estimate") {
		t.Fatalf("functions %v", names)
	}
	got := f.play(t, c)
	want := f.play(t, f.chain(t, uplink.Config{Receiver: "ls"})) // all other steps are equal
	if n := int(calls.Load()); n == 0 || n > len(got.Transmissions) {
		t.Errorf("%d calls for %d transmissions", n, len(got.Transmissions))
	}
	for i := range want.Transmissions {
		g, w := &got.Transmissions[i], &want.Transmissions[i]
		if g.CRC != w.CRC || g.SHA256 != w.SHA256 || g.Quality != w.Quality {
			t.Errorf("slot %d RNTI %d: got %+v, want %+v", g.Slot, g.Grant.RNTI, g, w)
		}
	}
}

// TestFaultySwap lets a user's function fail in one slot: its transmissions have
// no outcome, the others do.
func TestFaultySwap(t *testing.T) {
	f := openFrame(t)
	own := sfaas.Define("own/crc", func(c *sfaas.Ctx, out *block.TransportBlock, in *block.Bits) error {
		switch in.Slot {
		case 5:
			return errors.New("not today")
		case 7:
			panic("nor now")
		case 9:
			return sfaas.ErrNoOutput
		}
		out.Slot, out.RNTI, out.HARQ, out.CRC = in.Slot, in.Code.RNTI, in.Code.HARQProcess, true
		out.TransportBlock.Data.CopyFrom(&in.Packed)
		return nil
	}, sfaas.FunctionConfig{})
	report := f.play(t, f.chain(t, uplink.Config{Steps: uplink.Steps{CheckCRC: own}}))
	for i := range report.Transmissions {
		x := &report.Transmissions[i]
		want := nr.OutcomePassed
		switch x.Slot {
		case 5, 7:
			want = nr.OutcomeFault
		case 9:
			want = nr.OutcomeDropped // the function says that nothing follows
		}
		if x.Outcome != want {
			t.Errorf("slot %d RNTI %d: %v, want %v", x.Slot, x.Grant.RNTI, x.Outcome, want)
		}
	}
	for _, fn := range report.Functions {
		if fn.Name == "own/crc" && fn.Faults != 3 {
			t.Errorf("%d faults counted, want 3", fn.Faults)
		}
	}
}

// TestNewRefuses lists what New does not take.
func TestNewRefuses(t *testing.T) {
	good := openFrame(t).cfg
	for name, c := range map[string]struct {
		change func(*uplink.Config)
		field  string
	}{
		"receiver": {func(c *uplink.Config) { c.Receiver = "magic" }, "receiver"},
		"antennas": {func(c *uplink.Config) { c.NumRx = 9 }, "num_channels"},
		"carrier":  {func(c *uplink.Config) { c.Carrier.NumPRB = 0 }, "n_size_grid"},
		"limit":    {func(c *uplink.Config) { c.MaxLayers = 5 }, "max_layers"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := uplink.Config{Config: good}
			c.change(&cfg)
			_, err := uplink.New(cfg)
			var f *nr.FieldError
			if !errors.As(err, &f) || f.Field != c.field {
				t.Errorf("got %v, want an error about %s", err, c.field)
			}
		})
	}
}

// TestWarmUpIsQuiet plays in real time: symbols are seen at most once.
func TestWarmUpIsQuiet(t *testing.T) {
	f := openFrame(t)
	var seen atomic.Int64
	e, err := uplink.Compose(sfaas.NewGraph("tapped"), configOf(f.cfg, uplink.Config{Receiver: "ls"}))
	check(t, err)
	uplink.Tap(e, e.Symbols, "symbols", func(sfaas.Header, *block.Symbols) { seen.Add(1) })
	c, err := e.Build()
	check(t, err)
	report, err := c.Play(context.Background(), f.rec, uplink.PlayConfig{RealTime: true, Slots: 10, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	if n := int(seen.Load()); n > len(report.Transmissions) || report.Slots != 10 {
		t.Errorf("%d symbols of %d transmissions in %d slots", n, len(report.Transmissions), report.Slots)
	}
}
