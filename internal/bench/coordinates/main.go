// SPDX-License-Identifier: Apache-2.0

// Command coordinates compares link adaptation by where UEs are (package mac/coord) with
// adaptation by channel reports that cost overhead and grow old.
//
//	go run ./internal/bench/coordinates          the table of docs/mac.md, as JSON lines
//	go run ./internal/bench/coordinates -train   learn the map again, and write it to site.map
//
// The world is a cell of 24 PRBs at 3.5 GHz in the middle of a square of 400 m: urban macro path
// loss, line of sight and correlated shadowing of TR 38.901, open-loop power control, eight UEs
// with full buffers that walk or drive from one random place to the next, TDLB100 fading at the
// Doppler frequency of their speed, the abstract air, proportional fair. The map is learned from
// soundings of other UEs on other ways. Everything follows from the seeds.
package main

import (
	_ "embed"
	"encoding/json"
	"flag"
	"fmt"
	"os"

	"github.com/neuroran/neuroran/mac/coord"
)

//go:embed site.map
var siteMap []byte

func main() {
	train := flag.Bool("train", false, "learn the map and write it to site.map in this folder")
	slots := flag.Int("slots", 60000, "slots of each run")
	flag.Parse()
	if flag.NArg() > 0 || *slots < 1 {
		fmt.Fprintln(os.Stderr, "coordinates: want only flags, and at least one slot")
		os.Exit(2)
	}
	if err := run(*train, *slots); err != nil {
		fmt.Fprintln(os.Stderr, "coordinates:", err)
		os.Exit(2)
	}
}

// run learns the map, or prints the table.
func run(train bool, slots int) error {
	if train {
		b, err := learn()
		if err == nil {
			err = os.WriteFile("internal/bench/coordinates/site.map", b, 0o644)
		}
		return err
	}
	var m coord.Map
	if err := m.UnmarshalBinary(siteMap); err != nil {
		return err
	}
	out := json.NewEncoder(os.Stdout)
	for _, speed := range []float64{1, 10, 30} {
		for _, s := range sources(&m) {
			r, err := measure(s, speed, slots)
			if err != nil {
				return fmt.Errorf("%s at %g m/s: %w", s.name, speed, err)
			}
			if err := out.Encode(r); err != nil {
				return err
			}
		}
	}
	return nil
}
