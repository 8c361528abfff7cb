// SPDX-License-Identifier: Apache-2.0

package mac_test

import (
	"fmt"

	"github.com/neuroran/neuroran/mac"
	"github.com/neuroran/neuroran/phy/nr"
)

// Two UEs with full buffers, one of them far away; the first block of the near one is
// received, that of the far one is not.
func Example() {
	cell, err := mac.New(mac.Config{
		Carrier:   nr.Carrier{SubcarrierSpacingKHz: 30, NumPRB: 24, FFTSize: 512},
		Scheduler: mac.RoundRobin{},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	pattern := nr.Grant{
		NumLayers: 1, NumAntennaPorts: 1, Mapping: nr.MappingA, NumSymbols: 14, MCSTable: nr.MCSTable64QAM,
		DMRS: nr.DMRS{ConfigType: 1, Length: 1, AdditionalPosition: 1, TypeAPosition: 2, NumCDMGroupsWithoutData: 2},
	}
	for rnti, sinr := range map[uint16]float64{1: 18, 2: 3} {
		if err := cell.Attach(rnti, mac.UEConfig{Grant: pattern, StartSINRdB: sinr}); err != nil {
			fmt.Println(err)
			return
		}
		cell.Request(rnti) // a scheduling request: a little is granted
	}
	full := mac.NewBSR(&[mac.NumLCGs]int{1_000_000})
	var schedule nr.Schedule
	for slot := range nr.Slot(3) {
		if err := cell.Schedule(&schedule, slot); err != nil {
			fmt.Println(err)
			return
		}
		var feedback []mac.Feedback
		for _, g := range schedule.Grants {
			fmt.Printf("slot %d: UE %d, process %d, PRBs %d to %d, MCS %d, %d bits, RV %d\n",
				slot, g.RNTI, g.HARQProcess, g.StartPRB, g.StartPRB+g.NumPRB-1, g.MCSIndex, g.TBS(), g.RV)
			f := mac.Feedback{RNTI: g.RNTI, HARQProcess: uint8(g.HARQProcess), Outcome: nr.OutcomePassed, BSR: full}
			if slot == 1 && g.RNTI == 2 {
				f = mac.Feedback{RNTI: 2, HARQProcess: uint8(g.HARQProcess), Outcome: nr.OutcomeFailed}
			}
			feedback = append(feedback, f)
		}
		cell.Feedback(slot, feedback)
	}
	// Output:
	// slot 0: UE 1, process 0, PRBs 0 to 0, MCS 26, 736 bits, RV 0
	// slot 0: UE 2, process 0, PRBs 2 to 5, MCS 8, 672 bits, RV 0
	// slot 1: UE 1, process 0, PRBs 12 to 23, MCS 26, 8712 bits, RV 0
	// slot 1: UE 2, process 0, PRBs 0 to 11, MCS 9, 2280 bits, RV 0
	// slot 2: UE 2, process 0, PRBs 0 to 11, MCS 9, 2280 bits, RV 2
	// slot 2: UE 1, process 1, PRBs 12 to 23, MCS 26, 8712 bits, RV 0
}
