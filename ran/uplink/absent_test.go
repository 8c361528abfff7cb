// SPDX-License-Identifier: Apache-2.0

package uplink_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/neuroran/neuroran/internal/testvec"
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
				if n := play(t, file, uplink.WithReceiver(receiver)).Passed(); n > 0 {
					t.Errorf("%d transmissions pass, and nobody transmits", n)
				}
			})
		}
	}
}
