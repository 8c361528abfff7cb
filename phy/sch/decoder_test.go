// SPDX-License-Identifier: Apache-2.0

package sch

import (
	"testing"

	"github.com/neuroran/neuroran/phy/nr"
)

// Every CRC holds for zeros, so zeros pass only where the soft bits say so.
func TestZeroBlock(t *testing.T) {
	for _, c := range []struct {
		name string
		llr  int8
		want bool
	}{
		{"evidence of zeros", 40, true},
		{"no information", 0, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newSoftDecoder(t)
			code := configure(t, d, softCode(t, 0, true))
			soft := &SoftBuffer{}
			soft.start(&code)
			for r := range code.Segmentation.NumBlocks {
				row := soft.LLR.Row(r)
				if err := d.matcher.Clear(row); err != nil {
					t.Fatal(err)
				}
				for i, x := range row {
					if x == 0 {
						row[i] = c.llr
					}
				}
				soft.Extent = len(row)
			}
			var tb nr.TransportBlock
			if err := d.Decode(&tb, soft); err != nil {
				t.Fatal(err)
			}
			if tb.CRC != c.want {
				t.Errorf("CRC %t, want %t", tb.CRC, c.want)
			}
		})
	}
}
