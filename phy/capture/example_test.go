// SPDX-License-Identifier: Apache-2.0

package capture_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/neuroran/neuroran/phy/capture"
	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/phy/ofdm"
	"github.com/neuroran/neuroran/phy/pusch"
	"github.com/neuroran/neuroran/phy/sigmf"
	"github.com/neuroran/neuroran/tensor"
)

// A radio recorded two slots of a UE, nobody knows when; the gNB's log says which.
// They are found where they begin, 1000 samples into the file, less the half of an
// eighth of a cyclic prefix by which a receiver likes to be early.
func Example() {
	dir, err := os.MkdirTemp("", "capture")
	if err != nil {
		panic(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	name, log := filepath.Join(dir, "radio.sigmf-meta"), filepath.Join(dir, "gnb.csv")
	if err := errors.Join(record(name, 1000), os.WriteFile(log, []byte("sfn,slot\n512,4\n512,5\n"), 0o600)); err != nil {
		panic(err)
	}

	rec, found, err := capture.Open(name, capture.Config{Log: log})
	if err != nil {
		panic(err)
	}
	defer rec.Close()
	fmt.Println("slot", rec.Slots()[0].Slot, "begins at sample", found.Shift)
	// Output: slot 10244 begins at sample 999
}

// record writes a recording of a UE in slots 4 and 5 of a frame, after some silence.
func record(name string, silence int) error {
	grant := nr.Grant{
		RNTI: 1, NumLayers: 1, NumAntennaPorts: 1, Mapping: nr.MappingA, NumSymbols: 14, NumPRB: 11,
		MCSTable: nr.MCSTable64QAM, MCSIndex: 4, NewData: true,
		DMRS: nr.DMRS{ConfigType: 1, Length: 1, TypeAPosition: 2, NumCDMGroupsWithoutData: 2},
	}
	carrier := nr.Carrier{SubcarrierSpacingKHz: 30, NumPRB: 11, FFTSize: 256}
	w, err := sigmf.Create(name, sigmf.Config{Datatype: sigmf.CI16, NumChannels: 1, Carrier: carrier, Scale: 0.1})
	if err != nil {
		return err
	}
	tx, err := pusch.NewTransmitter(pusch.Limits{Carrier: carrier})
	if err != nil {
		return err
	}
	mod, err := ofdm.NewModulator(ofdm.Config{Carrier: carrier, NumPorts: 1})
	if err != nil {
		return err
	}
	quiet := tensor.New[complex64]([]int{1, silence})
	err = w.WriteSamples(&quiet)
	for slot := nr.Slot(4); slot < 6; slot++ {
		var grid nr.Grid
		var wave nr.Baseband
		err = errors.Join(err, tx.Configure(slot, &grant), tx.Process(&grid, make([]byte, grant.TBS()/8)),
			mod.Process(&wave, &grid), w.WriteSlot(&wave, grant))
	}
	return errors.Join(err, w.Close())
}
