// SPDX-License-Identifier: Apache-2.0

package sigmf_test

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/phy/sigmf"
	"github.com/neuroran/neuroran/tensor"
)

// Write a recording of one slot, open it again and read the slot.
func Example() {
	dir, err := os.MkdirTemp("", "sigmf")
	if err != nil {
		panic(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	name := filepath.Join(dir, "slot.sigmf-meta")

	carrier := nr.Carrier{SubcarrierSpacingKHz: 30, NumPRB: 11, FFTSize: 256, CarrierHz: 3.5e9}
	grant := nr.Grant{
		RNTI: 17, NumLayers: 1, NumAntennaPorts: 1, Mapping: nr.MappingA, NumSymbols: 14, NumPRB: 11,
		MCSTable: nr.MCSTable64QAM, MCSIndex: 4, NewData: true,
		DMRS: nr.DMRS{ConfigType: 1, Length: 1, TypeAPosition: 2, NumCDMGroupsWithoutData: 2},
	}
	w, err := sigmf.Create(name, sigmf.Config{Datatype: sigmf.CI16, NumChannels: 2, Carrier: carrier})
	if err != nil {
		panic(err)
	}
	slot := nr.Baseband{Slot: 4, Samples: tensor.New[complex64]([]int{2, carrier.SlotSamples(4)}, "rx", "sample")}
	slot.Samples.Row(1)[0] = 0.5i
	if err := w.WriteSlot(&slot, grant); err != nil {
		panic(err)
	}
	if err := w.Close(); err != nil {
		panic(err)
	}

	r, err := sigmf.Open(name)
	if err != nil {
		panic(err)
	}
	defer func() { _ = r.Close() }()
	var got nr.Baseband
	for _, s := range r.Slots() {
		if err := r.ReadSlot(&got, &s); err != nil {
			panic(err)
		}
		fmt.Println("slot", got.Slot, "rnti", s.Transmissions[0].Grant.RNTI, got.Samples.Dims(), got.Samples.Row(1)[0])
	}
	// Output: slot 4 rnti 17 [2 3840] (0+0.5i)
}
