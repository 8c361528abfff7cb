// SPDX-License-Identifier: Apache-2.0

package dtx

import (
	"math"
	"slices"

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
	rows  [nr.MaxRx][nr.MaxDMRSSymbols]pilotRow // pilots of one piece over the sequence, by antenna and occasion
	mixed pilotRow                              // a combination of the occasions
}

// pilotRow holds real and imaginary parts of the pilots of a piece.
type pilotRow [2][maxPilots]float64

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
	var scores [nr.MaxUEs]score
	for u := range d.Group.NumUEs {
		for c := range d.NumCombs {
			for code := range d.Group.Length {
				d.look(&scores[u], &view, u, c, code)
			}
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

// look adds what the pilots of comb c, despread with one code in time, say about
// UE u; nothing if no layer of the UE has this code there.
func (d *Detector) look(s *score, view *nr.View, u, c, code int) {
	var own, others uint8 // codes in frequency
	for _, l := range d.Combs[c].Layers[:d.Combs[c].NumLayers] {
		switch p := &d.Layers[l]; {
		case p.TimeCode != code:
		case p.UE == u:
			own |= 1 << p.FreqCode
		default:
			others |= 1 << p.FreqCode
		}
	}
	if own == 0 {
		return
	}
	size, count := pieces(d.Group.NumPRB)
	want := max(minPieces, minRows/(view.NumRx*d.NumOccasions))
	step := max(1, count/want)
	t := tables[d.Group.ConfigType-1][size-1][others][own-1]()
	n := size * d.PilotsInPRB
	for piece := step / 2; piece < count; piece += step {
		var sum share
		for r := range view.NumRx {
			for o := range d.NumOccasions {
				d.load(view, c, r, o, code, piece*n, n)
			}
			d.turnDown(r, size)
			energy, inside := 0.0, 0.0
			for k, weight := range slowness[d.NumOccasions-1][:d.NumOccasions] {
				v := d.mix(r, k, n)
				inside += weight * t.inside.of(v)
				energy += t.energy.of(v)
			}
			sum.add(inside, energy)
		}
		s.add(&sum, d.spread(view.NumRx, n), t.moments[d.NumOccasions-1])
	}
}

// spread returns the sum over all pairs of antennas, each with itself too, of the
// squared correlation of what they hear: the number of antennas where all hear noise
// of their own, its square where all hear the same. It does not depend on the
// sequence. The mean that independent noise would show is taken away.
func (d *Detector) spread(rx, n int) float64 {
	var energy [nr.MaxRx]float64
	samples := float64(d.NumOccasions * n)
	sum := 0.0
	for r := range rx {
		energy[r], _ = d.product(r, r, n)
		if !(energy[r] > 0) {
			continue
		}
		sum++
		for q := range r {
			if energy[q] > 0 {
				a, b := d.product(r, q, n)
				rho := (a*a + b*b) / (energy[r] * energy[q])
				sum += 2 * max(0, (rho*samples-1)/(samples-1))
			}
		}
	}
	return sum
}

// product returns the inner product of what two antennas hear of a piece.
func (d *Detector) product(r, q, n int) (re, im float64) {
	for o := range d.NumOccasions {
		a, b := &d.rows[r][o], &d.rows[q][o]
		for i, x := range a[0][:n] {
			y := a[1][i]
			re += x*b[0][i] + y*b[1][i]
			im += x*b[1][i] - y*b[0][i]
		}
	}
	return re, im
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

// load puts the pilots of one occasion over the sequence of comb c into its row: of
// one symbol, or of a pair despread with a code in time. The most likely delay comes to
// delay 0, where the covariance is real.
func (d *Detector) load(view *nr.View, c, r, o, code, first, n int) {
	v := &d.rows[r][o]
	clear(v[0][:n])
	clear(v[1][:n])
	ramp := ramps[d.Group.ConfigType-1][:n]
	for k := range d.Group.Length {
		s := o*d.Group.Length + k
		y, seq := view.Row(r, s)[d.Combs[c].Delta+d.PilotAt(first):], d.Sequence(c, s)[first:first+n]
		sign := float64(1 - 2*(k&code))
		for i, x := range seq {
			at, turn := y[d.PilotAt(i)], ramp[i]
			p, q := sign*float64(real(x)), sign*float64(imag(x))
			p, q = p*real(turn)-q*imag(turn), p*imag(turn)+q*real(turn)
			a, b := float64(real(at)), float64(imag(at))
			v[0][i] += a*p + b*q
			v[1][i] += b*p - a*q
		}
	}
}

// tooLoud is how many times the energy of the others a PRB may have.
const tooLoud = 4

// turnDown gives PRBs of the loaded piece of antenna r whose energy stands far out the energy of
// the middle one: a narrow interferer would make a few pilots decide, where the
// cumulants count on all.
func (d *Detector) turnDown(r, size int) {
	var energy [maxPieces]float64
	n := d.PilotsInPRB
	for p := range size {
		for o := range d.NumOccasions {
			for _, part := range &d.rows[r][o] {
				for _, x := range part[p*n : (p+1)*n] {
					energy[p] += x * x
				}
			}
		}
	}
	sorted := energy
	slices.Sort(sorted[:size])
	middle := sorted[(size-1)/2]
	for p := range size {
		if energy[p] <= tooLoud*middle {
			continue
		}
		f := math.Sqrt(middle / energy[p])
		for o := range d.NumOccasions {
			for i := p * n; i < (p+1)*n; i++ {
				d.rows[r][o][0][i] *= f
				d.rows[r][o][1][i] *= f
			}
		}
	}
}

// mix returns the k-th combination of the occasions of antenna r: the k-th vector of the discrete
// cosine transform over them, which changes k times from the first to the last.
func (d *Detector) mix(r, k, n int) *pilotRow {
	num := d.NumOccasions
	if num == 1 {
		return &d.rows[r][0]
	}
	v := &d.mixed
	clear(v[0][:n])
	clear(v[1][:n])
	for o := range num {
		w := cosines[num-1][k][o]
		for i := range n {
			v[0][i] += w * d.rows[r][o][0][i]
			v[1][i] += w * d.rows[r][o][1][i]
		}
	}
	return v
}

// cosines holds the discrete cosine transforms, by size minus 1.
var cosines = func() (t [nr.MaxDMRSSymbols][nr.MaxDMRSSymbols][nr.MaxDMRSSymbols]float64) {
	for i := range t {
		num := float64(i + 1)
		for k := range i + 1 {
			for o := range i + 1 {
				t[i][k][o] = math.Cos(math.Pi*float64(k)*(float64(o)+0.5)/num) * math.Sqrt(2/num)
				if k == 0 {
					t[i][k][o] = math.Sqrt(1 / num)
				}
			}
		}
	}
	return t
}()

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
