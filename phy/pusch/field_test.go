// SPDX-License-Identifier: Apache-2.0

package pusch_test

import (
	"bytes"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/neuroran/neuroran/phy/channel"
	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/phy/pusch"
	"github.com/neuroran/neuroran/phy/sch"
	"github.com/neuroran/neuroran/tensor"
)

// field sends grants through flat fading to antennas that are not alike, in noise
// that is not white: what a receiver meets outside of simulators.
type field struct {
	t       *testing.T
	carrier nr.Carrier
	tx      *pusch.Transmitter
	rx      *pusch.Receiver
	rng     source
	numRx   int
}

func newField(t *testing.T, numRx int, receiver string) *field {
	t.Helper()
	c := nr.Carrier{CellID: 7, SubcarrierSpacingKHz: 30, NumPRB: 24, FFTSize: 512}
	tx, err := pusch.NewTransmitter(pusch.Limits{Carrier: c})
	if err != nil {
		t.Fatal(err)
	}
	rx, err := pusch.NewReceiver(pusch.Config{Limits: pusch.Limits{Carrier: c, NumRx: numRx}, Receiver: receiver})
	if err != nil {
		t.Fatal(err)
	}
	return &field{t, c, tx, rx, newSource(), numRx}
}

// source is a random number generator that can start anew.
type source struct {
	*rand.Rand
	*rand.PCG
}

func newSource() source {
	pcg := rand.NewPCG(1, 2)
	return source{rand.New(pcg), pcg}
}

// Uint64 returns a random value; both parts have it.
func (s source) Uint64() uint64 { return s.Rand.Uint64() }

// fieldGrant returns a grant of one layer with two DM-RS symbols.
func fieldGrant(prb int) *nr.Grant {
	return &nr.Grant{
		RNTI: 4, NID: 5, NumLayers: 1, NumAntennaPorts: 1, Mapping: nr.MappingA, NumSymbols: 14, NumPRB: prb,
		MCSTable: nr.MCSTable64QAM, MCSIndex: 10, HARQProcess: 3, NewData: true,
		DMRS: nr.DMRS{ConfigType: 1, Length: 1, AdditionalPosition: 1, TypeAPosition: 2, NumCDMGroupsWithoutData: 2, NID: [2]int{6, 7}},
	}
}

// noise returns a grid of white noise of unit variance.
func (f *field) noise(slot nr.Slot) *nr.Grid {
	g := &nr.Grid{Slot: slot, RE: tensor.New[complex64]([]int{f.numRx, nr.SymbolsPerSlot, f.carrier.NumSubcarriers()})}
	channel.NewNoise(f.rng.Uint64()).Add(g.RE.Data(), 1)
	return g
}

// direction draws what each antenna hears of something.
func (f *field) direction() []complex64 {
	h := make([]complex64, f.numRx)
	for r := range h {
		h[r] = complex64(complex(f.rng.NormFloat64(), f.rng.NormFloat64()) / math.Sqrt2)
	}
	return h
}

// send adds a grant with random data through flat Rayleigh fading, and returns
// the data.
func (f *field) send(dst *nr.Grid, g *nr.Grant, snrDB float64) []byte {
	f.t.Helper()
	data := make([]byte, g.TBS()/8)
	for i := range data {
		data[i] = byte(f.rng.Uint32())
	}
	var sent nr.Grid
	if err := f.tx.Configure(dst.Slot, g); err != nil {
		f.t.Fatal(err)
	}
	if err := f.tx.Process(&sent, data); err != nil {
		f.t.Fatal(err)
	}
	a := complex(float32(math.Pow(10, snrDB/20)), 0)
	for p := range sent.RE.Dim(0) {
		for r, h := range f.direction() {
			row := dst.RE.Row(r)
			for k, v := range sent.RE.Row(p) {
				row[k] += a * h * v
			}
		}
	}
	return data
}

// interfere adds Gaussian symbols from one direction on PRBs first…last−1.
func (f *field) interfere(dst *nr.Grid, inrDB float64, first, last int) {
	x := make([]complex64, len(dst.RE.Row(0)))
	channel.NewNoise(f.rng.Uint64()).Add(x, math.Pow(10, inrDB/10))
	width := f.carrier.NumSubcarriers()
	for r, h := range f.direction() {
		row := dst.RE.Row(r)
		for k := range row {
			if prb := k % width / nr.SubcarriersPerPRB; prb >= first && prb < last {
				row[k] += h * x[k]
			}
		}
	}
}

// receive decodes the grants of a slot.
func (f *field) receive(grid *nr.Grid, grants ...*nr.Grant) []nr.TransportBlock {
	f.t.Helper()
	tb := make([]nr.TransportBlock, len(grants))
	if err := f.rx.Configure(grid.Slot, grants...); err != nil {
		f.t.Fatal(err)
	}
	if err := f.rx.Process(tb, newSoft(len(grants)), grid); err != nil {
		f.t.Fatal(err)
	}
	return tb
}

// newSoft returns empty soft buffers.
func newSoft(n int) []*sch.SoftBuffer {
	soft := make([]*sch.SoftBuffer, n)
	for i := range soft {
		soft[i] = new(sch.SoftBuffer)
	}
	return soft
}

// slots sends a grant n times and returns the share of blocks that is lost and
// the mean SINR in dB.
func (f *field) slots(n int, g *nr.Grant, snrDB float64, change func(*nr.Grid)) (bler, sinr float64) {
	f.t.Helper()
	for i := range n {
		grid := f.noise(nr.Slot(i))
		data := f.send(grid, g, snrDB)
		if change != nil {
			change(grid)
		}
		tb := &f.receive(grid, g)[0]
		if !tb.CRC || !bytes.Equal(tb.Data.Data(), data) {
			bler += 1 / float64(n)
		}
		sinr += 10 * math.Log10(float64(tb.Quality.SINR)) / float64(n)
	}
	return bler, sinr
}

func scaleAntenna(g *nr.Grid, r int, gain float32) {
	for k, v := range g.RE.Row(r) {
		g.RE.Row(r)[k] = complex(gain*real(v), gain*imag(v))
	}
}

// some returns how many slots of n a test plays: with -short, which is for what runs slowly,
// such as purego, a quarter.
func some(n int) int {
	if testing.Short() {
		return n / 4
	}
	return n
}

func eachReceiver(t *testing.T, f func(t *testing.T, receiver string)) {
	for _, receiver := range []string{"ls", "lmmse"} {
		t.Run(receiver, func(t *testing.T) { f(t, receiver) })
	}
}

// TestSilentPartner grants two or four UEs the same PRBs, of which only the first
// transmits: it must pass as it does alone.
func TestSilentPartner(t *testing.T) {
	n := some(60)
	eachReceiver(t, func(t *testing.T, receiver string) {
		for _, configType := range []int{1, 2} {
			for _, numUEs := range []int{2, 4} {
				f := newField(t, 4, receiver)
				passes := 0
				for i := range n {
					var grants []*nr.Grant
					for u := range numUEs {
						g := fieldGrant(24)
						g.RNTI, g.NID, g.DMRS.ConfigType, g.DMRS.Ports[0] = uint16(100+u), 10+u, configType, uint8(u)
						grants = append(grants, g)
					}
					grid := f.noise(nr.Slot(i))
					data := f.send(grid, grants[0], 20)
					if tb := f.receive(grid, grants...); tb[0].CRC && bytes.Equal(tb[0].Data.Data(), data) {
						passes++
					}
				}
				if passes < n-1 {
					t.Errorf("DM-RS type %d, %d UEs: %d of %d pass at 20 dB, want all but one", configType, numUEs, passes, n)
				}
			}
		}
	})
}

// TestSilentOfFour grants four UEs the same PRBs, of which three transmit: what these
// lose to each other at 10 dB they lose too where the fourth has no grant, and no more.
func TestSilentOfFour(t *testing.T) {
	n := some(40)
	eachReceiver(t, func(t *testing.T, receiver string) {
		for _, configType := range []int{1, 2} {
			for _, prb := range []int{1, 4, 24} {
				f := newField(t, 4, receiver)
				var grants []*nr.Grant
				for u := range 4 {
					g := fieldGrant(prb)
					g.RNTI, g.NID, g.DMRS.ConfigType, g.DMRS.Ports[0] = uint16(100+u), 10+u, configType, uint8(u)
					grants = append(grants, g)
				}
				passes := [2]int{}
				for i := range n {
					grid := f.noise(nr.Slot(i))
					var sent [3][]byte
					for u := range sent {
						sent[u] = f.send(grid, grants[u], 10)
					}
					again := &nr.Grid{Slot: grid.Slot}
					again.RE.CopyFrom(&grid.RE)
					for k, tb := range [2][]nr.TransportBlock{f.receive(grid, grants...), f.receive(again, grants[:3]...)} {
						for u := range sent {
							if tb[u].CRC && bytes.Equal(tb[u].Data.Data(), sent[u]) {
								passes[k]++
							}
						}
					}
				}
				if passes[0] < passes[1]-2 {
					t.Errorf("DM-RS type %d, %d PRBs: %d of %d pass beside a silent UE, %d without", configType, prb, passes[0], 3*n, passes[1])
				}
			}
		}
	})
}

// TestNarrowAllocations: in one or two PRBs, of which the delay spectrum is a lobe
// without a floor, neither a UE alone nor one beside a silent partner is lost.
func TestNarrowAllocations(t *testing.T) {
	n := some(100)
	eachReceiver(t, func(t *testing.T, receiver string) {
		for _, configType := range []int{1, 2} {
			for _, prb := range []int{1, 2} {
				f := newField(t, 4, receiver)
				alone, beside := 0, 0
				for i := range n {
					a, b := fieldGrant(prb), fieldGrant(prb)
					b.RNTI, b.NID, b.DMRS.Ports[0] = 101, 11, 1
					a.DMRS.ConfigType, b.DMRS.ConfigType = configType, configType
					grid := f.noise(nr.Slot(i))
					data := f.send(grid, a, 20)
					if tb := f.receive(grid, a); tb[0].CRC && bytes.Equal(tb[0].Data.Data(), data) {
						alone++
					}
					grid = f.noise(nr.Slot(i))
					data = f.send(grid, a, 20)
					if tb := f.receive(grid, a, b); tb[0].CRC && bytes.Equal(tb[0].Data.Data(), data) {
						beside++
					}
				}
				if alone < n || beside < n-1 {
					t.Errorf("DM-RS type %d, %d PRBs: %d of %d pass at 20 dB, %d beside a silent partner", configType, prb, alone, n, beside)
				}
			}
		}
	})
}

// TestAntennaGain: maximum ratio combining does not depend on the gain of an
// antenna, which its noise shares.
func TestAntennaGain(t *testing.T) {
	eachReceiver(t, func(t *testing.T, receiver string) {
		for _, prb := range []int{1, 24} {
			_, same := newField(t, 2, receiver).slots(some(40), fieldGrant(prb), 20, nil)
			for _, gain := range []float32{0.03, 0.1, 0.3, 10} {
				_, sinr := newField(t, 2, receiver).slots(some(40), fieldGrant(prb), 20, func(g *nr.Grid) { scaleAntenna(g, 1, gain) })
				if sinr < same-0.4 {
					t.Errorf("%d PRBs: SINR %.1f dB with the second antenna's gain × %g, %.1f dB with equal gains", prb, sinr, gain, same)
				}
			}
		}
	})
}

// TestNoisyAntenna: an antenna with much noise is not worse than none. The closed
// form of the ratio that remains is that of the antennas' own ratios, added.
func TestNoisyAntenna(t *testing.T) {
	eachReceiver(t, func(t *testing.T, receiver string) {
		for _, prb := range []int{1, 4, 24} {
			one, alone := newField(t, 1, receiver).slots(80, fieldGrant(prb), 15, nil)
			for _, moreDB := range []float64{20, 40} {
				f := newField(t, 2, receiver)
				bler, sinr := f.slots(80, fieldGrant(prb), 15, func(g *nr.Grid) {
					channel.NewNoise(f.rng.Uint64()).Add(g.RE.Row(1), math.Pow(10, moreDB/10))
				})
				if bler > one+0.1 || sinr < alone-1.5 {
					t.Errorf("%d PRBs: BLER %.2f, SINR %.1f dB with a second antenna of %g dB more noise, %.2f and %.1f dB without", prb, bler, sinr, moreDB, one, alone)
				}
			}
		}
	})
}

// TestInterferer: an interferer from one direction costs the same however strong
// it is, and not much with four antennas.
func TestInterferer(t *testing.T) {
	eachReceiver(t, func(t *testing.T, receiver string) {
		_, without := newField(t, 4, receiver).slots(some(40), fieldGrant(24), 10, nil)
		for _, inrDB := range []float64{10, 25, 40} {
			f := newField(t, 4, receiver)
			bler, sinr := f.slots(some(40), fieldGrant(24), 10, func(g *nr.Grid) { f.interfere(g, inrDB, 0, 24) })
			// One of four dimensions is lost: 1.4 dB on average, as a mean in dB.
			if bler > 0.06 || sinr < without-1.4-0.7 {
				t.Errorf("INR %g dB: BLER %.2f, SINR %.1f dB; %.1f dB without", inrDB, bler, sinr, without)
			}
		}
	})
}

// TestPartOfTheBand: interference on two of 24 PRBs leaves the others alone.
func TestPartOfTheBand(t *testing.T) {
	eachReceiver(t, func(t *testing.T, receiver string) {
		g := fieldGrant(24)
		g.MCSIndex = 3
		f := newField(t, 4, receiver)
		if bler, _ := f.slots(some(80), g, 0, func(grid *nr.Grid) { f.interfere(grid, 30, 10, 12) }); bler > 0.07 {
			t.Errorf("BLER %.2f at 0 dB with 2 of 24 PRBs at an INR of 30 dB; 0.01 without", bler)
		}
		c := f.rx.Channel()
		if c.NumBundles < 2 || c.NumBundles > 8 {
			t.Errorf("%d noise bundles, want about 3", c.NumBundles)
		}
	})
}

// TestUnits: neither one layer nor several depend on the unit of the samples.
func TestUnits(t *testing.T) {
	eachReceiver(t, func(t *testing.T, receiver string) {
		for i := range 12 {
			layers, prb, configType := 1+i%4, 24, 1
			if i >= 4 {
				prb, configType = 1, 1+i/8
			}
			for _, unit := range []float32{1e-15, 1e-9, 1, 1e9, 1e15} {
				g := fieldGrant(prb)
				g.MCSIndex, g.DMRS.ConfigType = 4, configType
				g.NumLayers, g.NumAntennaPorts, g.DMRS.Ports = layers, layers, [4]uint8{0, 1, 2, 3}
				bler, sinr := newField(t, 4, receiver).slots(4, g, 33, func(x *nr.Grid) {
					for r := range 4 {
						scaleAntenna(x, r, unit)
					}
				})
				if bler > 0 {
					t.Errorf("%d layers, %d PRBs, DM-RS type %d: BLER %.2f, SINR %.0f dB with noise of amplitude %g", layers, prb, configType, bler, sinr, unit)
				}
			}
		}
	})
}

// TestDoubleSymbol: double-symbol DM-RS with one occasion is not worse than
// single-symbol, since no carrier offset is believed that is noise.
func TestDoubleSymbol(t *testing.T) {
	eachReceiver(t, func(t *testing.T, receiver string) {
		for _, prb := range []int{1, 4} {
			g := fieldGrant(prb)
			g.MCSIndex, g.DMRS.AdditionalPosition = 0, 0
			single, _ := newField(t, 2, receiver).slots(200, g, 0, nil)
			g.DMRS.Length = 2
			double, _ := newField(t, 2, receiver).slots(200, g, 0, nil)
			if double > single+0.06 {
				t.Errorf("%d PRBs: BLER %.2f with double-symbol DM-RS, %.2f with single-symbol", prb, double, single)
			}
		}
	})
}

// TestFloorOfDoppler: at 40 dB, where time alone disturbs, the better estimator
// is not behind the simple one.
func TestFloorOfDoppler(t *testing.T) {
	n := some(300)
	bler := map[string]float64{}
	eachReceiver(t, func(t *testing.T, receiver string) {
		f := newField(t, 4, receiver)
		g := fieldGrant(4)
		g.MCSTable, g.MCSIndex = nr.MCSTable256QAM, 24
		for i := range n {
			ch, err := channel.New(channel.Config{DopplerHz: 400, NumRx: 4, NumTx: 1, Seed: uint64(i*7 + 1)})
			if err != nil {
				t.Fatal(err)
			}
			sent := &nr.Grid{Slot: nr.Slot(i), RE: tensor.New[complex64]([]int{4, nr.SymbolsPerSlot, f.carrier.NumSubcarriers()})}
			alone := newSent(f, sent.Slot, g)
			if err := ch.AddGrid(&sent.RE, &alone.RE, &f.carrier, sent.Slot); err != nil {
				t.Fatal(err)
			}
			channel.NewNoise(uint64(i)).Add(sent.RE.Data(), 1e-4)
			if !f.receive(sent, g)[0].CRC {
				bler[receiver] += 1 / float64(n)
			}
		}
	})
	if bler["lmmse"] > bler["ls"]+0.02 {
		t.Errorf("BLER at 40 dB: lmmse %.3f, ls %.3f", bler["lmmse"], bler["ls"])
	}
}

// newSent returns what a grant with random data sends in a slot.
func newSent(f *field, slot nr.Slot, g *nr.Grant) *nr.Grid {
	f.t.Helper()
	data := make([]byte, g.TBS()/8)
	for i := range data {
		data[i] = byte(f.rng.Uint32())
	}
	sent := new(nr.Grid)
	if err := f.tx.Configure(slot, g); err != nil {
		f.t.Fatal(err)
	}
	if err := f.tx.Process(sent, data); err != nil {
		f.t.Fatal(err)
	}
	return sent
}

// TestNothingIsMeasuredOfNobody: slots of noise have no delay, no carrier offset
// and no SNR, but for a few false alarms.
func TestNothingIsMeasuredOfNobody(t *testing.T) {
	n := some(200)
	eachReceiver(t, func(t *testing.T, receiver string) {
		for _, prb := range []int{4, 24} {
			f := newField(t, 2, receiver)
			delays, offsets, snrs := 0, 0, 0
			for i := range n {
				q := f.receive(f.noise(nr.Slot(i)), fieldGrant(prb))[0].Quality
				if q.DelayObserved {
					delays++
				}
				if q.CFOObserved {
					offsets++
				}
				if q.SNR > 0 {
					snrs++
				}
				if !q.DelayObserved && (q.DelaySeconds != 0 || q.DelayStd != 0) {
					t.Fatalf("%+v: a delay that is not observed is reported", q)
				}
			}
			if most := n / 20; delays > most || offsets > most || snrs > most {
				t.Errorf("%d PRBs: %d delays, %d carrier offsets, %d SNRs in %d slots of noise", prb, delays, offsets, snrs, n)
			}
		}
	})
}

// TestNoNumbers: samples that are infinite, no numbers or beyond all others, in one
// element or in all of an antenna, leave what the other antennas hear, and are never
// measured.
func TestNoNumbers(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	places := map[string]func(symbol, k int) bool{
		"a pilot":         func(symbol, k int) bool { return symbol == 2 && k == 40 },
		"a datum":         func(symbol, k int) bool { return symbol == 5 && k == 40 },
		"DM-RS symbol":    func(symbol, _ int) bool { return symbol == 2 },
		"symbol":          func(symbol, _ int) bool { return symbol == 5 },
		"PRB":             func(_, k int) bool { return k/nr.SubcarriersPerPRB == 7 },
		"antenna":         func(_, _ int) bool { return true },
		"antenna, pulsed": func(symbol, _ int) bool { return symbol > 6 },
	}
	eachReceiver(t, func(t *testing.T, receiver string) {
		for _, bad := range []complex64{complex(nan, 0), complex(0, -inf), complex(nan, inf), 1e30, complex(3e38, -3e38)} {
			for place, hit := range places {
				f := newField(t, 2, receiver)
				g := fieldGrant(24)
				g.MCSIndex = 2
				lost, q := f.lost(5, g, 25, func(grid *nr.Grid) {
					width := f.carrier.NumSubcarriers()
					for i := range grid.RE.Row(1) {
						if hit(i/width, i%width) {
							grid.RE.Row(1)[i] = bad
						}
					}
				})
				if lost > 0 || !isFinite(&q) {
					t.Errorf("%v, %s: %d of 5 lost, %+v", bad, place, lost, q)
				}
			}
		}
	})
}

// lost sends a grant n times, and returns how often it is lost and the last quality.
func (f *field) lost(n int, g *nr.Grant, snrDB float64, change func(*nr.Grid)) (lost int, q nr.Quality) {
	f.t.Helper()
	for i := range n {
		grid := f.noise(nr.Slot(i))
		data := f.send(grid, g, snrDB)
		change(grid)
		tb := &f.receive(grid, g)[0]
		if !tb.CRC || !bytes.Equal(tb.Data.Data(), data) {
			lost++
		}
		q = tb.Quality
	}
	return lost, q
}

// isFinite reports whether all that was measured are numbers.
func isFinite(q *nr.Quality) bool {
	for _, v := range []float64{float64(q.SINR), float64(q.SINRStd), float64(q.SNR), float64(q.SNRStd), q.DelaySeconds, q.DelayStd, q.CFOHz, q.CFOStd} {
		if v-v != 0 {
			return false
		}
	}
	return true
}

// TestFiniteMeasurements: what is measured is finite for every finite sample.
func TestFiniteMeasurements(t *testing.T) {
	eachReceiver(t, func(t *testing.T, receiver string) {
		for _, unit := range []float32{1e-44, 1e-30, 1e19, 1e30, 3e37} {
			f := newField(t, 2, receiver)
			grid := f.noise(1)
			f.send(grid, fieldGrant(24), 20)
			for r := range 2 {
				scaleAntenna(grid, r, unit)
			}
			if q := f.receive(grid, fieldGrant(24))[0].Quality; !isFinite(&q) {
				t.Fatalf("samples of %g: %+v", unit, q)
			}
		}
	})
}
