// SPDX-License-Identifier: Apache-2.0

package pusch_test

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"github.com/neuroran/neuroran/internal/testvec"
	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/phy/pusch"
)

// gridConfig is the configuration of a grid vector, with the field names of
// Sionna's PUSCHConfig.
type gridConfig struct {
	Carrier struct {
		NCellID    int  `json:"n_cell_id"`
		SlotNumber int  `json:"slot_number"`
		SCS        *int `json:"subcarrier_spacing"`
		NSizeGrid  *int `json:"n_size_grid"`
		NStartGrid int  `json:"n_start_grid"`
	} `json:"carrier"`
	PUSCH struct {
		NSizeBWP         int     `json:"n_size_bwp"`
		NStartBWP        int     `json:"n_start_bwp"`
		SymbolAllocation [2]int  `json:"symbol_allocation"`
		MappingType      *string `json:"mapping_type"`
		NRNTI            uint16  `json:"n_rnti"`
		NumAntennaPorts  int     `json:"num_antenna_ports"`
		NumLayers        int     `json:"num_layers"`
		Precoding        string  `json:"precoding"`
		TPMI             int     `json:"tpmi"`
		DMRS             struct {
			Length        int             `json:"length"`
			ConfigType    int             `json:"config_type"`
			Additional    int             `json:"additional_position"`
			TypeAPosition *int            `json:"type_a_position"`
			NumCDMGroups  int             `json:"num_cdm_groups_without_data"`
			Ports         []uint8         `json:"dmrs_port_set"`
			NSCID         int             `json:"n_scid"`
			NID           json.RawMessage `json:"n_id"`
		} `json:"dmrs"`
		TB struct {
			MCSIndex int  `json:"mcs_index"`
			MCSTable int  `json:"mcs_table"`
			NID      *int `json:"n_id"`
		} `json:"tb"`
	} `json:"pusch"`
	GridShape  []int  `json:"_grid_shape"`
	GridLayout string `json:"_grid_layout"`
}

// value returns *p, or the documented default.
func value[T any](p *T, otherwise T) T {
	if p == nil {
		return otherwise
	}
	return *p
}

func (v *gridConfig) carrier() nr.Carrier {
	c := nr.Carrier{
		CellID: v.Carrier.NCellID, SubcarrierSpacingKHz: value(v.Carrier.SCS, 15),
		NumPRB: v.PUSCH.NSizeBWP, StartCRB: v.Carrier.NStartGrid + v.PUSCH.NStartBWP, FFTSize: 128,
	}
	for c.FFTSize < c.NumSubcarriers() {
		c.FFTSize *= 2
	}
	return c
}

func (v *gridConfig) grant(t *testing.T) nr.Grant {
	p := &v.PUSCH
	g := nr.Grant{
		RNTI: p.NRNTI, NID: value(p.TB.NID, v.Carrier.NCellID),
		NumLayers: p.NumLayers, NumAntennaPorts: p.NumAntennaPorts,
		Codebook: p.Precoding == "codebook", TPMI: p.TPMI,
		Mapping:     nr.Mapping(value(p.MappingType, "A")[0]),
		StartSymbol: p.SymbolAllocation[0], NumSymbols: p.SymbolAllocation[1],
		NumPRB: p.NSizeBWP, MCSTable: nr.MCSTable(p.TB.MCSTable), MCSIndex: p.TB.MCSIndex, NewData: true,
		DMRS: nr.DMRS{
			ConfigType: p.DMRS.ConfigType, Length: p.DMRS.Length, AdditionalPosition: p.DMRS.Additional,
			TypeAPosition: value(p.DMRS.TypeAPosition, 2), NumCDMGroupsWithoutData: p.DMRS.NumCDMGroups,
			NSCID: p.DMRS.NSCID,
		},
	}
	for i := range g.NumLayers {
		g.DMRS.Ports[i] = uint8(i)
		if len(p.DMRS.Ports) > 0 {
			g.DMRS.Ports[i] = p.DMRS.Ports[i]
		}
	}
	var one int
	if json.Unmarshal(p.DMRS.NID, &one) == nil {
		g.DMRS.NID = [2]int{one, one}
	} else if err := json.Unmarshal(p.DMRS.NID, &g.DMRS.NID); err != nil {
		t.Fatalf("dmrs.n_id: %v", err)
	}
	return g
}

// TestSharedPUSCHGrid makes every grid of MATLAB's 5G Toolbox from its bits.
func TestSharedPUSCHGrid(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(testvec.Shared(t), "vectors", "pusch_grid", "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no grids: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".json"), func(t *testing.T) { testSharedGrid(t, file) })
	}
	t.Logf("%d grids", len(files))
}

func testSharedGrid(t *testing.T, file string) {
	base := strings.TrimSuffix(file, ".json")
	var v gridConfig
	if err := json.Unmarshal(read(t, file), &v); err != nil {
		t.Fatal(err)
	}
	grant := v.grant(t)
	tx, err := pusch.NewTransmitter(pusch.Limits{Carrier: v.carrier()})
	if err != nil {
		t.Fatal(err)
	}
	if err := tx.Configure(nr.Slot(v.Carrier.SlotNumber), &grant); err != nil {
		t.Fatal(err)
	}
	var grid nr.Grid
	if err := tx.Process(&grid, pack(read(t, base+".bits.u8"))); err != nil {
		t.Fatal(err)
	}
	raw := read(t, base+".grid.c64")
	want := unsafe.Slice((*complex64)(unsafe.Pointer(unsafe.SliceData(raw))), len(raw)/8)
	compareGrid(t, &grid, want, v.GridShape, v.GridLayout)
}

// compareGrid compares with a grid [subcarrier][symbol] or
// [subcarrier][symbol][port], as
// the layout says.
func compareGrid(t *testing.T, got *nr.Grid, want []complex64, shape []int, layout string) {
	order := strings.FieldsFunc(layout[strings.Index(layout, "["):], func(r rune) bool { return strings.ContainsRune("[] ", r) })
	at := map[string]int{}
	if len(shape) != len(order) || len(want) != got.RE.Len() {
		t.Fatalf("shape %v, layout %q, %d elements; the grid is %v", shape, layout, len(want), got.RE.String())
	}
	for i := range want {
		rest := i
		for d, n := range slices.Backward(shape) {
			at[order[d]], rest = rest%n, rest/n
		}
		p := at["port"] // 0 where the layout has no ports
		g := got.RE.Row(p, at["symbol"])[at["subcarrier"]]
		if e := g - want[i]; math.Hypot(float64(real(e)), float64(imag(e))) > 1e-5 {
			t.Fatalf("port %d, symbol %d, subcarrier %d: got %v, want %v", p, at["symbol"], at["subcarrier"], g, want[i])
		}
	}
}

func read(t *testing.T, file string) []byte {
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// pack packs bits, one per byte, most significant first.
func pack(bits []byte) []byte {
	out := make([]byte, (len(bits)+7)/8)
	for i, b := range bits {
		out[i/8] |= b << (7 - i%8)
	}
	return out
}
