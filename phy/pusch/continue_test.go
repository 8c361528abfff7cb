// SPDX-License-Identifier: Apache-2.0

package pusch

import (
	"testing"

	"github.com/neuroran/neuroran/phy/nr"
)

// A retransmission keeps the base graph of its initial transmission, although
// its own MCS asks for the other one.
func TestContinue(t *testing.T) {
	grant := func(mcs, numPRB int, newData bool) *nr.Grant {
		g := softGrant(0, newData)
		g.MCSIndex, g.NumPRB = mcs, numPRB
		g.DMRS.AdditionalPosition = 1
		return g
	}
	first, err := NewCode(grant(24, 4, true))
	if err != nil {
		t.Fatal(err)
	}
	for prb := 1; prb <= 24; prb++ {
		again, err := NewCode(grant(16, prb, false))
		if err != nil {
			t.Fatal(err)
		}
		if again.TBS != first.TBS || again.Segmentation.BaseGraph == first.Segmentation.BaseGraph {
			continue
		}
		if err := again.Continue(first.TBS, first.Segmentation.BaseGraph); err != nil {
			t.Fatal(err)
		}
		if again.Segmentation != first.Segmentation {
			t.Errorf("got %+v, want %+v", again.Segmentation, first.Segmentation)
		}
		return
	}
	t.Fatalf("no grant with MCS 16 has the size %d on the other base graph", first.TBS)
}

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
			g := softGrant(0, true)
			code := configure(t, d, g)
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
