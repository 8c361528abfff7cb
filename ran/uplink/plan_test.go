// SPDX-License-Identifier: Apache-2.0

package uplink

import (
	"testing"

	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/phy/sigmf"
)

// TestPlanStartsBuffersAnew leaves the first transmission of a block out: its
// retransmission must not be combined with the block before, and only the first one
// received starts the buffer.
func TestPlanStartsBuffersAnew(t *testing.T) {
	carrier := nr.Carrier{SubcarrierSpacingKHz: 30, NumPRB: 24, FFTSize: 512}
	grant := nr.Grant{
		RNTI: 1, NumLayers: 1, NumAntennaPorts: 1, Mapping: nr.MappingA, NumSymbols: 14, NumPRB: 24,
		MCSTable: nr.MCSTable64QAM, MCSIndex: 4,
		DMRS: nr.DMRS{ConfigType: 1, Length: 1, TypeAPosition: 2, NumCDMGroupsWithoutData: 2},
	}
	other := grant
	other.HARQProcess = 1
	var slots []sigmf.Slot
	for i, c := range []struct {
		grant       nr.Grant
		newData     bool
		unsupported bool
	}{{grant, true, false}, {grant, true, true}, {other, false, false}, {grant, false, true}, {grant, false, false}, {grant, false, false}} {
		x := sigmf.Transmission{Slot: nr.Slot(i), Grant: c.grant}
		x.Grant.NewData = c.newData
		if c.unsupported {
			x.Unsupported = &nr.UnsupportedError{Field: "transform_precoding", Got: true}
		}
		slots = append(slots, sigmf.Slot{Slot: x.Slot, Transmissions: []sigmf.Transmission{x}})
	}
	p, err := newPlan(&carrier, slots, 1)
	if err != nil {
		t.Fatal(err)
	}
	want := [][]bool{{true}, nil, {false}, nil, {true}, {false}} // new data of each slot
	for i, w := range want {
		if len(p.grants[i]) != len(w) || (len(w) > 0 && p.grants[i][0].NewData != w[0]) {
			t.Errorf("slot %d: got %+v, want new data %v", i, p.grants[i], w)
		}
		if (p.results[i].Unsupported != nil) != (len(w) == 0) {
			t.Errorf("slot %d: reason %v", i, p.results[i].Unsupported)
		}
	}
}
