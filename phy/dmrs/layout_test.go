// SPDX-License-Identifier: Apache-2.0

package dmrs_test

import (
	"errors"
	"testing"

	"github.com/neuroran/neuroran/phy/dmrs"
	"github.com/neuroran/neuroran/phy/dmrs/dmrstest"
	"github.com/neuroran/neuroran/phy/nr"
)

// TestLayout lays out four UEs of double-symbol DM-RS: two on one comb with other
// codes, one with another sequence on it, one on the second CDM group.
func TestLayout(t *testing.T) {
	g := dmrstest.Group(2, 0, 5, 1, 2)
	g.Length, g.DMRSMask = 2, 3<<2|3<<10
	g.UEs[2].NID = 9
	l := dmrs.NewLayout(&g)
	if l.NumCombs != 3 || l.NumOccasions != 2 || l.NumPilots != 12 || l.FreeGroups != 0 {
		t.Errorf("combs %d, occasions %d, pilots %d, free %b; want 3, 2, 12, 0", l.NumCombs, l.NumOccasions, l.NumPilots, l.FreeGroups)
	}
	want := [4]dmrs.Position{{UE: 0, Comb: 0}, {UE: 1, Comb: 0, FreqCode: 1, TimeCode: 1}, {UE: 2, Comb: 1, FreqCode: 1}, {UE: 3, Comb: 2}}
	if l.Layers != want {
		t.Errorf("layers %+v, want %+v", l.Layers, want)
	}
	if c := l.Combs[0]; c.NumUEs != 2 || c.TimeCodes != 3 || c.FreqCodes != 3 || c.NumLayers != 2 {
		t.Errorf("first comb %+v", c)
	}
	if at := l.Symbols[:l.NumSymbols]; len(at) != 4 || at[3] != 11 || l.OccasionTimes[0] != (l.Times[0]+l.Times[1])/2 {
		t.Errorf("symbols %v, occasions %v of %v", at, l.OccasionTimes, l.Times)
	}
}

// TestReferenceShared checks that the blocks of a receiver agree on the group.
func TestReferenceShared(t *testing.T) {
	ref, err := dmrs.NewReference(nr.GroupLimits{MaxPRB: 4, MaxRx: 1, MaxLayers: 1})
	if err != nil {
		t.Fatal(err)
	}
	g := dmrstest.Group(4, 0)
	p := dmrstest.Pilots(&g, 1, dmrstest.Ray(&g, 0, 0))
	if err := ref.Check("test", &p); !errors.Is(err, nr.ErrNotConfigured) {
		t.Errorf("no group: got %v, want ErrNotConfigured", err)
	}
	if err := errors.Join(ref.Configure("test", &g), ref.Check("test", &p)); err != nil {
		t.Error(err)
	}
	for i, r := range ref.Sequence(0, 1) {
		if got := p.RE.Row(0, 1)[2*i]; real(got)*real(r)+imag(got)*imag(r) < 1.4 {
			t.Fatalf("pilot %d is %v, its reference %v", i, got, r)
		}
	}
	if n := testing.AllocsPerRun(20, func() { g.Slot++; _ = ref.Configure("test", &g) }); n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
	g.NumPRB = 5
	if err := ref.Configure("test", &g); !errors.Is(err, nr.ErrShape) {
		t.Errorf("too many PRBs: got %v, want ErrShape", err)
	}
	if err := ref.Check("test", &p); !errors.Is(err, nr.ErrNotConfigured) {
		t.Errorf("after a refusal: got %v, want ErrNotConfigured", err)
	}
}
