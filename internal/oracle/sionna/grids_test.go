// SPDX-License-Identifier: Apache-2.0

package sionna

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/neuroran/neuroran/internal/testvec"
	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/phy/pusch"
)

// vector is one random configuration of grids.py, with the field names of the
// recordings.
type vector struct {
	Carrier struct {
		CellID int `json:"n_cell_id"`
		SCS    int `json:"subcarrier_spacing_khz"`
		NumPRB int `json:"n_size_grid"`
		Start  int `json:"n_start_grid"`
		FFT    int `json:"fft_size"`
	} `json:"carrier"`
	Grant struct {
		RNTI      uint16 `json:"n_rnti"`
		NID       int    `json:"n_id"`
		Layers    int    `json:"num_layers"`
		Ports     int    `json:"num_antenna_ports"`
		Precoding string `json:"precoding"`
		TPMI      int    `json:"tpmi"`
		Mapping   string `json:"mapping_type"`
		Symbols   [2]int `json:"symbol_allocation"`
		PRBStart  int    `json:"prb_start"`
		PRBSize   int    `json:"prb_size"`
		MCSTable  uint8  `json:"mcs_table"`
		MCSIndex  int    `json:"mcs_index"`
		RV        int    `json:"rv"`
		DMRS      struct {
			ConfigType int    `json:"config_type"`
			Length     int    `json:"length"`
			Additional int    `json:"additional_position"`
			TypeA      int    `json:"type_a_position"`
			Ports      []int  `json:"dmrs_port_set"`
			Groups     int    `json:"num_cdm_groups_without_data"`
			NSCID      int    `json:"n_scid"`
			NID        [2]int `json:"n_id"`
		} `json:"dmrs"`
	} `json:"grant"`
	Slot   uint64 `json:"slot"`
	TBBits int    `json:"tb_bits"`
}

func (v *vector) carrier() nr.Carrier {
	c := &v.Carrier
	return nr.Carrier{CellID: c.CellID, SubcarrierSpacingKHz: c.SCS, NumPRB: c.NumPRB, StartCRB: c.Start, FFTSize: c.FFT}
}

func (v *vector) grant() *nr.Grant {
	p := &v.Grant
	g := &nr.Grant{
		RNTI: p.RNTI, NID: p.NID, NumLayers: p.Layers, NumAntennaPorts: p.Ports,
		Codebook: p.Precoding == "codebook", TPMI: p.TPMI, Mapping: nr.Mapping(p.Mapping[0]),
		StartSymbol: p.Symbols[0], NumSymbols: p.Symbols[1], StartPRB: p.PRBStart, NumPRB: p.PRBSize,
		MCSTable: nr.MCSTable(p.MCSTable), MCSIndex: p.MCSIndex, RV: p.RV, NewData: true,
		DMRS: nr.DMRS{
			ConfigType: p.DMRS.ConfigType, Length: p.DMRS.Length, AdditionalPosition: p.DMRS.Additional,
			TypeAPosition: p.DMRS.TypeA, NumCDMGroupsWithoutData: p.DMRS.Groups,
			NSCID: p.DMRS.NSCID, NID: p.DMRS.NID,
		},
	}
	for i, port := range p.DMRS.Ports {
		g.DMRS.Ports[i] = uint8(port)
	}
	return g
}

// TestGrids compares our transmitter with Sionna's on random configurations:
// transport block size and every element of every port, to 1e-4.
// SIONNA_GRIDS sets how many, SIONNA_SEED which.
func TestGrids(t *testing.T) {
	python := testvec.Python(t, "sionna.phy.nr", "torch")
	count, seed := "100", "1"
	if testing.Short() {
		count = "10"
	}
	if s := os.Getenv("SIONNA_GRIDS"); s != "" {
		count = s
	}
	if s := os.Getenv("SIONNA_SEED"); s != "" {
		seed = s
	}
	dir := t.TempDir()
	out, err := exec.Command(python, "grids.py", dir, count, seed).CombinedOutput()
	if err != nil {
		t.Fatalf("grids.py: %v\n%s", err, out)
	}
	n, err := strconv.Atoi(count)
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		compare(t, filepath.Join(dir, strconv.Itoa(i)))
	}
	t.Logf("%d grids, seed %s", n, seed)
}

func compare(t *testing.T, base string) {
	t.Helper()
	var v vector
	raw := read(t, base+".json")
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatal(err)
	}
	got, err := transmit(&v, read(t, base+".tb"))
	if err != nil {
		t.Errorf("%v\n%s", err, raw)
		return
	}
	want := read(t, base+".c64")
	if len(want) != 8*got.RE.Len() {
		t.Errorf("%d elements, want %d\n%s", got.RE.Len(), len(want)/8, raw)
		return
	}
	worst := 0.0
	for i, x := range got.RE.Data() {
		re := math.Float32frombits(binary.LittleEndian.Uint32(want[8*i:]))
		im := math.Float32frombits(binary.LittleEndian.Uint32(want[8*i+4:]))
		worst = max(worst, math.Hypot(float64(real(x)-re), float64(imag(x)-im)))
	}
	if worst > 1e-4 {
		t.Errorf("the grid is off by %g\n%s", worst, raw)
	}
}

func transmit(v *vector, tb []byte) (*nr.Grid, error) {
	tx, err := pusch.NewTransmitter(pusch.Limits{Carrier: v.carrier()})
	if err != nil {
		return nil, err
	}
	g := v.grant()
	if err := tx.Configure(nr.Slot(v.Slot), g); err != nil {
		return nil, err
	}
	if g.TBS() != v.TBBits {
		return nil, fmt.Errorf("transport block of %d bits, want %d", g.TBS(), v.TBBits)
	}
	grid := new(nr.Grid)
	return grid, tx.Process(grid, tb)
}

func read(t *testing.T, file string) []byte {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
