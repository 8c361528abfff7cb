// SPDX-License-Identifier: Apache-2.0

package chest

import (
	"math"
	"testing"

	"github.com/neuroran/neuroran/phy/dmrs"
	"github.com/neuroran/neuroran/phy/dmrs/dmrstest"
	"github.com/neuroran/neuroran/phy/nr"
)

// TestDopplerFollowsEvidence gives the model the correlation of one Doppler frequency
// over two occasions. In weak signals, where noise hides what a high frequency loses,
// it is believed; in strong ones only where many looks are behind it.
func TestDopplerFollowsEvidence(t *testing.T) {
	ref, err := dmrs.NewReference(nr.DefaultGroupLimits())
	if err != nil {
		t.Fatal(err)
	}
	e := &NewLMMSE(ref).impl
	g := dmrstest.Group(24, 0)
	g.Mu = 0
	if err := e.Configure("chest", &g); err != nil {
		t.Fatal(err)
	}
	const hertz = 400
	for name, c := range map[string]struct {
		snr            float64 // of one element
		rx, paths      int
		atLeast, below float64 // of the mean square of the frequency
	}{
		"weak, many looks":   {0.25, 4, 6, 0.6, 1.7},
		"weak, few looks":    {0.25, 2, 1, 0.4, 2},
		"strong, many looks": {1e4, 8, 14, 0.6, 1.4},
		"strong, few looks":  {1e4, 4, 1, 0, 0.3},
	} {
		e.rx, e.priors, e.seen = c.rx, [nr.MaxUEs]nr.Prior{}, [nr.MaxUEs]nr.Seen{}
		e.profile.beamTable = beamTables[0][15]()
		clear(e.profile.gain[0][:])
		for b := range c.paths * beamsInPath {
			e.profile.gain[0][b] = c.snr / float64(c.paths*beamsInPath)
		}
		noise := 1 / c.snr / 96
		apart := besselJ0(2 * math.Pi * hertz * (e.OccasionTimes[1] - e.OccasionTimes[0]))
		corr := correlations{{1 + noise}, {apart, 1 + noise}}
		e.time[0].moments = [dopplerMoments]float64{}
		e.weighDoppler(0, &corr, noise)
		got := e.time[0].moments[0] / math.Pow(2*math.Pi*hertz, 2)
		if got < c.atLeast || got > c.below {
			t.Errorf("%s: mean square of the frequency %.2f of the true one, want %g…%g", name, got, c.atLeast, c.below)
		}
	}
}

// TestBesselJ0 compares the series with the library's.
func TestBesselJ0(t *testing.T) {
	for x := 0.0; x < 3.5; x += 0.1 {
		if got, want := besselJ0(x), math.J0(x); math.Abs(got-want) > 1e-4 {
			t.Errorf("J0(%g) = %g, want %g", x, got, want)
		}
	}
}
