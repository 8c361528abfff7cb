// SPDX-License-Identifier: Apache-2.0

package neuroran_test

import (
	"context"
	"fmt"
	"log"

	"github.com/neuroran/neuroran/phy/modem"
	"github.com/neuroran/neuroran/phy/sigmf"
	"github.com/neuroran/neuroran/ran/block"
	"github.com/neuroran/neuroran/ran/uplink"
)

// Decode the recording that is part of the library with one step replaced: exact
// log-MAP demapping instead of max-log.
func Example() {
	rec := sigmf.Sample()
	cfg := block.Config{Carrier: rec.Carrier, NumRx: rec.NumChannels}
	exact := block.NewDemap(cfg, "exact", func() (modem.Demapper, error) { return modem.New("exact") })
	chain, err := uplink.New(uplink.Config{Config: cfg, Steps: uplink.Steps{Demap: exact}})
	if err != nil {
		log.Fatal(err)
	}
	report, err := chain.Play(context.Background(), rec, uplink.PlayConfig{})
	if err != nil {
		log.Fatal(err)
	}
	for _, t := range report.Transmissions {
		fmt.Printf("slot %d: UE %d, %d bits, CRC passed: %t\n", t.Slot, t.Grant.RNTI, t.NumBits, t.CRC)
	}
	if err := chain.Close(); err != nil {
		log.Fatal(err)
	}
	// Output:
	// slot 0: UE 4601, 11528 bits, CRC passed: true
	// slot 1: UE 4602, 5888 bits, CRC passed: true
	// slot 1: UE 4603, 4608 bits, CRC passed: true
	// slot 2: UE 4601, 7680 bits, CRC passed: true
	// slot 2: UE 4604, 5760 bits, CRC passed: true
}
