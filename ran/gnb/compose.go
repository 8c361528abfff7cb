// SPDX-License-Identifier: Apache-2.0

package gnb

import (
	"math"

	"github.com/neuroran/neuroran/phy/nr"
)

// begin writes the noise of a slot to dst, [rx, symbol, subcarrier].
func (b *bank) begin(dst []complex64, slot nr.Slot) { copy(dst, b.noise[int(slot)%len(b.noise)]) }

// add adds what UE ue sends by a grant to dst, [rx, symbol, subcarrier], with the given mean
// power of an element over all antennas. It does not allocate once the transmission has been made.
func (b *bank) add(dst []complex64, slot nr.Slot, g *nr.Grant, ue int, power float64) error {
	coded, err := b.of(g)
	if err != nil {
		return err
	}
	u := &b.ues[ue]
	h := &u.channels[int(slot)/bankSpacing%len(u.channels)]
	first, end := g.StartPRB*nr.SubcarriersPerPRB, (g.StartPRB+g.NumPRB)*nr.SubcarriersPerPRB
	amplitude := complex(float32(math.Sqrt(power/max(h.power(first, end), 1e-9))), 0)
	row, _ := g.MCSTable.Row(g.MCSIndex)
	width := row.Modulation.BitsPerSymbol()
	w := bankWriter{
		bank: b, dst: dst, h: h.gains, pilots: &b.pilots[int(slot)%len(b.pilots)], points: b.points[width],
		coded: coded, scrambling: u.scrambling, width: width, amplitude: amplitude,
	}
	for l := g.StartSymbol; l < g.StartSymbol+g.NumSymbols; l++ {
		w.symbol(l, first, end)
	}
	return nil
}

// bankWriter puts one transmission into a slot.
type bankWriter struct {
	bank              *bank
	dst, h            []complex64
	pilots            *nr.Grid
	points            []complex64
	coded, scrambling []uint64
	width, at         int // bits of a point, and bits so far
	amplitude         complex64
}

// symbol writes subcarriers first to end of one OFDM symbol.
func (w *bankWriter) symbol(l, first, end int) {
	mask, pilots := w.bank.data[l], w.pilots.RE.Row(0, l)
	subcarriers := len(pilots)
	for k := first; k < end; k++ {
		x := pilots[k]
		if mask>>(k%nr.SubcarriersPerPRB)&1 != 0 {
			x = w.points[w.next()]
		}
		x *= w.amplitude
		for rx := range w.bank.numRx {
			w.dst[(rx*nr.SymbolsPerSlot+l)*subcarriers+k] += w.h[rx*subcarriers+k] * x
		}
	}
}

// next returns the bits of the next point, the first one lowest.
func (w *bankWriter) next() int {
	i, shift := w.at/64, w.at%64
	w.at += w.width
	x := (w.coded[i] ^ w.scrambling[i]) >> shift
	if shift+w.width > 64 {
		x |= (w.coded[i+1] ^ w.scrambling[i+1]) << (64 - shift)
	}
	return int(x & (1<<w.width - 1))
}
