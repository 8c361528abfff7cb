// SPDX-License-Identifier: Apache-2.0

package uplink_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/neuroran/neuroran/phy/channel"
	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/phy/ofdm"
	"github.com/neuroran/neuroran/phy/pusch"
	"github.com/neuroran/neuroran/phy/sch"
	"github.com/neuroran/neuroran/phy/track"
	"github.com/neuroran/neuroran/ran/block"
	"github.com/neuroran/neuroran/ran/uplink"
	"github.com/neuroran/neuroran/sfaas"
	"github.com/neuroran/neuroran/tensor"
)

// The carrier offset and delay of UE u in fadingFrame.
func trueCFO(u int) float64   { return 150 + 100*float64(u) }
func trueDelay(u int) float64 { return (0.2 + 0.2*float64(u)) * 1e-6 }

// fadingFrame makes slots in which what one slot says is little: one UE on one PRB
// in two slots of three, and two UEs on two shared PRBs in three of four, near the
// noise, over channels that go on from slot to slot. Cells differ in their
// identities, channels and data, and in nothing else.
func fadingFrame(t *testing.T, slots, cell int) *frame {
	t.Helper()
	const numRx = 2
	carrier := nr.Carrier{CellID: cell, SubcarrierSpacingKHz: 30, NumPRB: 24, FFTSize: 512}
	f := &frame{cfg: block.Config{Carrier: carrier, NumRx: numRx}}
	tx, err := pusch.NewTransmitter(pusch.Limits{Carrier: carrier})
	check(t, err)
	mod, err := ofdm.NewModulator(ofdm.Config{Carrier: carrier, NumPorts: numRx})
	check(t, err)
	noise := channel.NewNoise(uint64(cell))
	var paths [3]*channel.TDL
	for u := range paths {
		paths[u], err = channel.New(channel.Config{
			Profile: channel.TDLA30(), DopplerHz: 20, NumRx: numRx, NumTx: 1, Seed: uint64(cell + u),
			DelaySeconds: trueDelay(u), CFOHz: trueCFO(u),
		})
		check(t, err)
	}
	for n := range nr.Slot(slots) {
		got := nr.Grid{Slot: n, RE: tensor.New[complex64]([]int{numRx, nr.SymbolsPerSlot, carrier.NumSubcarriers()})}
		noise.Add(got.RE.Data(), 0.6)
		var schedule nr.Schedule
		schedule.Set(n)
		for u, path := range paths {
			if g := fadingGrant(u, cell); u == 0 && n%3 != 2 || u > 0 && n%4 != 3 {
				schedule.Grants = append(schedule.Grants, g)
				data := make([]byte, g.TBS()/8)
				for i := range data {
					data[i] = byte(noise.Rand().Uint32())
				}
				var sent nr.Grid
				check(t, tx.Configure(n, &g))
				check(t, tx.Process(&sent, data))
				check(t, path.AddGrid(&got.RE, &sent.RE, &carrier, n))
			}
		}
		var air nr.Baseband
		check(t, mod.Process(&air, &got))
		f.slots, f.schedules = append(f.slots, air), append(f.schedules, schedule)
	}
	return f
}

// fadingGrant is the grant of UE u of a cell in each slot.
func fadingGrant(u, cell int) nr.Grant {
	g := nr.Grant{
		RNTI: uint16(100 + u), NID: cell, NumLayers: 1, NumAntennaPorts: 1, Mapping: nr.MappingA, NumSymbols: 14, NumPRB: 1,
		MCSTable: nr.MCSTable64QAM, MCSIndex: 2, NewData: true,
		DMRS: nr.DMRS{ConfigType: 1, Length: 1, AdditionalPosition: 1, TypeAPosition: 2, NumCDMGroupsWithoutData: 2, NID: [2]int{cell, cell}},
	}
	if u > 0 {
		g.StartPRB, g.NumPRB, g.DMRS.Ports[0] = 10, 2, uint8(2*(u-1))
	}
	return g
}

// received is what came out of a transmission.
type received struct {
	CRC     bool
	Sum     [sha256.Size]byte
	Quality nr.Quality
}

func receivedOf(tb *nr.TransportBlock) received {
	return received{tb.CRC, sha256.Sum256(tb.Data.Data()), tb.Quality}
}

// flood pushes all slots from one on into a runtime of several workers without
// waiting for any, and returns what came out.
func (f *frame) flood(t *testing.T, c *uplink.Chain, from int) map[id]received {
	t.Helper()
	var mu sync.Mutex
	got := map[id]received{}
	rt, err := c.Open(func(_ sfaas.Header, tb *block.TransportBlock) {
		mu.Lock()
		defer mu.Unlock()
		got[id{tb.Slot, tb.RNTI, tb.HARQ}] = receivedOf(&tb.TransportBlock)
	}, sfaas.WithMode(sfaas.Replay), sfaas.WithWorkers(3), sfaas.WithSourceLimit(1<<20), sfaas.WithChecks())
	check(t, err)
	defer rt.Close()
	key := block.CellKey(f.cfg.Carrier.CellID)
	for i := from; i < len(f.slots); i++ {
		check(t, c.Grants.PushValue(rt, key, sfaas.Slot(i), &f.schedules[i]))
		check(t, c.Slots.PushValue(rt, key, sfaas.Slot(i), &f.slots[i]))
	}
	check(t, rt.Drain(context.Background()))
	return got
}

// TestTrackingSameAsReceiver compares the chain, flooded with slots, with the fused
// receiver of phy/pusch and the filter of phy/track, slot by slot: bits, CRC and
// measurements are equal.
func TestTrackingSameAsReceiver(t *testing.T) {
	f, cfg := fadingFrame(t, 40, 5), track.DefaultConfig()
	want := f.tracked(t, &cfg)
	got := f.flood(t, f.chain(t, uplink.Config{Tracking: cfg}), 0)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	without := f.tracked(t, nil)
	if cmp.Equal(want, without) {
		t.Error("tracking changes nothing")
	}
	if diff := cmp.Diff(without, f.flood(t, f.chain(t), 0)); diff != "" {
		t.Errorf("without tracking, -want +got:\n%s", diff)
	}
}

// tracked receives the frame with one pusch.Receiver, and with one filter per UE if
// there is a configuration.
func (f *frame) tracked(t *testing.T, cfg *track.Config) map[id]received {
	t.Helper()
	demod, err := ofdm.NewDemodulator(ofdm.Config{Carrier: f.cfg.Carrier, NumPorts: f.cfg.NumRx, WindowAdvance: ofdm.DefaultAdvance(f.cfg.Carrier)})
	check(t, err)
	rx, err := pusch.NewReceiver(pusch.Config{Limits: f.cfg.Limits()})
	check(t, err)
	ues := map[uint16]*track.UE{}
	out := map[id]received{}
	for i := range f.slots {
		var grid nr.Grid
		check(t, demod.Process(&grid, &f.slots[i]))
		var alone, shared []*nr.Grant
		for k := range f.schedules[i].Grants {
			if g := &f.schedules[i].Grants[k]; g.StartPRB == 0 {
				alone = append(alone, g)
			} else {
				shared = append(shared, g)
			}
		}
		for _, members := range [][]*nr.Grant{alone, shared} {
			if len(members) == 0 {
				continue
			}
			check(t, rx.Configure(f.slots[i].Slot, members...))
			group := rx.Group()
			for u, g := range members {
				if ues[g.RNTI] == nil {
					ues[g.RNTI] = new(track.UE)
				}
				if cfg != nil {
					var prior nr.Prior
					ues[g.RNTI].Prior(&prior, *cfg, &group)
					rx.Expect(u, &prior)
				}
			}
			tbs, soft := make([]nr.TransportBlock, len(members)), []*sch.SoftBuffer{new(sch.SoftBuffer), new(sch.SoftBuffer)}
			check(t, rx.Process(tbs, soft[:len(members)], &grid))
			for u := range tbs {
				if !rx.Channel().Absent[u] {
					sight := track.SightOf(rx.Channel(), u)
					ues[tbs[u].RNTI].Add(&sight)
				}
				out[id{tbs[u].Slot, tbs[u].RNTI, tbs[u].HARQ}] = receivedOf(&tbs[u])
			}
		}
	}
	return out
}

// TestTrackingGains: delays and carrier offsets that are observed are known more
// precisely with the slots before than without, and no fewer blocks pass.
func TestTrackingGains(t *testing.T) {
	f := fadingFrame(t, 120, 5)
	var cfo, delay [2]float64 // mean squares of the errors, Hz² and ns²
	var passed [2]int
	for on, with := range []uplink.Config{{}, {Tracking: track.DefaultConfig()}} {
		n := 0.0
		for k, x := range f.flood(t, f.chain(t, with), 0) {
			if x.CRC {
				passed[on]++
			}
			if u := int(k.RNTI) - 100; x.Quality.CFOObserved && x.Quality.DelayObserved {
				n++
				cfo[on] += (math.Pow(x.Quality.CFOHz-trueCFO(u), 2) - cfo[on]) / n
				delay[on] += (math.Pow((x.Quality.DelaySeconds-trueDelay(u))*1e9, 2) - delay[on]) / n
			}
		}
	}
	text := fmt.Sprintf("rms of the carrier offset %.0f Hz without, %.0f with tracking; of the delay %.0f and %.0f ns; %d and %d pass",
		math.Sqrt(cfo[0]), math.Sqrt(cfo[1]), math.Sqrt(delay[0]), math.Sqrt(delay[1]), passed[0], passed[1])
	if t.Log(text); cfo[1] > 0.4*cfo[0] || delay[1] > 0.5*delay[0] || passed[1] < passed[0]-3 {
		t.Error(text)
	}
}

// TestTrackingIsRestored begins in the middle: from Window + Lag slots on, all that
// comes out is the same, bit for bit, as from the beginning.
func TestTrackingIsRestored(t *testing.T) {
	f, cfg := fadingFrame(t, 60, 5), track.DefaultConfig()
	want := f.flood(t, f.chain(t, uplink.Config{Tracking: cfg}), 0)
	const from = 20
	got := f.flood(t, f.chain(t, uplink.Config{Tracking: cfg}), from)
	same := 0
	for k, w := range want {
		if g, ok := got[k]; int(k.Slot) >= from+cfg.Lag+cfg.Window-1 && g != w {
			t.Errorf("%+v: there %v, got %+v, want %+v", k, ok, g, w)
		} else if ok && g == w {
			same++
		}
	}
	if same == len(got) {
		t.Error("the slots before have no influence at all")
	}
}

// TestTrackingMoves moves the cell in mode Fed, with the history that the functions
// ask for: blocks and measurements are those without moves.
func TestTrackingMoves(t *testing.T) {
	f := fadingFrame(t, 40, 5)
	note := func(tb *block.TransportBlock) [sha256.Size]byte {
		return sha256.Sum256(fmt.Append(nil, receivedOf(&tb.TransportBlock)))
	}
	run := func(mode *sfaas.MoveConfig) (outcome, int) {
		got, moves, _ := movingChain(t, f, f.chain(t, uplink.Config{Tracking: track.DefaultConfig()}), 10, mode, note)
		return got, moves
	}
	want, _ := run(nil)
	got, moves := run(&sfaas.MoveConfig{Mode: sfaas.Fed})
	if diff := cmp.Diff(want, got); diff != "" || moves < 2 {
		t.Errorf("%d moves (-want +got):\n%s", moves, diff)
	}
}

// TestTrackingRefuses gives a tracker a window that it does not have.
func TestTrackingRefuses(t *testing.T) {
	var field *nr.FieldError
	_, err := uplink.New(uplink.Config{Config: openFrame(t).cfg, Tracking: track.Config{Lag: 1, Window: 99}})
	if !errors.As(err, &field) || field.Field != "track.window" {
		t.Errorf("got %v", err)
	}
}
