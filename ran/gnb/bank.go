// SPDX-License-Identifier: Apache-2.0

package gnb

import (
	"math/bits"
	"math/rand/v2"

	"github.com/neuroran/neuroran/phy/channel"
	"github.com/neuroran/neuroran/phy/modem"
	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/phy/pusch"
	"github.com/neuroran/neuroran/phy/sch"
	"github.com/neuroran/neuroran/phy/scramble"
)

// bank holds what UEs of a cell may send in a slot, made in advance, so that the samples of
// any schedule are there within some tens of microseconds: the coded bits of every MCS,
// number of PRBs and redundancy version, the reference signal of every slot of a frame, what
// a UE's scrambling does to the bits, channels as they were at some instants, and noise.
//
// A slot is then put together of them, one resource element after the other:
//
//	coded bits (MCS, PRBs, RV) ⊕ scrambling (RNTI) ─▶ constellation point ─┐
//	                        reference signal (slot in frame, PRB) ─────────┴▶ · amplitude · channel (UE, antenna) + noise
//
// The data of a block are the same for each MCS and number of PRBs, in every redundancy
// version, so that transmissions of one block combine. All grants have the pattern of the
// first UE: one layer, one antenna port.
type bank struct {
	carrier nr.Carrier
	numRx   int
	pattern nr.Grant
	data    [nr.SymbolsPerSlot]uint16 // subcarriers of a PRB that hold data, bit k for subcarrier k
	pilots  []nr.Grid                 // reference signal of each slot of a frame, on all PRBs
	coded   map[bankKey][]uint64      // bits before scrambling, the first one lowest
	points  [9][]complex64            // by bits per symbol; the index has the first bit lowest
	ues     []bankUE
	noise   [][]complex64 // slots of [rx, symbol, subcarrier]

	encoder *sch.Encoder
	block   []byte // data of every block, as much of it as it has
	bits    []uint8
	plain   []uint64 // scrambling of the encoder's RNTI
}

// bankKey names a transmission but for its UE.
type bankKey struct {
	mcs, numPRB uint16
	rv          uint8
}

// bankUE is what is particular to one UE.
type bankUE struct {
	scrambling []uint64 // for the longest block
	channels   []bankChannel
}

// bankChannel is a channel as it was at an instant.
type bankChannel struct {
	gains  []complex64 // [rx, subcarrier]
	energy []float64   // of the subcarriers below each one, over all antennas
}

// power returns the mean power of subcarriers first to end, over all antennas together.
func (c *bankChannel) power(first, end int) float64 {
	return (c.energy[end] - c.energy[first]) / float64(end-first)
}

// Sizes of the bank.
const (
	bankChannels = 16 // instants of each UE's channel
	bankSpacing  = 50 // slots between two of them
	bankNoise    = 16 // slots of noise
	bankMaxPRB   = 52 // of carriers of which everything is made in advance; on wider ones it is made on first use
)

// newBank makes the bank of an air. It returns a [*nr.UnsupportedError] for UEs whose grants
// differ in more than the RNTI, and for several layers.
func newBank(cfg *AirConfig) (*bank, error) {
	b := &bank{carrier: cfg.Carrier, numRx: cfg.NumRx, coded: map[bankKey][]uint64{}}
	if len(cfg.UEs) == 0 {
		return b, nil
	}
	b.pattern = bankPattern(cfg.UEs[0].MAC.Grant)
	for i := range cfg.UEs {
		if g := &cfg.UEs[i].MAC.Grant; bankPattern(*g) != b.pattern || g.NumLayers != 1 || g.NumAntennaPorts != 1 {
			return nil, &nr.UnsupportedError{Field: "other than one layer, and one pattern of grants for all UEs, on recorded samples", Got: cfg.UEs[i].RNTI}
		}
	}
	for _, m := range []nr.Modulation{nr.QPSK, nr.QAM16, nr.QAM64, nr.QAM256} {
		b.points[m.BitsPerSymbol()] = lowFirst(modem.Constellation(m))
	}
	if err := b.sound(); err != nil {
		return nil, err
	}
	if err := b.record(); err != nil {
		return nil, err
	}
	return b, b.listen(cfg)
}

// bankPattern returns the smallest grant of a pattern.
func bankPattern(g nr.Grant) nr.Grant {
	g.RNTI, g.StartPRB, g.NumPRB, g.MCSIndex, g.RV, g.HARQProcess, g.NewData, g.MaxIterations = 1, 0, 1, 0, 0, 0, true, 0
	return g
}

// lowFirst puts the points of a constellation into the order of indices whose lowest bit is
// the first one of the symbol.
func lowFirst(points []complex64) []complex64 {
	out := make([]complex64, len(points))
	width := bits.Len(uint(len(points) - 1))
	for i, x := range points {
		out[bits.Reverse64(uint64(i))>>(64-width)] = x
	}
	return out
}

// sound makes the reference signal of each slot of a frame, and what it leaves to data.
func (b *bank) sound() error {
	tx, err := pusch.NewTransmitter(pusch.Limits{Carrier: b.carrier})
	if err != nil {
		return err
	}
	g := b.pattern
	g.NumPRB = b.carrier.NumPRB
	group, err := nr.NewGroup(&b.carrier, 0, &g)
	if err != nil {
		return err
	}
	for l := g.StartSymbol; l < g.StartSymbol+g.NumSymbols; l++ {
		b.data[l] = group.DataMask(l)
	}
	b.pilots = make([]nr.Grid, b.carrier.Numerology().SlotsPerFrame())
	tb := make([]byte, g.TBS()/8)
	for i := range b.pilots {
		if err := tx.Configure(nr.Slot(i), &g); err != nil {
			return err
		}
		if err := tx.Process(&b.pilots[i], tb); err != nil {
			return err
		}
		for l, mask := range b.data { // data are taken out again
			for k, row := 0, b.pilots[i].RE.Row(0, l); k < len(row); k++ {
				if mask>>(k%nr.SubcarriersPerPRB)&1 != 0 {
					row[k] = 0
				}
			}
		}
	}
	return nil
}

// record makes what is sent by every MCS, number of PRBs and redundancy version.
func (b *bank) record() error {
	g := b.pattern
	g.NumPRB = b.carrier.NumPRB
	most := g.DataREs() * 8
	var err error
	if b.encoder, err = sch.NewEncoder(most); err != nil {
		return err
	}
	b.bits, b.block = make([]uint8, most), make([]byte, most/8+8)
	rng := rand.New(rand.NewPCG(1, 0x62616e6b)) // "bank"
	for i := range b.block {
		b.block[i] = byte(rng.Uint32())
	}
	b.plain = scrambling(&b.pattern, most)
	if b.carrier.NumPRB > bankMaxPRB {
		return nil
	}
	for g.MCSIndex = 0; ; g.MCSIndex++ {
		if row, err := g.MCSTable.Row(g.MCSIndex); err != nil || row.Reserved() {
			return nil
		}
		for g.NumPRB = 1; g.NumPRB <= b.carrier.NumPRB; g.NumPRB++ {
			for g.RV = range 4 {
				if _, err := b.of(&g); err != nil {
					return err
				}
			}
		}
	}
}

// scrambling returns so many bits of what scrambles the data of a UE.
func scrambling(g *nr.Grant, numBits int) []uint64 {
	words := make([]uint64, (numBits+63)/64)
	s := scramble.New(scramble.PUSCHInit(g.RNTI, g.NID))
	s.Words(words)
	return words
}

// of returns the coded bits of a grant before scrambling. It makes what is not there yet.
func (b *bank) of(g *nr.Grant) ([]uint64, error) {
	key := bankKey{uint16(g.MCSIndex), uint16(g.NumPRB), uint8(g.RV)}
	if words := b.coded[key]; words != nil {
		return words, nil
	}
	x := b.pattern
	x.MCSIndex, x.NumPRB, x.RV = g.MCSIndex, g.NumPRB, g.RV
	code, err := pusch.NewCode(&x)
	if err != nil {
		return nil, err
	}
	if err := b.encoder.Configure(&code); err != nil {
		return nil, err
	}
	sent := b.bits[:code.CodedBits]
	if err := b.encoder.Encode(sent, b.block[:code.TBS/8]); err != nil {
		return nil, err
	}
	words := make([]uint64, (len(sent)+63)/64+1) // and one to read beyond
	for i, bit := range sent {
		words[i/64] |= (uint64(bit) ^ b.plain[i/64]>>(i%64)&1) << (i % 64)
	}
	b.coded[key] = words
	return words, nil
}

// listen takes down channels and noise.
func (b *bank) listen(cfg *AirConfig) error {
	subcarriers := b.carrier.NumSubcarriers()
	spacing := float64(b.carrier.SubcarrierSpacingKHz) * 1e3
	first := -float64(subcarriers) / 2 * spacing
	slot := b.carrier.Numerology().SlotDuration().Seconds()
	g := b.pattern
	for i := range cfg.UEs {
		path, err := cfg.path(i, cfg.UEs[i].Trajectory[0].DopplerHz)
		if err != nil {
			return err
		}
		g.RNTI = cfg.UEs[i].RNTI
		u := bankUE{scrambling: append(scrambling(&g, len(b.bits)), 0)}
		for n := range bankChannels {
			c := bankChannel{make([]complex64, b.numRx*subcarriers), make([]float64, subcarriers+1)}
			for rx := range b.numRx {
				path.Response(c.gains[rx*subcarriers:(rx+1)*subcarriers], rx, 0, slot*float64(n*bankSpacing), first, spacing)
			}
			for k := range subcarriers {
				c.energy[k+1] = c.energy[k]
				for rx := range b.numRx {
					x := c.gains[rx*subcarriers+k]
					c.energy[k+1] += float64(real(x)*real(x) + imag(x)*imag(x))
				}
			}
			u.channels = append(u.channels, c)
		}
		b.ues = append(b.ues, u)
	}
	noise := channel.NewNoise(mixSeed(cfg.Seed, 1<<41))
	for range bankNoise {
		x := make([]complex64, b.numRx*nr.SymbolsPerSlot*subcarriers)
		noise.Add(x, 1)
		b.noise = append(b.noise, x)
	}
	return nil
}
