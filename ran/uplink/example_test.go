// SPDX-License-Identifier: Apache-2.0

package uplink_test

import (
	"context"
	"fmt"

	"github.com/neuroran/neuroran/phy/sigmf"
	"github.com/neuroran/neuroran/ran/block"
	"github.com/neuroran/neuroran/ran/uplink"
)

// Decode a recording, transmission by transmission.
func Example() {
	rec, err := sigmf.Open("../../examples/uplink/testdata/uplink.sigmf-meta")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer rec.Close()
	chain, err := uplink.New(uplink.Config{Config: block.Config{Carrier: rec.Carrier, NumRx: rec.NumChannels}})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer chain.Close()
	report, err := chain.Play(context.Background(), rec, uplink.PlayConfig{Slots: 3})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, t := range report.Transmissions {
		fmt.Printf("slot %d RNTI %d: %d bits, CRC %t\n", t.Slot, t.Grant.RNTI, t.NumBits, t.CRC)
	}
	fmt.Println(chain.App.Stateful())
	// Output:
	// slot 0 RNTI 4601: 11528 bits, CRC true
	// slot 1 RNTI 4602: 5888 bits, CRC true
	// slot 1 RNTI 4603: 4608 bits, CRC true
	// slot 2 RNTI 4601: 7680 bits, CRC true
	// slot 2 RNTI 4604: 5760 bits, CRC true
	// [phy/decode phy/demap phy/extract]
}
