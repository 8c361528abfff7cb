// SPDX-License-Identifier: Apache-2.0

package pusch_test

import (
	"bytes"
	"math"
	"os"
	"testing"

	"github.com/neuroran/neuroran/phy/channel"
	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/phy/track"
	"github.com/neuroran/neuroran/tensor"
)

// TestTracking follows a UE on one PRB over a fading channel that goes on from
// slot to slot, with and without what earlier slots have seen. In the middle it
// jumps by a microsecond and 250 Hz, which must not cost more than two slots.
func TestTracking(t *testing.T) {
	const slots, sequences = 60, 4
	var lost [2]int
	for on := range lost {
		f := newField(t, 4, "lmmse")
		g := fieldGrant(1)
		g.MCSIndex = 4
		for q := range uint64(sequences) {
			var ue track.UE
			after := 0
			for slot := range nr.Slot(slots) {
				moved := 0.0
				if slot >= slots/2 {
					moved = 1
				}
				path, err := channel.New(channel.Config{
					Profile: channel.TDLA30(), DopplerHz: 50, NumRx: 4, NumTx: 1, Seed: q,
					DelaySeconds: 0.3e-6 + moved*1e-6, CFOHz: 200 - moved*250,
				})
				if err != nil {
					t.Fatal(err)
				}
				ok := f.trackSlot(path, &ue, slot, g, q, 2, on == 1)
				if !ok {
					lost[on]++
				}
				if !ok && moved == 1 && slot < slots/2+6 {
					after++
				}
			}
			if after > 2 {
				t.Errorf("tracking %v, sequence %d: %d slots are lost after the jump", on == 1, q, after)
			}
		}
	}
	if lost[1] > lost[0]+4 {
		t.Errorf("%d of %d slots are lost with tracking, %d without", lost[1], slots*sequences, lost[0])
	}
	t.Logf("of %d slots %d are lost without tracking, %d with", slots*sequences, lost[0], lost[1])
}

// TestTrackingGain measures what tracking gains at 10 % block error rate, in dB, over
// sequences of 100 slots at 1, 2 and 4 PRBs, the same slots with and without. It runs
// with NEURORAN_LONG=1.
func TestTrackingGain(t *testing.T) {
	if os.Getenv("NEURORAN_LONG") != "1" {
		t.Skip("takes minutes: NEURORAN_LONG=1")
	}
	const slots, sequences = 100, 24
	snrs := []float64{-5, -4, -3, -2, -1, 0, 1, 2, 3}
	for _, receiver := range []string{"ls", "lmmse"} {
		for _, prb := range []int{1, 2, 4} {
			f := newField(t, 4, receiver)
			g := fieldGrant(prb)
			g.MCSIndex = 4
			var edge [2]float64
			for on := range edge {
				var bler []float64
				for _, snr := range snrs {
					lost := 0
					for q := range uint64(sequences) {
						path, err := channel.New(channel.Config{
							Profile: channel.TDLA30(), DopplerHz: 50, NumRx: 4, NumTx: 1, Seed: q, DelaySeconds: 0.3e-6, CFOHz: 200,
						})
						if err != nil {
							t.Fatal(err)
						}
						var ue track.UE
						for slot := range nr.Slot(slots) {
							if !f.trackSlot(path, &ue, slot, g, q, snr, on == 1) {
								lost++
							}
						}
					}
					bler = append(bler, float64(lost)/(slots*sequences))
				}
				edge[on] = edgeOf(snrs, bler)
			}
			t.Logf("%s, %d PRB: 10 %% BLER at %.2f dB, with tracking at %.2f: %.2f dB gained", receiver, prb, edge[0], edge[1], edge[0]-edge[1])
			if !(edge[1] < edge[0]+0.05) {
				t.Errorf("%s, %d PRB: tracking costs %.2f dB", receiver, prb, edge[1]-edge[0])
			}
		}
	}
}

// edgeOf returns where the block error rate falls to 10 %, with straight lines between
// the points of its logarithm; NaN if it does not.
func edgeOf(snrs, bler []float64) float64 {
	for i := 1; i < len(snrs); i++ {
		if bler[i-1] >= 0.1 && bler[i] < 0.1 {
			a, b := math.Log10(bler[i-1]), math.Log10(max(bler[i], 1e-6))
			return snrs[i-1] + (snrs[i]-snrs[i-1])*(a+1)/(a-b)
		}
	}
	return math.NaN()
}

// TestSeenIsOfTheSlotAlone receives one slot with different priors: what the slot
// alone says of a UE must not change by a bit.
func TestSeenIsOfTheSlotAlone(t *testing.T) {
	f := newField(t, 2, "lmmse")
	g := fieldGrant(4)
	grid := f.noise(3)
	f.send(grid, g, 5)
	var none track.UE
	var priors [3]nr.Prior
	group := nr.Group{Slot: 3, Mu: 1}
	none.Prior(&priors[0], track.DefaultConfig(), &group)
	priors[1] = nr.Prior{DelaySeconds: 3e-7, DelayStd: 1e-7, CFOHz: 200, CFOStd: 50, ProfileWeight: 4}
	priors[1].Profile[20], priors[1].Doppler[9] = 1, 3
	priors[2] = nr.Prior{DelaySeconds: -1e-6, DelayStd: 1e-9, CFOHz: -900, CFOStd: 1}
	var offsets [3]nr.SeenOffsets
	var channels [3]nr.Seen
	for i := range priors {
		if err := f.rx.Configure(3, g); err != nil {
			t.Fatal(err)
		}
		f.rx.Expect(0, &priors[i])
		if err := f.rx.Process(make([]nr.TransportBlock, 1), newSoft(1), grid); err != nil {
			t.Fatal(err)
		}
		offsets[i], channels[i] = f.rx.Channel().Offsets.Seen[0], f.rx.Channel().Seen[0]
		if offsets[i] != offsets[0] || channels[i] != channels[0] {
			t.Errorf("prior %d: seen %+v, want %+v", i, offsets[i], offsets[0])
		}
	}
	if offsets[0].DelayStd == 0 || channels[0].Profile == [nr.NumDelays]float32{} {
		t.Error("nothing is seen")
	}
}

// trackSlot sends and receives one slot at an SNR in dB, and reports whether it
// passes.
func (f *field) trackSlot(path *channel.TDL, ue *track.UE, slot nr.Slot, g *nr.Grant, seed uint64, snrDB float64, on bool) bool {
	f.t.Helper()
	f.rng.Seed(seed, uint64(slot))
	data := make([]byte, g.TBS()/8)
	for i := range data {
		data[i] = byte(f.rng.Uint32())
	}
	var sent nr.Grid
	if err := f.tx.Configure(slot, g); err != nil {
		f.t.Fatal(err)
	}
	if err := f.tx.Process(&sent, data); err != nil {
		f.t.Fatal(err)
	}
	got := &nr.Grid{Slot: slot, RE: tensor.New[complex64]([]int{f.numRx, nr.SymbolsPerSlot, f.carrier.NumSubcarriers()})}
	if err := path.AddGrid(&got.RE, &sent.RE, &f.carrier, slot); err != nil {
		f.t.Fatal(err)
	}
	channel.NewNoise(f.rng.Uint64()).Add(got.RE.Data(), math.Pow(10, -snrDB/10))
	if err := f.rx.Configure(slot, g); err != nil {
		f.t.Fatal(err)
	}
	if on {
		group := f.rx.Group()
		var prior nr.Prior
		ue.Prior(&prior, track.DefaultConfig(), &group)
		f.rx.Expect(0, &prior)
	}
	tb := make([]nr.TransportBlock, 1)
	if err := f.rx.Process(tb, newSoft(1), got); err != nil {
		f.t.Fatal(err)
	}
	seen := track.SightOf(f.rx.Channel(), 0)
	ue.Add(&seen)
	return tb[0].CRC && bytes.Equal(tb[0].Data.Data(), data)
}
