// SPDX-License-Identifier: Apache-2.0

package gnb

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/neuroran/neuroran/mac"
)

// TestBlocksFit builds blocks of all small and some larger sizes for UEs with one bearer and with
// eight, whose buffers are empty, nearly so and full: what the UE believes to have sent is in
// the MAC PDU, whatever had to be left out.
func TestBlocksFit(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	sizes := map[int]bool{}
	for n := range 2000 {
		cfg := UE{RNTI: 1, Traffic: Traffic{Pattern: Periodic, Mbps: 1, Bytes: 1 + rng.IntN(40)}, MAC: mac.UEConfig{Grant: usualGrant(1)}}
		for lcg := range n % 8 {
			cfg.Bearers = append(cfg.Bearers, Bearer{LCG: lcg, Traffic: Traffic{Pattern: Periodic, Mbps: 1, Bytes: 1 + rng.IntN(400)}})
		}
		u, err := newTerminal(&cfg, uint64(n))
		if err != nil {
			t.Fatal(err)
		}
		u.arrivals(time.Duration(rng.IntN(3)) * time.Millisecond)
		for harq := range mac.NumProcesses {
			g := usualGrant(1)
			g.HARQProcess, g.NewData, g.MCSIndex, g.NumPRB = harq, true, rng.IntN(12), 1+rng.IntN(4)
			if !u.send(&g, 0, 40*rng.Float64()-20) {
				t.Fatal("nothing is sent")
			}
			b := &u.processes[harq]
			octets := g.TBS() / 8
			sizes[octets] = true
			pdu := make([]byte, octets)
			if err := b.elements.Put(pdu, dataLCID, b.data); err != nil {
				t.Fatalf("%d octets, %d of data, %+v: %v", octets, b.data, b.elements, err)
			}
			if got, err := mac.ParseElements(pdu); got != b.elements || err != nil {
				t.Fatalf("%d octets: got %+v, %v, want %+v", octets, got, err, b.elements)
			}
			if octets >= 64 && (!b.elements.HasPHR || b.elements.BSR.Format == mac.NoBSR) {
				t.Errorf("%d octets without a report: %+v", octets, b.elements)
			}
		}
	}
	if !sizes[4] || len(sizes) < 20 {
		t.Errorf("sizes %v", sizes)
	}
}

// TestBearers has UEs with a voice-like bearer beside a full buffer. Where it comes first, its
// packets wait for the next block alone; where the full buffer comes first, hardly one gets
// through, unless it has a prioritized bit rate, which is then what it gets.
func TestBearers(t *testing.T) {
	const mbps, slots = 0.1, 4000
	run := func(voice, file int, pbr float64) BearerReport {
		cfg := testConfig(2, mac.ProportionalFair{}, Traffic{})
		for i := range cfg.UEs {
			u := &cfg.UEs[i]
			u.Channel = mac.LogicalChannel{Priority: file, PBR: 1}
			u.Bearers = []Bearer{{LCG: 1, Traffic: Traffic{Pattern: Periodic, Mbps: mbps}, Channel: mac.LogicalChannel{Priority: voice, PBR: pbr, BucketSize: 100 * time.Millisecond}}}
		}
		ues, _ := runLoop(t, cfg, slots)
		t.Logf("voice %d, file %d, prioritized %g byte/s: %+v", voice, file, pbr, ues[0].Bearers)
		if ues[0].Bearers[0].Mbps < 1 {
			t.Errorf("the full buffer gets %.2f Mbit/s", ues[0].Bearers[0].Mbps)
		}
		return ues[0].Bearers[1]
	}
	if r := run(1, 2, 1); math.Abs(r.Mbps/mbps-1) > 0.2 || r.DelayMsP50 > 20 || r.LCG != 1 {
		t.Errorf("first: %+v", r)
	}
	if r := run(2, 1, 1); r.Mbps > 0.2*mbps {
		t.Errorf("last: %+v", r)
	}
	if r := run(2, 1, 2*mbps*1e6/8); math.Abs(r.Mbps/mbps-1) > 0.2 || r.DelayMsP50 > 30 {
		t.Errorf("last, with a prioritized bit rate: %+v", r)
	}
}

// TestBearersAreValidated refuses what no UE has.
func TestBearersAreValidated(t *testing.T) {
	for _, b := range [][]Bearer{{{LCG: 8}}, {{Channel: mac.LogicalChannel{PBR: math.NaN()}}}, {{Channel: mac.LogicalChannel{BucketSize: -1}}}, make([]Bearer, 8)} {
		cfg := testConfig(1, mac.RoundRobin{}, Traffic{})
		cfg.UEs[0].Bearers = b
		if _, err := New(cfg); err == nil {
			t.Errorf("%+v is taken", b)
		}
	}
}
