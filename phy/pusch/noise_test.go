// SPDX-License-Identifier: Apache-2.0

package pusch_test

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/neuroran/neuroran/phy/channel"
	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/phy/pusch"
	"github.com/neuroran/neuroran/phy/sch"
)

// TestNoiseFailsCRC receives slots in which nobody transmits, as after a missed
// grant: a CRC of L bits lets noise through once in 2^L times. Public reports:
// openairinterface5g#404, NVlabs/neural_rx#3. The command internal/bench/falsepass
// counts over millions of slots.
func TestNoiseFailsCRC(t *testing.T) {
	for _, c := range []struct{ rx, prb, mcs, slots, most int }{{1, 1, 0, 1000, 1}, {2, 1, 20, 2000, 2}, {4, 24, 10, 300, 0}} {
		for _, receiver := range []string{"ls", "lmmse"} {
			t.Run(fmt.Sprintf("%s rx=%d prb=%d mcs=%d", receiver, c.rx, c.prb, c.mcs), func(t *testing.T) {
				rx, err := pusch.NewReceiver(pusch.Config{Limits: pusch.Limits{Carrier: loopCarrier, NumRx: c.rx}, Receiver: receiver})
				must(t, err)
				g := plainGrant()
				g.NumPRB, g.MCSIndex = c.prb, c.mcs
				tb, soft := make([]nr.TransportBlock, 1), []*sch.SoftBuffer{new(sch.SoftBuffer)}
				got, noise, passes := newReceived(&loopCarrier, 0, c.rx), channel.NewNoise(1), 0
				for slot := range nr.Slot(some(c.slots)) {
					got.Slot = slot
					got.RE.Clear()
					noise.Add(got.RE.Data(), 1)
					must(t, rx.Configure(slot, g))
					must(t, rx.Process(tb, soft, got))
					if tb[0].CRC {
						passes++
					}
				}
				if passes > c.most {
					t.Errorf("seed 1: the CRC passes in %d of %d slots of noise, want at most %d", passes, some(c.slots), c.most)
				}
			})
		}
	}
}

// TestWeakBlocksAreNotOthers receives blocks far below their threshold: a CRC
// that passes belongs to the bits that were sent.
func TestWeakBlocksAreNotOthers(t *testing.T) {
	g := plainGrant()
	g.NumPRB, g.MCSIndex = 1, 5
	rng := rand.New(rand.NewPCG(1, 7))
	rx := newPlainReceiver(t, pusch.Config{})
	tb, soft := make([]nr.TransportBlock, 1), []*sch.SoftBuffer{new(sch.SoftBuffer)}
	wrong := 0
	for i := range some(1500) {
		block := randomBlock(rng, g)
		snr := -25 + 15*rng.Float64()
		must(t, rx.Configure(nr.Slot(i), g))
		must(t, rx.Process(tb, soft, sendPlain(t, g, nr.Slot(i), block, snr, uint64(i))))
		if tb[0].CRC && !bytes.Equal(tb[0].Data.Data(), block) {
			wrong++
		}
	}
	if wrong > 1 {
		t.Errorf("seed 1: %d blocks pass with wrong bits, want at most 1", wrong)
	}
}

// TestZeroBlockPasses sends a block of zeros, for which every CRC holds, well
// above the threshold.
func TestZeroBlockPasses(t *testing.T) {
	for _, prb := range []int{1, 24} {
		for mcs := range 29 {
			g := plainGrant()
			g.NumPRB, g.MCSIndex = prb, mcs
			rx := newPlainReceiver(t, pusch.Config{})
			tb := make([]nr.TransportBlock, 1)
			must(t, rx.Configure(0, g))
			snr := 10*math.Log10(math.Pow(2, g.MCS().Rate.Float()*float64(g.MCS().Modulation.BitsPerSymbol()))-1) + 6
			must(t, rx.Process(tb, []*sch.SoftBuffer{new(sch.SoftBuffer)}, sendPlain(t, g, 0, make([]byte, g.TBS()/8), snr, 3)))
			if !tb[0].CRC {
				t.Errorf("%d PRB, MCS %d, %.0f dB: a block of zeros fails", prb, mcs, snr)
			}
		}
	}
}
