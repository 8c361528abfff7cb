// SPDX-License-Identifier: Apache-2.0

package pusch_test

import (
	"bytes"
	"math"
	"math/cmplx"
	"math/rand/v2"
	"testing"

	"github.com/neuroran/neuroran/phy/channel"
	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/phy/pusch"
	"github.com/neuroran/neuroran/phy/sch"
	"github.com/neuroran/neuroran/tensor"
)

// loopCarrier is small enough for many slots and wide enough for every DM-RS
// configuration; its grid does not start at common resource block 0.
var loopCarrier = nr.Carrier{CellID: 7, SubcarrierSpacingKHz: 30, NumPRB: 24, StartCRB: 13, FFTSize: 512}

// randomGrant draws a grant that the carrier allows.
func randomGrant(rng *rand.Rand, c *nr.Carrier) *nr.Grant {
	for {
		g := &nr.Grant{
			RNTI: uint16(rng.IntN(65536)), NID: rng.IntN(1024), NumLayers: 1 + rng.IntN(4), NewData: true,
			Mapping: nr.MappingA, NumSymbols: 1 + rng.IntN(14), StartPRB: rng.IntN(c.NumPRB),
			NumPRB: 1 + rng.IntN(c.NumPRB), MCSTable: nr.MCSTable(1 + rng.IntN(2)), MCSIndex: rng.IntN(28),
			RV: rng.IntN(4), HARQProcess: rng.IntN(16),
			DMRS: nr.DMRS{
				ConfigType: 1 + rng.IntN(2), Length: 1 + rng.IntN(2), AdditionalPosition: rng.IntN(4),
				TypeAPosition: 2 + rng.IntN(2), NumCDMGroupsWithoutData: 1 + rng.IntN(3),
				NSCID: rng.IntN(2), NID: [2]int{rng.IntN(65536), rng.IntN(65536)},
			},
		}
		if rng.IntN(2) == 0 {
			g.Mapping, g.StartSymbol = nr.MappingB, rng.IntN(14)
		}
		g.NumAntennaPorts = g.NumLayers
		if rng.IntN(2) == 0 {
			g.Codebook, g.NumAntennaPorts, g.TPMI = true, []int{1, 2, 4}[rng.IntN(3)], rng.IntN(28)
		}
		for i, p := range rng.Perm(12)[:nr.MaxLayers] {
			g.DMRS.Ports[i] = uint8(p)
		}
		if g.Validate(c) == nil {
			return g
		}
	}
}

// unitary draws a matrix [rx][port] with orthogonal columns of unit energy
// times √gain, so that layers can be separated without loss.
func unitary(rng *rand.Rand, rx, ports int, gain float64) [][]complex128 {
	cols := make([][]complex128, ports)
	for p := range cols {
		v := make([]complex128, rx)
		for i := range v {
			v[i] = complex(rng.NormFloat64(), rng.NormFloat64())
		}
		for _, o := range cols[:p] {
			dot := complex128(0)
			for i := range v {
				dot += cmplx.Conj(o[i]) * v[i]
			}
			for i := range v {
				v[i] -= dot * o[i] / complex(gain, 0)
			}
		}
		norm := 0.0
		for _, x := range v {
			norm += real(x)*real(x) + imag(x)*imag(x)
		}
		for i := range v {
			v[i] *= complex(math.Sqrt(gain/norm), 0)
		}
		cols[p] = v
	}
	return cols
}

// hear adds what numRx antennas hear of the ports of a grid to dst.
func hear(dst, sent *nr.Grid, h [][]complex128) {
	for p, col := range h {
		for r, x := range col {
			out := dst.RE.Row(r)
			for i, s := range sent.RE.Row(p) {
				out[i] += complex64(x) * s
			}
		}
	}
}

func newReceived(c *nr.Carrier, slot nr.Slot, numRx int) *nr.Grid {
	return &nr.Grid{Slot: slot, RE: tensor.New[complex64]([]int{numRx, nr.SymbolsPerSlot, c.NumSubcarriers()})}
}

func randomBlock(rng *rand.Rand, g *nr.Grant) []byte {
	tb := make([]byte, g.TBS()/8)
	for i := range tb {
		tb[i] = byte(rng.Uint32())
	}
	return tb
}

// TestLoopback sends random transport blocks with random grants twice, once with
// redundancy version 0, which alone is self-decodable at every rate, and wants
// them back.
func TestLoopback(t *testing.T) {
	const numRx = 8
	for _, receiver := range []string{"ls", "lmmse"} {
		t.Run("receiver="+receiver, func(t *testing.T) {
			rx, err := pusch.NewReceiver(pusch.Config{Limits: pusch.Limits{Carrier: loopCarrier, NumRx: numRx}, Receiver: receiver})
			must(t, err)
			tx, err := pusch.NewTransmitter(pusch.Limits{Carrier: loopCarrier})
			must(t, err)
			for seed := range uint64(some(150)) {
				loop(t, rx, tx, seed, numRx)
			}
		})
	}
}

func loop(t *testing.T, rx *pusch.Receiver, tx *pusch.Transmitter, seed uint64, numRx int) {
	rng := rand.New(rand.NewPCG(seed, 1))
	g := randomGrant(rng, &loopCarrier)
	if float64(g.TBS()+24) > 0.94*float64(g.CodedBits()) {
		return // TS 38.214 §6.1.4.1 lets a receiver skip what is nearly uncoded
	}
	want, soft := randomBlock(rng, g), []*sch.SoftBuffer{new(sch.SoftBuffer)}
	tb := make([]nr.TransportBlock, 1)
	for i, rv := range [][]int{{g.RV, 0}, {0, g.RV}}[rng.IntN(2)] {
		g.RV, g.NewData = rv, i == 0
		slot := nr.Slot(rng.IntN(20480))
		must(t, tx.Configure(slot, g))
		var sent nr.Grid
		must(t, tx.Process(&sent, want))
		got := newReceived(&loopCarrier, slot, numRx)
		hear(got, &sent, unitary(rng, numRx, g.NumAntennaPorts, float64(numRx)))
		channel.NewNoise(seed).Add(got.RE.Data(), 1e-4)
		must(t, rx.Configure(slot, g))
		must(t, rx.Process(tb, soft, got))
	}
	if tb[0].CRC != bytes.Equal(tb[0].Data.Data(), want) {
		t.Errorf("seed %d: CRC %v on %v", seed, tb[0].CRC, g)
	}
	if !tb[0].CRC {
		t.Errorf("seed %d: not decoded: %+v, SINR %.1f dB", seed, *g, 10*math.Log10(float64(tb[0].Quality.SINR)))
	}
}

// TestLoopbackGroups sends two UEs on the same PRBs, with layers and transport
// blocks of their own, and wants both back.
func TestLoopbackGroups(t *testing.T) {
	const numRx = 6
	rx, err := pusch.NewReceiver(pusch.Config{Limits: pusch.Limits{Carrier: loopCarrier, NumRx: numRx}})
	must(t, err)
	tx, err := pusch.NewTransmitter(pusch.Limits{Carrier: loopCarrier})
	must(t, err)
	groups := 0
	for seed := uint64(0); groups < some(40); seed++ {
		rng := rand.New(rand.NewPCG(seed, 2))
		a := randomGrant(rng, &loopCarrier)
		a.RV = 0
		b := *a
		b.RNTI, b.NID, b.MCSIndex, b.HARQProcess = a.RNTI+1, rng.IntN(1024), rng.IntN(20), rng.IntN(16)
		b.DMRS.Ports = [4]uint8{a.DMRS.Ports[3], a.DMRS.Ports[2], a.DMRS.Ports[1], a.DMRS.Ports[0]}
		grants := []*nr.Grant{a, &b}
		if _, err := nr.NewGroup(&loopCarrier, 0, grants...); err != nil || b.Validate(&loopCarrier) != nil {
			continue
		}
		if float64(a.TBS()+24) > 0.9*float64(a.CodedBits()) || float64(b.TBS()+24) > 0.9*float64(b.CodedBits()) {
			continue
		}
		groups++
		got, h := newReceived(&loopCarrier, 3, numRx), unitary(rng, numRx, 2*nr.MaxLayers-2, numRx)
		var want [2][]byte
		for u, g := range grants {
			must(t, tx.Configure(3, g))
			var sent nr.Grid
			want[u] = randomBlock(rng, g)
			must(t, tx.Process(&sent, want[u]))
			hear(got, &sent, h[:g.NumAntennaPorts])
			h = h[g.NumAntennaPorts:]
			if u == 0 && len(h) < b.NumAntennaPorts {
				break
			}
		}
		if len(want[1]) == 0 {
			groups--
			continue
		}
		channel.NewNoise(seed).Add(got.RE.Data(), 1e-4)
		must(t, rx.Configure(3, grants...))
		tb := make([]nr.TransportBlock, 2)
		must(t, rx.Process(tb, []*sch.SoftBuffer{new(sch.SoftBuffer), new(sch.SoftBuffer)}, got))
		for u := range tb {
			if !tb[u].CRC || !bytes.Equal(tb[u].Data.Data(), want[u]) || tb[u].RNTI != grants[u].RNTI {
				t.Errorf("seed %d UE %d: CRC %v, %+v", seed, u, tb[u].CRC, *grants[u])
			}
		}
	}
}
