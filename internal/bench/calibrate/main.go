// SPDX-License-Identifier: Apache-2.0

// Command calibrate measures what packages mac and ran/gnb take the receiver of phy/pusch to
// be like.
//
//	go run ./internal/bench/calibrate -case sinr   true and reported SINR over the one before estimation: the constants of the abstract air
//	go run ./internal/bench/calibrate -case work   what a slot takes, by the terms of mac.Work
//
// It prints one JSON object a line, the last one being the fit. Signals follow from -seed; times
// are those that the thread has computed, the least of -rounds, so that what else runs on the
// machine disturbs them little.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"

	"github.com/neuroran/neuroran/phy/nr"
)

// config is what the command line says.
type config struct {
	receiver string
	prb      int
	slots    int
	rounds   int
	seed     uint64
	out      *json.Encoder
}

func main() {
	cfg := config{out: json.NewEncoder(os.Stdout)}
	name := flag.String("case", "", "sinr or work")
	flag.StringVar(&cfg.receiver, "receiver", "lmmse", "ls or lmmse")
	flag.IntVar(&cfg.prb, "prb", 273, "with work: PRBs of the carrier, 24 or 273")
	flag.IntVar(&cfg.slots, "slots", 150, "slots: of each point with sinr, of all with work")
	flag.IntVar(&cfg.rounds, "rounds", 3, "with work: how often a slot is received")
	flag.Uint64Var(&cfg.seed, "seed", 1, "seed")
	flag.Parse()
	if err := cfg.run(*name); err != nil {
		fmt.Fprintln(os.Stderr, "calibrate:", err)
		os.Exit(2)
	}
}

func (cfg *config) run(name string) error {
	if cfg.slots < 1 || cfg.rounds < 1 {
		return fmt.Errorf("at least one of -slots and one of -rounds are needed")
	}
	switch name {
	case "sinr":
		return cfg.sinr()
	case "work":
		return cfg.work()
	}
	return fmt.Errorf("-case: got %q, want sinr or work", name)
}

// carriers are the ones that are measured, by their PRBs.
func carrier(prb int) (nr.Carrier, error) {
	switch prb {
	case 24:
		return nr.Carrier{CellID: 1, SubcarrierSpacingKHz: 30, NumPRB: 24, FFTSize: 512}, nil
	case 273:
		return nr.Carrier{CellID: 1, SubcarrierSpacingKHz: 30, NumPRB: 273, FFTSize: 4096}, nil
	}
	return nr.Carrier{}, fmt.Errorf("-prb: got %d, want 24 or 273", prb)
}

// pattern is the grant of examples/gnb: one layer in all symbols, two of them with DM-RS.
func pattern() nr.Grant {
	return nr.Grant{
		RNTI: 1, NID: 1, NumLayers: 1, NumAntennaPorts: 1, Mapping: nr.MappingA, NumSymbols: nr.SymbolsPerSlot,
		MCSTable: nr.MCSTable64QAM, NewData: true,
		DMRS: nr.DMRS{ConfigType: 1, Length: 1, TypeAPosition: 2, AdditionalPosition: 1, NumCDMGroupsWithoutData: 2, NID: [2]int{1, 1}},
	}
}
