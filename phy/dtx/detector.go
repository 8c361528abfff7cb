// SPDX-License-Identifier: Apache-2.0

package dtx

import (
	"math"

	"github.com/neuroran/neuroran/internal/simd/c64"
	"github.com/neuroran/neuroran/internal/simd/mimo"
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
//
// The limit on false alarms is that of TS 38.104 §8.3; the quantile is after E. A.
// Cornish and R. A. Fisher, 1938.
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
	d.listen(&scores, &view)
	*present = [nr.MaxUEs]bool{}
	for u := range d.Group.NumUEs {
		s := &scores[u]
		present[u] = s.found && (s.beneath || s.excess >= leak*d.loudest(&scores, u))
	}
	return nil
}

// listen looks for UEs where timing advance leaves them, and for those that are not
// there at all other delays that a receiver can follow, as of UEs that have not been
// told their timing advance yet. The chance of noise is shared by the places.
//
// A signal that all antennas hear shows best as they are; one beside a stronger one that
// all of them hear, when they are whitened. Where antennas hear the same, both ways to
// look share the chance.
func (d *Detector) listen(scores *[nr.MaxUEs]score, view *nr.View) {
	chance := falseAlarm(d.Group.NumPRB * d.PilotsInPRB * d.NumOccasions)
	shifts := places[d.Group.ConfigType-1]
	for place := range shifts {
		for u := range scores {
			if !scores[u].found {
				scores[u] = score{}
			}
		}
		if missing, alike := d.lookAll(scores, view, place, chance, false); !missing {
			return
		} else if alike {
			d.lookAll(scores, view, place, chance, true)
		}
		chance = farAlarm / float64(len(shifts)-1)
	}
}

// lookAll looks for the UEs that are not found yet around one of the places, and reports
// whether any is missing then, and whether antennas hear the same.
func (d *Detector) lookAll(scores *[nr.MaxUEs]score, view *nr.View, place int, chance float64, white bool) (missing, alike bool) {
	for c := range d.NumCombs {
		for code := range d.Group.Length {
			d.look(scores, view, c, code, place, white)
		}
	}
	for u := range d.Group.NumUEs {
		s := &scores[u]
		if !s.found {
			s.judge(chance, white)
		}
		missing, alike = missing || !s.found, alike || !s.found && s.alike
	}
	return missing, alike
}

// leak is how much of a UE's power may appear under the codes of others of its comb,
// which a carrier offset makes less orthogonal: that of 500 Hz between two symbols at
// 30 kHz.
const leak = 0.004

// loudest returns the greatest excess of the other UEs on the combs of UE u, which is
// less than any where there are none.
func (d *Detector) loudest(scores *[nr.MaxUEs]score, u int) float64 {
	most := math.Inf(-1)
	for c := range d.NumCombs {
		top, mine := math.Inf(-1), false
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

// look adds what the pilots of comb c, despread with one code in time, say around one of
// the places about the UEs that have a layer there and are not found yet.
func (d *Detector) look(scores *[nr.MaxUEs]score, view *nr.View, c, code, place int, white bool) {
	var own [nr.MaxUEs]uint8 // codes in frequency of each UE
	all, wanted := uint8(0), false
	for _, l := range d.Combs[c].Layers[:d.Combs[c].NumLayers] {
		if p := &d.Layers[l]; p.TimeCode == code {
			own[p.UE] |= 1 << p.FreqCode
			all |= 1 << p.FreqCode
			wanted = wanted || !scores[p.UE].found
		}
	}
	if !wanted {
		return
	}
	size, count := pieces(d.Group.NumPRB)
	want := max(minPieces, minRows/(view.NumRx*d.NumOccasions))
	step := max(1, count/want)
	for k := step / 2; k < count; k += step {
		d.load(view, c, code, place, k*size*d.PilotsInPRB, size)
		d.ask(scores, &own, all, white)
	}
}

// ask adds what the loaded piece says about the UEs with the given codes, of the antennas
// as they are or whitened.
func (d *Detector) ask(scores *[nr.MaxUEs]score, own *[nr.MaxUEs]uint8, all uint8, white bool) {
	p := &d.piece
	spread, alike := p.spread()
	whitened := white && alike && p.whiten()
	p.transform()
	for u, mine := range own {
		s := &scores[u]
		if mine == 0 || s.found {
			continue
		}
		t, blind := d.table(mine, all)
		sum, moments := p.shares(t), &t.moments[p.occasions-1]
		switch {
		case whitened:
			s.white.add(&sum, sum.antennas, moments)
			continue
		case white:
			s.white.add(&sum, spread, moments)
			continue
		}
		s.heard.add(&sum, spread, moments)
		s.alike = s.alike || alike
		s.excess += sum.excess
		if blind {
			s.share += p.power(mine)
			s.blind += sum.antennas
		}
	}
}

// table returns the table for a UE with some of the codes in use. Where it cannot be
// told by order which of the UEs it is, that is one for all of them together.
func (d *Detector) table(own, all uint8) (t *table, blind bool) {
	tables := &tables[d.Group.ConfigType-1][d.piece.size-1]
	t = tables[all&^own][own-1]()
	if t.blind[d.NumOccasions-1] {
		return tables[0][all-1](), true
	}
	return t, false
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
// symbols, or of pairs despread with a code in time. The delay in the middle of the
// place comes to delay 0, where the covariance is real.
func (d *Detector) load(view *nr.View, c, code, place, first, size int) {
	p, n := &d.piece, size*d.PilotsInPRB
	p.begin(view.NumRx, d.NumOccasions, size, d.PilotsInPRB)
	for s := range d.NumSymbols {
		o, second := s/d.Group.Length, s%d.Group.Length
		turn := p.turn[:n]
		c64.Mul(turn, d.Sequence(c, s)[first:first+n], ramps[d.Group.ConfigType-1][place][:n])
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
			p.all[r] += real(mimo.DotConj(out, out))
			if second == 1 {
				for i, x := range out {
					row[i] += x
				}
			}
		}
	}
	p.turnDown()
}
