// SPDX-License-Identifier: Apache-2.0

package uplink_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/neuroran/neuroran/internal/testvec"
	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/ran/uplink"
)

// TestNobodyTransmits decodes recordings of noise whose annotations say that UEs
// were scheduled: no CRC may pass.
func TestNobodyTransmits(t *testing.T) {
	folder := filepath.Join(testvec.Shared(t), "cases", "phy", "rec")
	for _, name := range []string{"dtx-1prb", "dtx-8prb"} {
		file := filepath.Join(folder, name+".sigmf-meta")
		_, err := os.Stat(file)
		testvec.Require(t, "shared", err == nil, "no recording "+name)
		for _, receiver := range []string{"ls", "lmmse", "neural"} {
			t.Run(name+" "+receiver, func(t *testing.T) {
				report := play(t, file, uplink.Config{Receiver: receiver})
				n, absent := len(report.Transmissions), report.Count(nr.OutcomeAbsent)
				if report.Passed() > 0 || absent < n-1 { // 1 % of false alarm
					t.Errorf("%d of %d transmissions pass and %d are absent, and nobody transmits", report.Passed(), n, absent)
				}
			})
		}
	}
}
