// SPDX-License-Identifier: Apache-2.0

package uplink_test

import (
	"context"
	"log/slog"
	"testing"

	"github.com/neuroran/neuroran/phy/sigmf"
	"github.com/neuroran/neuroran/ran/block"
	"github.com/neuroran/neuroran/ran/uplink"
)

// BenchmarkPlay plays the recording that examples/uplink ships, 20 slots a turn.
func BenchmarkPlay(b *testing.B) {
	for _, receiver := range []string{"ls", "lmmse", "neural"} {
		b.Run("receiver="+receiver, func(b *testing.B) {
			rec, err := sigmf.Open("../../examples/uplink/testdata/uplink.sigmf-meta")
			if err != nil {
				b.Fatal(err)
			}
			defer rec.Close()
			chain, err := uplink.New(block.Config{Carrier: rec.Carrier, NumRx: rec.NumChannels}, uplink.WithReceiver(receiver))
			if err != nil {
				b.Fatal(err)
			}
			defer chain.Close()
			cfg := uplink.PlayConfig{Logger: slog.New(slog.DiscardHandler)}
			var wall, slots float64
			for b.Loop() {
				report, err := chain.Play(context.Background(), rec, cfg)
				if err != nil {
					b.Fatal(err)
				}
				wall += report.Wall.Seconds()
				slots += float64(report.Slots)
			}
			b.ReportMetric(1e6*wall/slots, "µs/slot")
		})
	}
}
