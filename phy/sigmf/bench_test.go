// SPDX-License-Identifier: Apache-2.0

package sigmf

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/tensor"
)

// BenchmarkParseMeta reads the metadata of many transmissions that differ in a few
// fields from the default grant.
func BenchmarkParseMeta(b *testing.B) {
	for _, n := range []int{10, 1000} {
		b.Run(fmt.Sprintf("annotations=%d", n), func(b *testing.B) {
			var meta []byte
			var data bytes.Buffer
			c := testCarrier()
			w, err := NewWriter(Config{Datatype: CI8, NumChannels: 1, Carrier: c}, &data, func(m []byte) error { meta = m; return nil })
			if err != nil {
				b.Fatal(err)
			}
			for i := range n {
				slot := nr.Slot(i)
				g := testGrant()
				g.MCSIndex, g.HARQProcess = i%28, i%16
				x := nr.Baseband{Slot: slot, Samples: tensor.New[complex64]([]int{1, c.SlotSamples(slot)})}
				if err := w.WriteSlot(&x, g); err != nil {
					b.Fatal(err)
				}
			}
			if err := w.Close(); err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			b.SetBytes(int64(len(meta)))
			for b.Loop() {
				if _, err := ParseMeta(meta); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
