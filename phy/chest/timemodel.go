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
	moments [dopplerMoments]float64                       // mean of (2πf)^2i of the Doppler frequency, i from 1
	seen    correlations                                  // of this slot, over the power of the channel
	noise   float64                                       // in the diagonal of seen
	looks   float64                                       // values behind seen
	rank    int                                           // eigenvalues kept
	value   [dmrs.MaxOccasions]float64                    // Λ, descending
	vector  [dmrs.MaxOccasions][dmrs.MaxOccasions]float64 // U, [occasion][column]
	weight  [nr.SymbolsPerSlot][dmrs.MaxOccasions]float64 // R_t(symbol, occasions)·U·Λ⁻¹
}

const beamsInPath = 3 // beams that one path raises

// correlations are sums over a UE's beams of the products of two occasions.
type correlations [dmrs.MaxOccasions][dmrs.MaxOccasions]float64

// measureTime finds the Doppler frequencies of UE u that explain the correlation
// of its beams between occasions. The n entries of each occasion were written by
// formBeams.
//
// Beams are weighted by the share of the channel in their power, and those with less than
// a fifth left out: they would add noise to every correlation. Noise stands on the
// diagonal only, since it does not repeat from occasion to occasion, so its power is
// subtracted from the mean diagonal and reported apart.
func (e *lmmse) measureTime(u, n int, noise float64) {
	t := &e.time[u]
	m := &e.profile
	var corr correlations
	power, noiseSum, used := 0.0, 0.0, 0
	for b := range m.beams {
		w := max(0, m.power[b]-noise) / m.power[b]
		if !(w >= 0.2) {
			continue
		}
		noiseSum += w * noise * float64(n)
		used++
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
	t.moments = [dopplerMoments]float64{}
	t.noise, t.looks = math.Inf(1), 1
	// With one occasion, or nothing above the noise, the channel is taken for constant:
	// moments of zero, correlation 1.
	if e.NumOccasions > 1 && power > 0 {
		t.noise, t.looks = noiseSum/power, float64(n*max(2, used)/2)
		for o := range corr {
			for q := range o + 1 {
				corr[o][q] /= power
			}
		}
		e.weighDoppler(u, &corr, noiseSum/power)
	}
	t.seen = corr
	e.solveTime(t, m.totalGain(u))
}

func (m *profileMeter) totalGain(u int) float64 {
	sum := 0.0
	for _, g := range m.gain[u][:m.beams] {
		sum += g
	}
	return sum
}

// solveTime fills eigenvalues, columns and weights for the Doppler frequencies.
// Columns whose channel is small beside the noise of data are left out.
//
// A column is left out where its power is below a fiftieth of the noise of data: its
// estimate would cost more than it explains. The first column always stays.
func (e *lmmse) solveTime(t *timeModel, gain float64) {
	n := e.NumOccasions
	var a [dmrs.MaxOccasions][dmrs.MaxOccasions]float64
	for o := range n {
		for q := range n {
			a[o][q] = t.correlation(e.OccasionTimes[o] - e.OccasionTimes[q])
		}
	}
	jacobi(&a, &t.vector, n)
	for i := range n {
		t.value[i] = a[i][i]
	}
	t.sort(n)
	// What a column is worth is set against the noise of data, which is 1.
	const negligible = 0.02
	t.rank = 1
	for t.rank < n && t.value[t.rank] > 1e-9 && min(t.value[t.rank], t.power(t.rank, n))*gain > negligible {
		t.rank++
	}
	for s := range e.Group.NumSymbols {
		at := e.SlotTimes[e.Group.StartSymbol+s]
		for i := range t.rank {
			sum := 0.0
			for o := range n {
				sum += t.correlation(at-e.OccasionTimes[o]) * t.vector[o][i]
			}
			t.weight[s][i] = sum / t.value[i]
		}
	}
}

// power returns the most that column i probably has in this slot, over the power
// of the channel. It is measured far better than the Doppler frequency, which
// other slots would share: what did not change needs no filter.
func (t *timeModel) power(i, n int) float64 {
	sum := 0.0
	for o := range n {
		for q := range o + 1 {
			v := t.seen[o][q] * t.vector[o][i] * t.vector[q][i]
			if o != q {
				v *= 2
			}
			sum += v
		}
	}
	return max(0, sum-t.noise) + t.noise/math.Sqrt(t.looks)
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

// jacobi diagonalizes the symmetric matrix a in place and writes the
// eigenvectors to the columns of v.
//
// Rotations zero one pair of elements after the other; each pass over all pairs squares
// what is left beside the diagonal, so that twelve passes are enough for any matrix of
// this size. It cannot fail, which a slot needs.
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
