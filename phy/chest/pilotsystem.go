// SPDX-License-Identifier: Apache-2.0

package chest

import (
	"github.com/neuroran/neuroran/internal/simd/f64"
	"github.com/neuroran/neuroran/phy/dmrs"
)

// lags is the correlation of a channel over subcarriers, real and imaginary parts:
// that of two subcarriers of which the second is d behind the first stands at
// filterSpan+d.
type lags struct{ re, im [2*filterSpan + 1]float64 }

// mirror fills the correlations over −span…−1 subcarriers from those over 1…span.
func (l *lags) mirror(span int) {
	for d := 1; d <= span; d++ {
		l.re[filterSpan-d], l.im[filterSpan-d] = l.re[filterSpan+d], -l.im[filterSpan+d]
	}
}

// pilotSystem solves C·X = B for the covariance C of the pilots in a window of one
// comb, for channels with one code in frequency (the first) or with both:
//
//	C_ik = codes · R(p_k − p_i) + noise · δ_ik
//
// with p the subcarriers of the pilots and, with both codes, 0 where k − i is odd.
//
// Three steps make a small real system of it.
//
//  1. With both codes, pilots of even and of odd number have nothing to do with each
//     other, and have the same C, since both stand at equal distances. They become
//     one system of half the size with twice the right-hand sides.
//
//  2. Pilots stand alike seen from both ends, so C read from the end is its
//     conjugate. The sum s of the values of two pilots that mirror each other, and −j
//     times their difference, d, see a real matrix (A. Lee, Linear Algebra and its
//     Applications 29, 1980). With i' the mirror of i:
//
//     s,s: 2·Re(C_ik + C_ik')    d,d: 2·Re(C_ik − C_ik')    s,d: 2·Im(C_ik' − C_ik)
//
//     A pilot in the middle stays as it is: Re 2·C_im with s, −2·Im C_mk with d.
//
//  3. Real and imaginary parts of the right-hand sides are columns of their own.
//
// Rows of the system hold the sums first, then the middle, then the differences.
type pilotSystem struct {
	system       *f64.System
	pilots       int // in the window
	codes        int // codes in frequency: 1 or 2
	size         int // rows: pilots / codes
	solved, seen int // right-hand sides that are solved, and those of which only the power is asked
}

// newPilotSystem returns a system with room for so many pilots and right-hand sides:
// both codes take twice the columns in half the rows.
func newPilotSystem(pilots, columns int) *pilotSystem {
	return &pilotSystem{system: f64.NewSystem(pilots, 2*columns)}
}

// reset writes C, and says how many right-hand sides there are.
func (s *pilotSystem) reset(l *lags, configType, pilots, codes int, noise float64, solved, seen int) {
	s.pilots, s.codes, s.size, s.solved, s.seen = pilots, codes, pilots/codes, solved, seen
	s.system.Reset(s.size, 2*codes*(solved+seen))
	half, middle := s.size/2, s.size&1
	var at [filterPilots]int
	for i := range s.size {
		at[i] = dmrs.Subcarrier(configType, 0, i*codes)
	}
	scale := float64(codes)
	for i := range half {
		sums, differences := s.system.Row(i), s.system.Row(s.size - half + i)[s.size-half:]
		mixed := sums[s.size-half:]
		for k := range half {
			a, b := filterSpan+at[k]-at[i], filterSpan+at[s.size-1-k]-at[i]
			sums[k] = 2 * scale * (l.re[a] + l.re[b])
			differences[k] = 2 * scale * (l.re[a] - l.re[b])
			mixed[k] = 2 * scale * (l.im[b] - l.im[a])
		}
		if middle == 1 {
			sums[half] = 2 * scale * l.re[filterSpan+at[half]-at[i]]
		}
		sums[i] += 2 * noise
		differences[i] += 2 * noise
	}
	if middle == 1 {
		row := s.system.Row(half)
		row[half] = scale*l.re[filterSpan] + noise
		for k := range half {
			row[half+1+k] = -2 * scale * l.im[filterSpan+at[k]-at[half]]
		}
	}
}

// row returns the row of the system in which the right-hand sides of pilot i stand
// before they are mixed, and where its columns begin: those of odd pilots, with both
// codes, stand behind those of even ones.
func (s *pilotSystem) row(i int) (right []float64, odd int) {
	i, odd = i/s.codes, i%s.codes
	if half := s.size / 2; i >= s.size-half { // the mirror of s.size−1−i
		i = s.size - half + s.size - 1 - i
	}
	return s.system.Right(i), odd
}

// unknowns returns the right-hand sides of pilot i that are solved, and after solve
// the solutions: real parts, then imaginary ones.
func (s *pilotSystem) unknowns(i int) (re, im []float64) {
	right, odd := s.row(i)
	right = right[odd*2*s.solved:]
	return right[:s.solved:s.solved], right[s.solved : 2*s.solved : 2*s.solved]
}

// others returns the right-hand sides of pilot i of which only the power is asked. All
// unknowns are written first.
func (s *pilotSystem) others(i int) (re, im []float64) {
	right, odd := s.row(i)
	right = right[2*s.codes*s.solved+odd*2*s.seen:]
	return right[:s.seen:s.seen], right[s.seen : 2*s.seen : 2*s.seen]
}

// solve solves the unknowns and returns the power Σ bᴴ·C⁻¹·b of the others. It reports
// false if C is not positive definite. With both codes there are two right-hand sides
// of a pilot system for each of the caller's, one of even and one of odd pilots, whose
// other half is zero: powers and solutions are those of the whole.
func (s *pilotSystem) solve() (power float64, ok bool) {
	half := s.size / 2
	for i := range half {
		a, b := s.system.Right(i), s.system.Right(s.size-half+i)
		for odd := range s.codes {
			mix(a[odd*2*s.solved:], b[odd*2*s.solved:], s.solved)
			at := 2*s.codes*s.solved + odd*2*s.seen
			mix(a[at:], b[at:], s.seen)
		}
	}
	if !s.system.Factor() {
		return 0, false
	}
	power = s.system.SumSquares(2 * s.codes * s.solved)
	s.system.Solve(2 * s.codes * s.solved)
	for i := range half {
		a, b := s.system.Right(i), s.system.Right(s.size-half+i)
		for odd := range s.codes {
			unmix(a[odd*2*s.solved:], b[odd*2*s.solved:], s.solved)
		}
	}
	return power, true
}

// mix replaces n values a and b by s = a + b and d = −j·(a − b).
func mix(a, b []float64, n int) {
	ar, ai, br, bi := a[:n], a[n:2*n], b[:n], b[n:2*n]
	for k, x := range ar {
		y, u, v := ai[k], br[k], bi[k]
		ar[k], ai[k], br[k], bi[k] = x+u, y+v, y-v, u-x
	}
}

// unmix replaces n values s and d by a = s + j·d and b = s − j·d: the solutions of the
// real system are weights of its sums and differences.
func unmix(s, d []float64, n int) {
	sr, si, dr, di := s[:n], s[n:2*n], d[:n], d[n:2*n]
	for k, x := range sr {
		y, u, v := si[k], dr[k], di[k]
		sr[k], si[k], dr[k], di[k] = x-v, y+u, x+v, y-u
	}
}
