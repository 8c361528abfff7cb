// SPDX-License-Identifier: Apache-2.0

package uplink_test

import (
	"context"
	"log/slog"
	"testing"

	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/phy/sigmf"
	"github.com/neuroran/neuroran/ran/block"
	"github.com/neuroran/neuroran/ran/uplink"
)

// frame is a recording of one whole frame: it may be repeated under later slot
// numbers, since scrambling and DM-RS depend on the slot in the frame only.
type frame struct {
	rec       *sigmf.Recording
	cfg       block.Config
	slots     []nr.Baseband
	schedules []nr.Schedule
}

// openFrame reads the recording that examples/uplink ships.
func openFrame(t testing.TB) *frame {
	t.Helper()
	f := openSlots(t, "../../examples/uplink/testdata/uplink.sigmf-meta")
	if len(f.slots) != f.rec.Carrier.Numerology().SlotsPerFrame() {
		t.Fatalf("%d slots, want a frame", len(f.slots))
	}
	return f
}

// openSlots reads a recording of slots that follow each other.
func openSlots(t testing.TB, path string) *frame {
	t.Helper()
	rec, err := sigmf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { rec.Close() })
	f := &frame{rec: rec, cfg: block.Config{Carrier: rec.Carrier, NumRx: rec.NumChannels}}
	slots := rec.Slots()
	f.slots, f.schedules = make([]nr.Baseband, len(slots)), make([]nr.Schedule, len(slots))
	for i := range slots {
		if err := rec.ReadSlot(&f.slots[i], &slots[i]); err != nil {
			t.Fatal(err)
		}
		for _, x := range slots[i].Transmissions {
			f.schedules[i].Set(x.Slot, append(f.schedules[i].Grants, x.Grant)...)
		}
	}
	return f
}

// configOf returns the configuration of a receiver: at most one says what else it has
// than the carrier.
func configOf(cfg block.Config, with ...uplink.Config) uplink.Config {
	var c uplink.Config
	if len(with) > 0 {
		c = with[0]
	}
	c.Config = cfg
	return c
}

// chain returns the chain of the frame's carrier.
func (f *frame) chain(t testing.TB, with ...uplink.Config) *uplink.Chain {
	t.Helper()
	c, err := uplink.New(configOf(f.cfg, with...))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// play runs the frame through a chain.
func (f *frame) play(t testing.TB, c *uplink.Chain) *uplink.Report {
	t.Helper()
	report, err := c.Play(context.Background(), f.rec, uplink.PlayConfig{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return report
}
