// SPDX-License-Identifier: Apache-2.0

package uplink_test

import (
	"testing"

	"github.com/neuroran/neuroran/ran/uplink"
)

// BenchmarkPlay plays the recording that examples/uplink ships, 20 slots a turn.
func BenchmarkPlay(b *testing.B) {
	for _, receiver := range []string{"ls", "lmmse", "neural"} {
		b.Run("receiver="+receiver, func(b *testing.B) {
			f := openFrame(b)
			chain := f.chain(b, uplink.Config{Receiver: receiver})
			var wall, slots float64
			for b.Loop() {
				report := f.play(b, chain)
				wall += report.Wall.Seconds()
				slots += float64(report.Slots)
			}
			b.ReportMetric(1e6*wall/slots, "µs/slot")
		})
	}
}
