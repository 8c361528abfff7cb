// SPDX-License-Identifier: Apache-2.0

// Command record makes the recording that examples/uplink ships: 20 slots of a
// 10 MHz carrier with four receive antennas, made by this library's own
// transmitter and channel. Allocations, modulation, layers and HARQ processes
// change from slot to slot, two UEs share PRBs, and every UE has its own channel,
// delay and carrier offset.
//
//	go run ./internal/record -o testdata/uplink.sigmf-meta
//
// Beside the recording it writes its schedule as the log of a gNB. Its first three slots
// are what sigmf.Sample returns.
//
// The seed fixes everything; see [plan] for what is sent. A recording that is
// there already and differs by rounding only is left alone, so that machines with
// other arithmetic make no other file.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/neuroran/neuroran/phy/sigmf"
)

func main() {
	os.Exit(run(os.Args[1:], os.Stderr))
}

func run(args []string, stderr io.Writer) int {
	flags := flag.NewFlagSet("record", flag.ContinueOnError)
	flags.SetOutput(stderr)
	name := flags.String("o", "testdata/uplink.sigmf-meta", "metadata file to write; the samples go beside it")
	seed := flags.Uint64("seed", 5, "seed of payload, fading and noise")
	slots := flags.Int("slots", numSlots, "slots")
	log := flags.Bool("log", true, "write the schedule as the log of a gNB too")
	if flags.Parse(args) != nil || flags.NArg() > 0 || *slots < 1 || *slots > numSlots {
		return 2
	}
	if err := create(*name, *seed, *slots, *log); err != nil {
		fmt.Fprintln(stderr, "record:", err)
		return 1
	}
	return 0
}

// create writes a recording of some slots to a file, unless it is there already: see [same].
func create(name string, seed uint64, slots int, log bool) error {
	if !strings.HasSuffix(name, sigmf.MetaExt) {
		return fmt.Errorf("%s: want a name that ends in %s", name, sigmf.MetaExt)
	}
	made, err := record(seed, slots)
	if err != nil {
		return err
	}
	if there, err := load(name); err != nil || !same(there, made) {
		if err := made.save(name); err != nil {
			return err
		}
	}
	if !log {
		return nil
	}
	return made.saveLog(name)
}
