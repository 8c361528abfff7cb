// SPDX-License-Identifier: Apache-2.0

package block

import (
	"errors"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/neuroran/neuroran/phy/nr"
)

var testCarrier = nr.Carrier{CellID: 3, SubcarrierSpacingKHz: 30, NumPRB: 24, FFTSize: 512}

// testGrant returns a one-layer grant of n PRBs from the given one on.
func testGrant(rnti uint16, start, n int, port uint8) nr.Grant {
	return nr.Grant{
		RNTI: rnti, NID: 3, NumLayers: 1, NumAntennaPorts: 1, Mapping: nr.MappingA, NumSymbols: 14,
		StartPRB: start, NumPRB: n, MCSTable: nr.MCSTable64QAM, MCSIndex: 5, NewData: true,
		DMRS: nr.DMRS{ConfigType: 1, Length: 1, TypeAPosition: 2, NumCDMGroupsWithoutData: 2, Ports: [nr.MaxLayers]uint8{port}},
	}
}

// TestGroups lists which grants are detected jointly.
func TestGroups(t *testing.T) {
	for name, c := range map[string]struct {
		grants []nr.Grant
		want   [][]uint16
	}{
		"none":         {nil, nil},
		"one":          {[]nr.Grant{testGrant(1, 0, 24, 0)}, [][]uint16{{1}}},
		"side by side": {[]nr.Grant{testGrant(2, 12, 12, 0), testGrant(1, 0, 12, 0)}, [][]uint16{{2}, {1}}},
		"shared":       {[]nr.Grant{testGrant(1, 0, 24, 0), testGrant(2, 0, 24, 1)}, [][]uint16{{1, 2}}},
		"interleaved": {[]nr.Grant{testGrant(1, 0, 12, 0), testGrant(2, 12, 12, 0), testGrant(3, 0, 12, 2), testGrant(4, 12, 12, 3)},
			[][]uint16{{1, 3}, {2, 4}}},
	} {
		t.Run(name, func(t *testing.T) {
			var w grouper
			w.start(&testCarrier, 4, c.grants)
			var got [][]uint16
			for {
				more, err := w.next()
				if err != nil {
					t.Fatal(err)
				}
				if !more {
					break
				}
				var members []uint16
				for _, u := range w.group.UEs[:w.group.NumUEs] {
					members = append(members, u.RNTI)
				}
				got = append(got, members)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// TestGroupsOfChains joins grants that share PRBs only through another one: such
// a group is refused, never split.
func TestGroupsOfChains(t *testing.T) {
	grants := []nr.Grant{testGrant(1, 0, 8, 0), testGrant(2, 12, 8, 1), testGrant(3, 6, 8, 2)}
	for seed := range uint64(6) {
		r := rand.New(rand.NewPCG(seed, 0))
		order := slices.Clone(grants)
		r.Shuffle(len(order), func(i, k int) { order[i], order[k] = order[k], order[i] })
		err := (&Schedule{Slot: 1, Grants: order}).Validate(&testCarrier)
		if !errors.Is(err, nr.ErrUnsupported) {
			t.Errorf("seed %d: got %v, want not supported", seed, err)
		}
	}
}

// TestScheduleRefuses lists schedules that cannot be received.
func TestScheduleRefuses(t *testing.T) {
	many := make([]nr.Grant, MaxGrants+1)
	bad := testGrant(1, 0, 24, 0)
	bad.MCSIndex = 31
	for name, c := range map[string][]nr.Grant{
		"too many":     many,
		"invalid":      {bad},
		"same process": {testGrant(1, 0, 12, 0), testGrant(1, 12, 12, 0)},
		"same port":    {testGrant(1, 0, 24, 0), testGrant(2, 0, 24, 0)},
	} {
		t.Run(name, func(t *testing.T) {
			if err := (&Schedule{Grants: c}).Validate(&testCarrier); err == nil {
				t.Error("accepted")
			}
		})
	}
	if err := (&Schedule{}).Validate(&testCarrier); err != nil {
		t.Errorf("an empty schedule: %v", err)
	}
}

// TestScheduleNoAllocs walks over groups without an allocation.
func TestScheduleNoAllocs(t *testing.T) {
	s := Schedule{Slot: 2, Grants: []nr.Grant{testGrant(1, 0, 12, 0), testGrant(2, 12, 12, 0), testGrant(3, 0, 12, 2)}}
	var w grouper
	if n := testing.AllocsPerRun(100, func() {
		if err := s.validate(&testCarrier, &w); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
}
