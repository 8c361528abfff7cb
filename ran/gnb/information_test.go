// SPDX-License-Identifier: Apache-2.0

package gnb

import (
	"math"
	"testing"

	"github.com/neuroran/neuroran/phy/nr"
)

// TestInformation compares the information of a coded bit with published values of the
// capacity of QPSK over white noise, and of all modulations with what Shannon allows.
func TestInformation(t *testing.T) {
	// Binary signals over white noise reach 1/2 bit per real symbol at Es/N0 of −2.823 dB,
	// that is Eb/N0 of 0.187 dB (S. Lin and D. J. Costello, Error Control Coding, 2nd
	// edition, §1.5); QPSK at the same SINR per complex symbol less 3 dB in each dimension.
	qpsk := informationOf(nr.QPSK)
	if x := qpsk.inverse(0.5); math.Abs(float64(x)-0.187) > 0.03 {
		t.Errorf("QPSK carries half a bit at %v dB, want 0.187", x)
	}
	for _, m := range []nr.Modulation{nr.QPSK, nr.QAM16, nr.QAM64, nr.QAM256} {
		table := informationOf(m)
		last := float32(-1)
		for x := float32(-29); x < 44; x += 0.37 {
			got := table.at(x)
			if got < last || float64(got)*float64(m.BitsPerSymbol()) > math.Log2(1+math.Pow(10, float64(x)/10))+1e-3 {
				t.Errorf("%v: %v bits at %v dB, %v before", m, got, x, last)
			}
			last = got
			if y := table.atRatio(float32(math.Pow(10, float64(x)/10))); math.Abs(float64(y-got)) > 1e-3 {
				t.Errorf("%v: %v bits at %v dB, %v at the same ratio", m, got, x, y)
			}
			if y := table.inverse(got); got > 0.01 && got < 0.99 && math.Abs(float64(y-x)) > 0.02 {
				t.Errorf("%v: %v dB became %v", m, x, y)
			}
		}
	}
}
