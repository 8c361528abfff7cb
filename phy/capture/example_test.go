// SPDX-License-Identifier: Apache-2.0

package capture_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/neuroran/neuroran/phy/capture"
	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/phy/sigmf"
)

// A radio recorded noise, and somebody claims that a UE transmitted in it.
func Example() {
	dir, err := os.MkdirTemp("", "capture")
	if err != nil {
		panic(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	log := filepath.Join(dir, "gnb.csv")
	if err := os.WriteFile(log, []byte("sfn,slot,n_rnti\n512,4,0x4601\n512,5,0x4601\n"), 0o600); err != nil {
		panic(err)
	}
	name := write(dir)

	_, _, err = capture.Open(name, capture.Config{Log: log})
	var none *capture.NotFoundError
	fmt.Println(errors.As(err, &none) && none.Search == capture.DefaultSearch)
	// Output: true
}

// write makes a recording at 20 MHz that holds a pattern of bytes, with the default
// grant of its metadata, and returns its name.
func write(dir string) string {
	grant := nr.Grant{
		RNTI: 1, NumLayers: 1, NumAntennaPorts: 1, Mapping: nr.MappingA, NumSymbols: 14, NumPRB: 11,
		MCSTable: nr.MCSTable64QAM, MCSIndex: 4, NewData: true,
		DMRS: nr.DMRS{ConfigType: 1, Length: 1, TypeAPosition: 2, NumCDMGroupsWithoutData: 2},
	}
	name := filepath.Join(dir, "radio.sigmf-meta")
	carrier := nr.Carrier{SubcarrierSpacingKHz: 30, NumPRB: 11, FFTSize: 256}
	w, err := sigmf.Create(name, sigmf.Config{Datatype: sigmf.CI8, NumChannels: 1, Carrier: carrier})
	if err != nil {
		panic(err)
	}
	slot := nr.Baseband{}
	slot.Samples.Resize(1, carrier.SlotSamples(0))
	for i, row := 0, slot.Samples.Row(0); i < len(row); i++ {
		row[i] = complex(float32(i*i%251)/251-0.5, float32(i*i*i%241)/241-0.5)
	}
	if err := errors.Join(w.WriteSlot(&slot, grant), w.Close()); err != nil {
		panic(err)
	}
	text, err := os.ReadFile(name)
	if err != nil {
		panic(err)
	}
	text = bytes.Replace(text, []byte(`"core:sample_rate": 7680000`), []byte(`"core:sample_rate": 20000000`), 1)
	if err := os.WriteFile(name, text, 0o600); err != nil {
		panic(err)
	}
	return name
}
