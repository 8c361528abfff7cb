// SPDX-License-Identifier: Apache-2.0

package pusch_test

import (
	"fmt"

	"github.com/neuroran/neuroran/phy/channel"
	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/phy/pusch"
	"github.com/neuroran/neuroran/phy/sch"
)

func Example() {
	carrier := nr.Carrier{CellID: 1, SubcarrierSpacingKHz: 30, NumPRB: 24, FFTSize: 512}
	grant := nr.Grant{
		RNTI: 1000, NID: 1, NumLayers: 1, NumAntennaPorts: 1, Mapping: nr.MappingA, NumSymbols: 14, NumPRB: 24,
		MCSTable: nr.MCSTable64QAM, MCSIndex: 14, NewData: true,
		DMRS: nr.DMRS{ConfigType: 1, Length: 1, AdditionalPosition: 1, TypeAPosition: 2, NumCDMGroupsWithoutData: 2},
	}
	limits := pusch.Limits{Carrier: carrier, NumRx: 1}
	tx, err := pusch.NewTransmitter(limits)
	if err != nil {
		fmt.Println(err)
		return
	}
	rx, err := pusch.NewReceiver(pusch.Config{Limits: limits, Receiver: "lmmse"})
	if err != nil {
		fmt.Println(err)
		return
	}

	// Slot 4: transport block to grid, noise, grid to transport block.
	if err := tx.Configure(4, &grant); err != nil {
		fmt.Println(err)
		return
	}
	var grid nr.Grid
	_ = tx.Process(&grid, make([]byte, grant.TBS()/8))
	channel.NewNoise(1).Add(grid.RE.Data(), 0.05)

	var soft sch.SoftBuffer // of the UE's HARQ process
	blocks := make([]nr.TransportBlock, 1)
	_ = rx.Configure(4, &grant)
	_ = rx.Process(blocks, []*sch.SoftBuffer{&soft}, &grid)
	fmt.Println(blocks[0].NumBits, "bits, CRC", blocks[0].CRC)
	// Output: 7424 bits, CRC true
}
