// SPDX-License-Identifier: Apache-2.0

package chest

import (
	"math"

	"github.com/neuroran/neuroran/phy/dmrs"
	"github.com/neuroran/neuroran/phy/nr"
)

// timeModel is the correlation of a UE's channel over time: R_t = U·Λ·Uᵀ over
// the DM-RS occasions, without the eigenvalues that do not matter.
type timeModel struct {
	doppler float64                                       // Hz
	rank    int                                           // eigenvalues kept
	value   [dmrs.MaxOccasions]float64                    // Λ, descending
	vector  [dmrs.MaxOccasions][dmrs.MaxOccasions]float64 // U, [occasion][column]
	weight  [nr.SymbolsPerSlot][dmrs.MaxOccasions]float64 // R_t(symbol, occasions)·U·Λ⁻¹
}

const (
	dopplerSteps = 32
	maxDopplerCP = 0.04 // largest Doppler frequency, of the subcarrier spacing
)

// measureTime fits the Doppler frequency of UE u to the correlation of its beams
// between occasions, for the classical spectrum: J0(2πf·t). The n entries of
// each occasion were written by formBeams.
func (e *lmmse) measureTime(u, n int, noise float64) {
	t := &e.time[u]
	m := &e.profile
	var corr [dmrs.MaxOccasions][dmrs.MaxOccasions]float64
	power, noiseSum := 0.0, 0.0
	for b := range m.beams {
		w := max(0, m.power[b]-noise) / m.power[b]
		if w < 0.2 {
			continue
		}
		noiseSum += w * noise * float64(n)
		for i := range n {
			row := m.value[i*e.NumOccasions : (i+1)*e.NumOccasions]
			for o := range row {
				x := row[o][b]
				for q := range o + 1 {
					y := row[q][b]
					corr[o][q] += w * float64(real(x)*real(y)+imag(x)*imag(y))
				}
			}
		}
	}
	for o := range e.NumOccasions {
		power += corr[o][o] / float64(e.NumOccasions)
	}
	power -= noiseSum
	t.doppler = 0
	if e.NumOccasions > 1 && power > 0 {
		t.doppler = e.fitDoppler(&corr, power)
	}
	e.solveTime(t, m.totalGain(u))
}

func (m *profileMeter) totalGain(u int) float64 {
	sum := 0.0
	for _, g := range m.gain[u][:m.beams] {
		sum += g
	}
	return sum
}

// fitDoppler returns the frequency whose correlation is closest to the measured
// one.
func (e *lmmse) fitDoppler(corr *[dmrs.MaxOccasions][dmrs.MaxOccasions]float64, power float64) float64 {
	longest := e.OccasionTimes[e.NumOccasions-1] - e.OccasionTimes[0]
	// The fit stays on the main lobe of J0 for the longest distance.
	top := min(maxDopplerCP*e.SpacingHz, 2.2/(2*math.Pi*longest))
	best, at := math.Inf(1), 0.0
	for i := range dopplerSteps {
		f := top * float64(i) / (dopplerSteps - 1)
		sum := 0.0
		for o := range e.NumOccasions {
			for q := range o {
				d := corr[o][q]/power - math.J0(2*math.Pi*f*(e.OccasionTimes[o]-e.OccasionTimes[q]))
				sum += d * d
			}
		}
		if sum < best {
			best, at = sum, f
		}
	}
	return at
}

// solveTime fills eigenvalues, columns and weights for the Doppler frequency.
// Columns whose channel drowns in noise even after the filter are left out.
func (e *lmmse) solveTime(t *timeModel, gain float64) {
	n := e.NumOccasions
	var a [dmrs.MaxOccasions][dmrs.MaxOccasions]float64
	corr := func(dt float64) float64 { return math.J0(2 * math.Pi * t.doppler * dt) }
	for o := range n {
		for q := range n {
			a[o][q] = corr(e.OccasionTimes[o] - e.OccasionTimes[q])
		}
	}
	jacobi(&a, &t.vector, n)
	for i := range n {
		t.value[i] = a[i][i]
	}
	t.sort(n)
	noise := e.streamNoise() / float64(e.PilotsInPRB)
	t.rank = 1
	for t.rank < n && t.value[t.rank] > 1e-6 && t.value[t.rank]*gain > 0.02*noise {
		t.rank++
	}
	for s := range e.Group.NumSymbols {
		at := e.SlotTimes[e.Group.StartSymbol+s]
		for i := range t.rank {
			sum := 0.0
			for o := range n {
				sum += corr(at-e.OccasionTimes[o]) * t.vector[o][i]
			}
			t.weight[s][i] = sum / t.value[i]
		}
	}
}

// sort orders the eigenvalues descending.
func (t *timeModel) sort(n int) {
	for i := range n {
		for j := i + 1; j < n; j++ {
			if t.value[j] > t.value[i] {
				t.value[i], t.value[j] = t.value[j], t.value[i]
				for o := range n {
					t.vector[o][i], t.vector[o][j] = t.vector[o][j], t.vector[o][i]
				}
			}
		}
	}
}

// jacobi diagonalises the symmetric matrix a in place and writes the
// eigenvectors to the columns of v.
func jacobi(a, v *[dmrs.MaxOccasions][dmrs.MaxOccasions]float64, n int) {
	for i := range n {
		for j := range n {
			v[i][j] = 0
		}
		v[i][i] = 1
	}
	for range 12 {
		for p := range n {
			for q := p + 1; q < n; q++ {
				if math.Abs(a[p][q]) > 1e-15 {
					rotate(a, v, n, p, q)
				}
			}
		}
	}
}

// rotate zeroes a[p][q].
func rotate(a, v *[dmrs.MaxOccasions][dmrs.MaxOccasions]float64, n, p, q int) {
	theta := (a[q][q] - a[p][p]) / (2 * a[p][q])
	t := 1 / (math.Abs(theta) + math.Sqrt(theta*theta+1))
	if theta < 0 {
		t = -t
	}
	c := 1 / math.Sqrt(t*t+1)
	s := t * c
	for k := range n {
		x, y := a[k][p], a[k][q]
		a[k][p], a[k][q] = c*x-s*y, s*x+c*y
	}
	for k := range n {
		x, y := a[p][k], a[q][k]
		a[p][k], a[q][k] = c*x-s*y, s*x+c*y
	}
	for k := range n {
		x, y := v[k][p], v[k][q]
		v[k][p], v[k][q] = c*x-s*y, s*x+c*y
	}
}
