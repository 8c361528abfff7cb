// SPDX-License-Identifier: Apache-2.0

package dtx

import (
	"math"

	"github.com/neuroran/neuroran/internal/simd/f32"
	"github.com/neuroran/neuroran/phy/nr"
)

// piece is a few PRBs of pilots over their sequence: a row for each antenna and
// occasion.
//
// Both forms of a table are asked of all rows at once. For that the rows are turned
// into columns: a lane for each real and each imaginary part of each combination of
// the occasions, in panels of as many lanes as [f32.Gemm] takes.
type piece struct {
	rx, occasions int
	size, inPRB   int // PRBs, and pilots in each
	rows          [nr.MaxRx][nr.MaxDMRSSymbols * maxPilots]complex64
	all           [nr.MaxRx]float64            // energy of each antenna under all codes
	under         [nr.MaxRx]float64            // share of it that is in the rows
	energy        [nr.MaxRx]float64            // of the rows of each antenna
	prb           [nr.MaxRx][maxPieces]float64 // the same of each PRB
	columns       [maxPanels][maxPilots * f32.Lanes]float32
	product       [maxPilots * f32.Lanes]float32

	turn, second, pick [maxPilots]complex64 // scratch of loading
}

// maxPanels are the panels of all lanes.
const maxPanels = 2 * nr.MaxRx * nr.MaxDMRSSymbols / f32.Lanes

// begin says what is loaded.
func (p *piece) begin(rx, occasions, size, inPRB int) {
	p.rx, p.occasions, p.size, p.inPRB = rx, occasions, size, inPRB
	p.all = [nr.MaxRx]float64{}
}

// pilots returns the pilots of a row.
func (p *piece) pilots() int { return p.size * p.inPRB }

// row returns the pilots of one antenna and occasion; those of an antenna follow each
// other.
func (p *piece) row(r, o int) []complex64 {
	n := p.pilots()
	return p.rows[r][o*n : (o+1)*n]
}

// spread returns the sum over all pairs of antennas, each with itself too, of the
// squared correlation of what they hear: the number of antennas where all hear noise
// of their own, its square where all hear the same. It does not depend on the
// sequence. The mean that independent noise would show is taken away. It also reports
// whether the antennas are so alike, and the pilots so many, that whitening pays.
func (p *piece) spread() (sum float64, alike bool) {
	heard := 0.0
	for r := range p.rx {
		if !(p.energy[r] > 0) {
			continue
		}
		heard++
		for q := range r {
			if p.energy[q] > 0 {
				sum += 2 * p.related(r, q)
			}
		}
	}
	sum += heard
	return sum, sum > alikeFrom*heard && p.occasions*p.pilots() >= room*p.rx
}

// related returns the mean over PRBs of the squared correlation of two antennas: an
// interferer that fills one of them decides as much as its pilots do.
func (p *piece) related(r, q int) float64 {
	samples, sum, n := float64(p.occasions*p.inPRB), 0.0, p.pilots()
	for b := range p.size {
		energy := p.prb[r][b] * p.prb[q][b]
		if !(energy > 0) {
			continue
		}
		re, im := 0.0, 0.0
		for o := range p.occasions {
			x, y := p.rows[r][o*n+b*p.inPRB:][:p.inPRB], p.rows[q][o*n+b*p.inPRB:][:p.inPRB]
			for i, v := range x {
				w := y[i]
				re += float64(real(v)*real(w) + imag(v)*imag(w))
				im += float64(imag(v)*real(w) - real(v)*imag(w))
			}
		}
		sum += ((re*re+im*im)/energy*samples - 1) / (samples - 1)
	}
	return max(0, sum/float64(p.size))
}

const (
	alikeFrom = 1.5 // spread over the number of antennas from which on they hear the same
	room      = 6   // pilots for each antenna without which no direction is known
)

// transform writes the columns: of each antenna the combinations of its occasions by
// the discrete cosine transform, of which number k changes k times from the first to
// the last.
func (p *piece) transform() {
	lane := 0
	for r := range p.rx {
		for k := range p.occasions {
			column := p.columns[lane/f32.Lanes][lane%f32.Lanes:]
			for o, w := range cosines[p.occasions-1][k][:p.occasions] {
				at := 0
				for _, x := range p.row(r, o) {
					a := column[at : at+2]
					if o == 0 {
						a[0], a[1] = w*real(x), w*imag(x)
					} else {
						a[0], a[1] = a[0]+w*real(x), a[1]+w*imag(x)
					}
					at += f32.Lanes
				}
			}
			lane += 2
		}
	}
}

// shares returns what the antennas say under the forms of a table.
func (p *piece) shares(t *table) (sum share) {
	var inside, energy [maxPanels * f32.Lanes]float32
	p.form(&inside, t.inside)
	if t.energy != nil {
		p.form(&energy, t.energy)
	}
	for r := range p.rx {
		in, all := 0.0, 0.0
		for k, weight := range slowness[p.occasions-1][:p.occasions] {
			lane := 2 * (r*p.occasions + k)
			in += weight * (float64(inside[lane]) + float64(inside[lane+1]))
			all += float64(energy[lane]) + float64(energy[lane+1])
		}
		if t.energy == nil { // the combinations have the energy of the rows
			all = p.energy[r]
		}
		sum.add(in, all, p.under[r]/p.energy[r])
	}
	return sum
}

// form writes the values of a form for every lane: Σ_ik M_ik·v_i·v_k.
func (p *piece) form(dst *[maxPanels * f32.Lanes]float32, m []float32) {
	n := p.pilots()
	out := p.product[:n*f32.Lanes]
	for lane := 0; lane < 2*p.rx*p.occasions; lane += f32.Lanes {
		v := p.columns[lane/f32.Lanes][:n*f32.Lanes]
		f32.Gemm(out, f32.Lanes, m, n, v, zeros[:], 0, n, f32.Lanes, n, f32.NoFloor)
		f32.Mul(out, out, v)
		f32.RowComb(dst[lane:lane+f32.Lanes], ones[:n], out, f32.Lanes)
	}
}

// zeros and ones are what [f32.Gemm] adds to, and the weights of a plain sum.
var (
	zeros [f32.Lanes]float32
	ones  = func() (x [maxPilots]float32) {
		for i := range x {
			x[i] = 1
		}
		return x
	}()
)

// cosines holds the discrete cosine transforms, by size minus 1.
var cosines = func() (t [nr.MaxDMRSSymbols][nr.MaxDMRSSymbols][nr.MaxDMRSSymbols]float32) {
	for i := range t {
		num := float64(i + 1)
		for k := range i + 1 {
			for o := range i + 1 {
				t[i][k][o] = float32(math.Cos(math.Pi*float64(k)*(float64(o)+0.5)/num) * math.Sqrt(2/num))
				if k == 0 {
					t[i][k][o] = float32(math.Sqrt(1 / num))
				}
			}
		}
	}
	return t
}()
