// SPDX-License-Identifier: Apache-2.0

package uplink_test

import (
	"crypto/sha256"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/neuroran/neuroran/ran/uplink"
)

// TestCuts divides the chain where it may be: it has as many parts more, all of them
// soft, and what comes out is the same.
func TestCuts(t *testing.T) {
	f := openFrame(t)
	whole := f.chain(t, uplink.Config{Receiver: "ls"})
	want := f.play(t, whole)
	for _, cuts := range [][]uplink.Edge{{uplink.EdgeBlocks}, {uplink.EdgeLLRs}, {uplink.EdgeLLRs, uplink.EdgeBlocks}} {
		c := f.chain(t, uplink.Config{Receiver: "ls", Cuts: cuts})
		parts := c.App.Parts()
		if len(parts) != len(whole.App.Parts())+len(cuts) {
			t.Errorf("cut at %v: %d parts", cuts, len(parts))
		}
		for _, p := range parts {
			if !p.Soft {
				t.Errorf("cut at %v: part %s is kept", cuts, p.Name)
			}
		}
		if diff := cmp.Diff(outcomesOf(want), outcomesOf(f.play(t, c))); diff != "" {
			t.Errorf("cut at %v:\n%s", cuts, diff)
		}
	}
	if _, err := uplink.New(configOf(f.cfg, uplink.Config{Cuts: []uplink.Edge{uplink.EdgeGrid}})); err == nil {
		t.Error("a cut at the grid is accepted")
	}
}

// outcomesOf returns of each transmission what does not depend on time.
func outcomesOf(r *uplink.Report) (all [][sha256.Size]byte) {
	for _, x := range r.Transmissions {
		all = append(all, x.SHA256)
	}
	return all
}
