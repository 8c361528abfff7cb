// SPDX-License-Identifier: Apache-2.0

package nr

import (
	"errors"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var scheduleCarrier = Carrier{CellID: 3, SubcarrierSpacingKHz: 30, NumPRB: 24, FFTSize: 512}

// grantOf returns a one-layer grant of n PRBs from the given one on.
func grantOf(rnti uint16, start, n int, port uint8) Grant {
	return Grant{
		RNTI: rnti, NID: 3, NumLayers: 1, NumAntennaPorts: 1, Mapping: MappingA, NumSymbols: 14,
		StartPRB: start, NumPRB: n, MCSTable: MCSTable64QAM, MCSIndex: 5, NewData: true,
		DMRS: DMRS{ConfigType: 1, Length: 1, TypeAPosition: 2, NumCDMGroupsWithoutData: 2, Ports: [MaxLayers]uint8{port}},
	}
}

// TestGroups lists which grants are detected jointly.
func TestGroups(t *testing.T) {
	for name, c := range map[string]struct {
		grants []Grant
		want   [][]uint16
	}{
		"none":         {nil, nil},
		"one":          {[]Grant{grantOf(1, 0, 24, 0)}, [][]uint16{{1}}},
		"side by side": {[]Grant{grantOf(2, 12, 12, 0), grantOf(1, 0, 12, 0)}, [][]uint16{{2}, {1}}},
		"shared":       {[]Grant{grantOf(1, 0, 24, 0), grantOf(2, 0, 24, 1)}, [][]uint16{{1, 2}}},
		"interleaved": {[]Grant{grantOf(1, 0, 12, 0), grantOf(2, 12, 12, 0), grantOf(3, 0, 12, 2), grantOf(4, 12, 12, 3)},
			[][]uint16{{1, 3}, {2, 4}}},
	} {
		t.Run(name, func(t *testing.T) {
			var w Grouper
			w.Start(&scheduleCarrier, 4, c.grants)
			var got [][]uint16
			for {
				more, err := w.Next()
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
	grants := []Grant{grantOf(1, 0, 8, 0), grantOf(2, 12, 8, 1), grantOf(3, 6, 8, 2)}
	for seed := range uint64(6) {
		r := rand.New(rand.NewPCG(seed, 0))
		order := slices.Clone(grants)
		r.Shuffle(len(order), func(i, k int) { order[i], order[k] = order[k], order[i] })
		err := (&Schedule{Slot: 1, Grants: order}).Validate(&scheduleCarrier)
		if !errors.Is(err, ErrUnsupported) {
			t.Errorf("seed %d: got %v, want not supported", seed, err)
		}
	}
}

// TestScheduleRefuses lists schedules that cannot be received.
func TestScheduleRefuses(t *testing.T) {
	many := make([]Grant, MaxGrants+1)
	bad := grantOf(1, 0, 24, 0)
	bad.MCSIndex = 31
	for name, c := range map[string][]Grant{
		"too many":     many,
		"invalid":      {bad},
		"same process": {grantOf(1, 0, 12, 0), grantOf(1, 12, 12, 0)},
		"same port":    {grantOf(1, 0, 24, 0), grantOf(2, 0, 24, 0)},
	} {
		t.Run(name, func(t *testing.T) {
			if err := (&Schedule{Grants: c}).Validate(&scheduleCarrier); err == nil {
				t.Error("accepted")
			}
		})
	}
	if err := (&Schedule{}).Validate(&scheduleCarrier); err != nil {
		t.Errorf("an empty schedule: %v", err)
	}
}

// TestScheduleNoAllocs walks over groups without an allocation.
func TestScheduleNoAllocs(t *testing.T) {
	s := Schedule{Slot: 2, Grants: []Grant{grantOf(1, 0, 12, 0), grantOf(2, 12, 12, 0), grantOf(3, 0, 12, 2)}}
	var w Grouper
	if n := testing.AllocsPerRun(100, func() {
		if err := s.ValidateWith(&scheduleCarrier, &w); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
}
