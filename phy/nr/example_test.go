// SPDX-License-Identifier: Apache-2.0

package nr_test

import (
	"errors"
	"fmt"

	"github.com/neuroran/neuroran/phy/nr"
)

func ExampleGrant() {
	carrier := nr.Carrier{CellID: 1, SubcarrierSpacingKHz: 30, NumPRB: 273, FFTSize: 4096}
	grant := nr.Grant{
		RNTI: 1000, NumLayers: 1, NumAntennaPorts: 1, Mapping: nr.MappingA, NumSymbols: 14, NumPRB: 273,
		MCSTable: nr.MCSTable256QAM, MCSIndex: 27,
		DMRS: nr.DMRS{ConfigType: 1, Length: 1, AdditionalPosition: 1, TypeAPosition: 2, NumCDMGroupsWithoutData: 2},
	}
	if err := errors.Join(carrier.Validate(), grant.Validate(&carrier)); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%v, %d bits on %d resource elements, DM-RS symbols %014b\n",
		grant.MCS().Modulation, grant.TBS(), grant.DataREs(), grant.DMRSMask())

	grant.DMRS.NumCDMGroupsWithoutData = 3
	fmt.Println(grant.Validate(&carrier))
	// Output:
	// 256QAM, 295176 bits on 39312 resource elements, DM-RS symbols 00100000000100
	// nr: dmrs.num_cdm_groups_without_data: got 3, want 1…2
}
