// SPDX-License-Identifier: Apache-2.0

package dtx

import (
	"math"

	"github.com/neuroran/neuroran/internal/simd/c64"
	"github.com/neuroran/neuroran/phy/dmrs"
	"github.com/neuroran/neuroran/phy/nr"
)

// A wide allocation shows a UE in a part of it: pieces are looked at until there are
// minRows rows of pilots, one for each piece, antenna and occasion, and minPieces at
// least, since one may lie in a fade.
const (
	minRows   = 16
	minPieces = 2
)

// Detector finds which UEs of a group transmit. Use [New]. One goroutine at a time
// may use it.
type Detector struct {
	*dmrs.Reference
	unit  float32 // what brings the samples near 1
	piece piece
}

// New returns a detector for the groups of ref. Blocks that share ref make the
// reference signal of a slot once, and are for one goroutine together.
func New(ref *dmrs.Reference) *Detector {
	for ct := range tables {
		for prb := range tables[ct] {
			if prb < ref.Limits().MaxPRB {
				tables[ct][prb][0][0]() // the others serve UEs that share a CDM group
			}
		}
	}
	return &Detector{Reference: ref}
}

// Configure selects the group of the next pilots, which [nr.NewGroup] must have
// returned. It returns a [*nr.ShapeError] for a group beyond the limits. It does
// not allocate.
func (d *Detector) Configure(g *nr.Group) error { return d.Reference.Configure("dtx", g) }

// Detect reports for each UE of the configured group whether it transmits.
//
//   - present: is replaced
//   - pilots: [rx, DM-RS symbol, 12·NumPRB] of the configured group
//
// Noise counts as present at most once in a hundred times. Detect returns
// [nr.ErrNotConfigured] for the pilots of another group and a [*nr.ShapeError] if
// dimensions disagree. It does not allocate, but for the tables of a set of codes
// that is seen for the first time.
func (d *Detector) Detect(present *[nr.MaxUEs]bool, pilots *nr.Pilots) error {
	if err := d.Check("dtx", pilots); err != nil {
		return err
	}
	view := nr.ViewOf(&pilots.RE)
	d.unit = float32(view.Unit())
	var scores [nr.MaxUEs]score
	for c := range d.NumCombs {
		for code := range d.Group.Length {
			d.look(&scores, &view, c, code)
		}
	}
	*present = [nr.MaxUEs]bool{}
	for u := range d.Group.NumUEs {
		present[u] = scores[u].stands(d.falseAlarm()) && scores[u].excess > leak*d.loudest(&scores, u)
	}
	return nil
}

// leak is how much of a UE's power may appear under the codes of others of its comb,
// which a carrier offset makes less orthogonal: that of 500 Hz between two symbols at
// 30 kHz.
const leak = 0.004

// loudest returns the greatest excess of the other UEs on the combs of UE u.
func (d *Detector) loudest(scores *[nr.MaxUEs]score, u int) float64 {
	most := 0.0
	for c := range d.NumCombs {
		top, mine := 0.0, false
		for _, l := range d.Combs[c].Layers[:d.Combs[c].NumLayers] {
			if v := d.Layers[l].UE; v == u {
				mine = true
			} else {
				top = max(top, scores[v].excess)
			}
		}
		if mine {
			most = max(most, top)
		}
	}
	return most
}

// look adds what the pilots of comb c, despread with one code in time, say about the
// UEs that have a layer there.
func (d *Detector) look(scores *[nr.MaxUEs]score, view *nr.View, c, code int) {
	var own [nr.MaxUEs]uint8 // codes in frequency of each UE
	for _, l := range d.Combs[c].Layers[:d.Combs[c].NumLayers] {
		if p := &d.Layers[l]; p.TimeCode == code {
			own[p.UE] |= 1 << p.FreqCode
		}
	}
	if own == [nr.MaxUEs]uint8{} {
		return
	}
	size, count := pieces(d.Group.NumPRB)
	want := max(minPieces, minRows/(view.NumRx*d.NumOccasions))
	step := max(1, count/want)
	for k := step / 2; k < count; k += step {
		d.load(view, c, code, k*size*d.PilotsInPRB, size)
		spread := d.piece.spread()
		d.piece.transform()
		for u, mine := range own[:d.Group.NumUEs] {
			if mine == 0 {
				continue
			}
			others := uint8(0)
			for v, codes := range own[:d.Group.NumUEs] {
				if v != u {
					others |= codes
				}
			}
			t := tables[d.Group.ConfigType-1][size-1][others][mine-1]()
			sum := d.piece.shares(t)
			scores[u].add(&sum, spread, t.moments[d.NumOccasions-1])
		}
	}
}

// pieces returns how an allocation is cut: PRBs of a piece, and how many there are.
// What is left over is not looked at.
func pieces(numPRB int) (size, count int) {
	if numPRB <= maxPieces {
		return numPRB, 1
	}
	for n := maxPieces; n > maxPieces/2; n-- {
		if numPRB/n*n > size*count {
			size, count = n, numPRB/n
		}
	}
	return size, count
}

// load puts the pilots of a piece over the sequence of comb c into its rows: of single
// symbols, or of pairs despread with a code in time. The most likely delay comes to
// delay 0, where the covariance is real.
func (d *Detector) load(view *nr.View, c, code, first, size int) {
	p, n := &d.piece, size*d.PilotsInPRB
	p.begin(view.NumRx, d.NumOccasions, size, d.PilotsInPRB)
	for s := range d.NumSymbols {
		o, second := s/d.Group.Length, s%d.Group.Length
		turn := p.turn[:n]
		c64.Mul(turn, d.Sequence(c, s)[first:first+n], ramps[d.Group.ConfigType-1][:n])
		c64.Scale(turn, turn, complex(d.unit*float32(1-2*(second&code)), 0))
		for r := range view.NumRx {
			y, row := view.Row(r, s)[d.Combs[c].Delta+d.PilotAt(first):], p.row(r, o)
			out := row
			if second == 1 {
				out = p.second[:n]
			}
			if d.Group.ConfigType == 1 {
				c64.MulConjEven(out, y, turn)
			} else {
				for i := range out {
					p.pick[i] = y[d.PilotAt(i)]
				}
				c64.MulConj(out, p.pick[:n], turn)
			}
			if second == 1 {
				for i, x := range out {
					row[i] += x
				}
			}
		}
	}
	for r := range view.NumRx {
		p.turnDown(r)
	}
}

// share is what the antennas say about one piece.
type share struct {
	sum      float64 // of the shares of the energy at likely delays
	excess   float64 // energy at likely delays above what disorder has there
	antennas float64 // that say anything
}

// add adds one antenna. One that hears nothing, or whose samples overflow, says
// nothing.
func (s *share) add(inside, energy float64) {
	if x := inside / energy; x-x == 0 {
		s.sum += x
		s.excess += inside - energy
		s.antennas++
	}
}

// score is a sum of shares with the cumulants that it has where nobody transmits.
type score struct {
	sum, excess float64
	cumulants   cumulants
}

// add adds one piece. Antennas that hear the same, as of one interferer, are as many
// as spread says: they add up as n independent ones of which each counts for more.
func (s *score) add(piece *share, spread float64, c cumulants) {
	if piece.antennas == 0 || !(spread > 0) {
		return
	}
	s.sum += piece.sum
	s.excess += piece.excess
	n := piece.antennas * piece.antennas / spread
	weight := piece.antennas / n
	scale := n
	for i, k := range c {
		scale *= weight
		s.cumulants[i] += scale * k
	}
}

// stands reports whether the sum is more than disorder gives but for a given chance.
func (s *score) stands(chance float64) bool {
	return s.cumulants[1] > 0 && s.sum > s.cumulants.quantile(math.Sqrt2*math.Erfinv(1-2*chance))
}

const (
	falseAlarm    = 0.007 // chance of a UE that is silent to be found
	fewPilots     = 8     // of an antenna, up to which a stranger's sequence may have order
	falseAlarmFew = 0.003 // chance of noise to be found in these
)

// falseAlarm returns the chance of noise to be found. Few pilots of another cell, all
// of equal magnitude and with four phases, are in order by chance more often than
// noise is.
func (d *Detector) falseAlarm() float64 {
	if d.Group.NumPRB*d.PilotsInPRB*d.NumOccasions <= fewPilots {
		return falseAlarmFew
	}
	return falseAlarm
}
