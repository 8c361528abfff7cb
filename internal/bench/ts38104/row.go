// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/neuroran/neuroran/phy/channel"
	"github.com/neuroran/neuroran/phy/link"
	"github.com/neuroran/neuroran/phy/nr"
)

// row is a requirement.
type row struct {
	ref        string
	profile    string
	dopplerHz  float64
	layers, rx int
	frc        reference
	snrDB      float64 // at which 70 % must be reached
}

// reference is a fixed reference channel of TS 38.104 annex A.
type reference struct {
	scsKHz, prb int
	rate        int // times 1024
	modulation  nr.Modulation
}

// readRows reads the requirements without transform precoding, which is not
// supported.
func readRows(dir string) ([]row, error) {
	frcs, err := readCSV(filepath.Join(dir, "ts38104_frc.csv"), 5)
	if err != nil {
		return nil, err
	}
	table, err := readCSV(filepath.Join(dir, "ts38104_pusch_snr.csv"), 7)
	if err != nil {
		return nil, err
	}
	references := map[string]reference{}
	for _, r := range frcs {
		n, err := integers(r[1:4])
		if err != nil {
			return nil, err
		}
		m := map[string]nr.Modulation{"QPSK": nr.QPSK, "16QAM": nr.QAM16, "64QAM": nr.QAM64, "256QAM": nr.QAM256}[r[4]]
		references[r[0]] = reference{n[0], n[1], n[2], m}
	}
	var rows []row
	for _, r := range table {
		if strings.Contains(r[0], "Table 8.2.2.2") {
			continue
		}
		n, err := integers(r[2:5])
		if err != nil {
			return nil, err
		}
		frc, ok := references[r[5]]
		if !ok {
			return nil, fmt.Errorf("%s: no reference channel %s", r[0], r[5])
		}
		snr, err := strconv.ParseFloat(r[6], 64)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", r[0], err)
		}
		rows = append(rows, row{r[0], r[1], float64(n[0]), n[1], n[2], frc, snr})
	}
	return rows, nil
}

// readCSV reads a table of columns without its header.
func readCSV(name string, columns int) ([][]string, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.FieldsPerRecord = columns
	all, err := r.ReadAll()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return all[min(1, len(all)):], nil
}

func integers(cells []string) ([]int, error) {
	out := make([]int, len(cells))
	for i, s := range cells {
		var err error
		if out[i], err = strconv.Atoi(s); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// config returns the link of a row: mapping type A over 14 symbols, DM-RS type 1 in
// two symbols, two CDM groups without data (annex A); several layers with TPMI 0, an
// antenna for each.
func (r *row) config(o *options) (link.HARQConfig, error) {
	profile, err := channel.ProfileByName(r.profile)
	if err != nil {
		return link.HARQConfig{}, err
	}
	index, err := r.frc.mcs()
	if err != nil {
		return link.HARQConfig{}, err
	}
	g := nr.Grant{
		RNTI: 1000, NID: 1, NumLayers: r.layers, NumAntennaPorts: r.layers, Codebook: r.layers > 1,
		Mapping: nr.MappingA, NumSymbols: nr.SymbolsPerSlot, NumPRB: r.frc.prb, MCSTable: nr.MCSTable64QAM, MCSIndex: index, NewData: true,
		DMRS: nr.DMRS{ConfigType: 1, Length: 1, AdditionalPosition: 1, TypeAPosition: 2, NumCDMGroupsWithoutData: 2, NID: [2]int{1, 1}},
	}
	for l := range r.layers {
		g.DMRS.Ports[l] = uint8(l)
	}
	c := nr.Carrier{CellID: 1, SubcarrierSpacingKHz: r.frc.scsKHz, NumPRB: r.frc.prb, FFTSize: 512}
	for c.FFTSize < c.NumSubcarriers() {
		c.FFTSize *= 2
	}
	return link.HARQConfig{
		PUSCH: link.PUSCHConfig{
			Carrier: c, NumRx: r.rx, Receiver: o.receiver, TimeDomain: o.time,
			UEs: []link.UE{{Grant: g, Channel: channel.Config{Profile: profile, DopplerHz: r.dopplerHz}}},
		},
		Rounds: o.rounds, RoundTrip: o.step,
	}, nil
}

// mcs returns the index of the modulation and rate in table 5.1.3.1-1.
func (f *reference) mcs() (int, error) {
	for i := range nr.MaxMCSIndex {
		m, err := nr.MCSTable64QAM.Row(i)
		if err == nil && m.Modulation == f.modulation && int(m.Rate) == 2*f.rate {
			return i, nil
		}
	}
	return 0, fmt.Errorf("no MCS of %v with rate %d/1024", f.modulation, f.rate)
}
