// SPDX-License-Identifier: Apache-2.0

package uplink_test

import (
	"crypto/sha256"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/ran/block"
	"github.com/neuroran/neuroran/ran/uplink"
	"github.com/neuroran/neuroran/sfaas"
	"github.com/neuroran/neuroran/sfaas/sim"
)

// id names a transmission.
type id struct {
	Slot nr.Slot
	RNTI uint16
	HARQ int
}

// outcome is what a simulation sees of a transmission: the digest of a block
// that passed, zero of one that failed.
type outcome map[id][sha256.Size]byte

// simulate sends the frame, a slot each 500 µs with its schedule beside it,
// through a world with the given faults.
func simulate(t *testing.T, f *frame, cfg sim.Config) (outcome, *sim.World) {
	t.Helper()
	cfg.Nodes = 2
	c := f.chain(t, uplink.Config{Receiver: "ls"})
	got := outcome{}
	w, err := sim.New(c.App, cfg, sfaas.WithMode(sfaas.Replay), sfaas.WithNotices(func(sfaas.Notice) {}),
		sfaas.WithOutput(c.Out, func(_ sfaas.Header, tb *block.TransportBlock) {
			k := id{tb.Slot, tb.RNTI, tb.HARQ}
			if _, twice := got[k]; twice {
				t.Errorf("%+v came out twice", k)
			}
			if got[k] = ([sha256.Size]byte{}); tb.CRC {
				got[k] = sha256.Sum256(tb.TransportBlock.Data.Data())
			}
		}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	key := block.CellKey(f.cfg.Carrier.CellID)
	for i := range f.slots {
		w.At(sfaas.Time(time.Duration(i)*500*time.Microsecond), func() {
			n := sfaas.Slot(f.slots[i].Slot)
			if err := c.Grants.PushValue(w.Node(1), key, n, &f.schedules[i]); err != nil {
				t.Error(err)
			}
			if err := c.Slots.PushValue(w.Node(0), key, n, &f.slots[i]); err != nil {
				t.Error(err)
			}
		})
	}
	w.Run()
	return got, w
}

// late lets schedules, which come from another node, arrive up to a time late: after
// the samples that they are about.
func late(d time.Duration) []sim.Fault {
	return []sim.Fault{
		{From: "grants", To: "phy/extract", Jitter: d},
		{From: "grants", To: "ran/distribute", Jitter: d},
	}
}

// TestSimDelaysGrants delays and reorders schedules within the window in which
// data waits for them: nothing is lost, and every block is the same as without.
func TestSimDelaysGrants(t *testing.T) {
	f := openFrame(t)
	want, _ := simulate(t, f, sim.Config{Seed: 1})
	if len(want) != len(f.rec.Transmissions) {
		t.Fatalf("%d outcomes without faults, want %d", len(want), len(f.rec.Transmissions))
	}
	for k, sum := range want {
		if sum == ([sha256.Size]byte{}) {
			t.Errorf("%+v failed without faults", k)
		}
	}
	for seed := range uint64(3) {
		got, w := simulate(t, f, sim.Config{Seed: seed, Cores: 2, Faults: late(700 * time.Microsecond)})
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("seed %d (-want +got):\n%s", seed, diff)
			for _, n := range w.Node(0).Notices() {
				t.Logf("%v %v slot %d: %s", n.Kind, n.At, n.Header.Slot, n.Reason)
			}
		}
		again, w2 := simulate(t, f, sim.Config{Seed: seed, Cores: 2, Faults: late(700 * time.Microsecond)})
		if w.History() != w2.History() || !cmp.Equal(got, again) {
			t.Errorf("seed %d: two histories, %s and %s", seed, w.History(), w2.History())
		}
	}
}

// TestSimLosesGrants loses schedules: their slots are dropped and counted, and
// no slot is decoded with the schedule of another.
func TestSimLosesGrants(t *testing.T) {
	f := openFrame(t)
	want, _ := simulate(t, f, sim.Config{Seed: 1})
	faults := late(300 * time.Microsecond)
	for i := range faults {
		faults[i].Loss = 0.2
	}
	for seed := range uint64(3) {
		got, w := simulate(t, f, sim.Config{Seed: seed, Faults: faults})
		if w.Lost() == 0 || len(got) == len(want) || len(got) == 0 {
			t.Errorf("seed %d: %d messages lost, %d of %d outcomes", seed, w.Lost(), len(got), len(want))
		}
		for k, sum := range got {
			if sum != ([sha256.Size]byte{}) && sum != want[k] {
				t.Errorf("seed %d: %+v passes its CRC with other bits", seed, k)
			}
		}
		dropped := uint64(0)
		for _, s := range w.Node(0).Stats() {
			dropped += s.Dropped
			if s.Faults != 0 {
				t.Errorf("seed %d: %s has %d faults", seed, s.Name, s.Faults)
			}
		}
		if dropped == 0 {
			t.Errorf("seed %d: nothing counted as dropped", seed)
		}
	}
}
