// SPDX-License-Identifier: Apache-2.0

package gnb

import (
	"math"
	"testing"

	"github.com/neuroran/neuroran/mac"
	"github.com/neuroran/neuroran/phy/nr"
)

// TestFading compares the power between the instants of the channel with that of the channel
// itself, slot by slot and where slots are left out.
func TestFading(t *testing.T) {
	for _, hz := range []float64{0, 3, 20, 100, 111, 700} {
		cfg := testConfig(1, mac.RoundRobin{}, Traffic{})
		cfg.UEs[0].Trajectory[0].DopplerHz = hz
		air := AirConfig{Carrier: cfg.MAC.Carrier, NumRx: 2, UEs: cfg.UEs, Seed: 3}
		path, err := air.path(0, hz)
		if err != nil {
			t.Fatal(err)
		}
		f, groups := fading{}, []float64{-4e6, 1e6}
		if err := f.init(&air, 0, groups); err != nil {
			t.Fatal(err)
		}
		slotSeconds := air.Carrier.Numerology().SlotDuration().Seconds()
		sum, square, n := 0.0, 0.0, 0.0
		one := make([]complex64, 1)
		for slot := nr.Slot(0); slot < 4000; slot += 1 + slot/100%9 {
			if _, err := f.seek(slot); err != nil {
				t.Fatal(err)
			}
			for i, at := range groups {
				want := 0.0
				for rx := range air.NumRx {
					path.Response(one, rx, 0, slotSeconds*(float64(slot)+0.5), at, 0)
					want += float64(real(one[0])*real(one[0]) + imag(one[0])*imag(one[0]))
				}
				off := 10 * math.Log10(float64(f.gain(i))/want)
				sum, square, n = sum+off, square+off*off, n+1
			}
		}
		rms, mean := math.Sqrt(square/n), sum/n
		t.Logf("%g Hz: the power is off by %.3f dB, %+.4f dB on average", hz, rms, mean)
		if !(rms < 0.05) || !(math.Abs(mean) < 0.01) {
			t.Errorf("%g Hz: the power is off by %.3f dB, %.3f dB on average, want less than 0.05 and 0.01", hz, rms, mean)
		}
	}
}
