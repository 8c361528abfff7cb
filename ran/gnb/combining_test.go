// SPDX-License-Identifier: Apache-2.0

package gnb

import (
	"testing"

	"github.com/neuroran/neuroran/phy/nr"
)

// TestCombining finds every MCS in the table. Each further transmission helps, by 3 dB
// at least where it repeats what was sent, less half a decibel of decoding.
func TestCombining(t *testing.T) {
	c := measuredCombining()
	for table := nr.MCSTable64QAM; table <= nr.MCSTableLowSE; table++ {
		for i := range nr.MaxMCSIndex + 1 {
			m, err := table.Row(i)
			if err != nil || m.Reserved() {
				continue
			}
			last := float32(0)
			for n, ideal := range []float32{0, 3.01, 4.77, 6.02} {
				got := c.gain(m, n+1)
				if got < ideal-0.5 || n > 0 && got < last+0.5 {
					t.Errorf("table %d, index %d: %d transmissions gain %v dB, %v before", table, i, n+1, got, last)
				}
				last = got
			}
			if got := c.gain(m, 8); got < last+3 || got > last+3.1 {
				t.Errorf("table %d, index %d: eight transmissions gain %v dB, four %v", table, i, got, last)
			}
		}
	}
	for _, text := range []string{"x", combiningColumns + "\n1,2\n"} {
		if _, err := readCombining(text); err == nil {
			t.Errorf("%q: accepted", text)
		}
	}
}
