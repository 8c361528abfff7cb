// SPDX-License-Identifier: Apache-2.0

package nr

import (
	"errors"
	"testing"
)

func testCarrier() Carrier {
	return Carrier{CellID: 1, SubcarrierSpacingKHz: 30, NumPRB: 51, FFTSize: 1024}
}

func testGrant() Grant {
	return Grant{
		RNTI: 1, NID: 1, NumLayers: 1, NumAntennaPorts: 1, Mapping: MappingA, NumSymbols: 14, NumPRB: 51,
		MCSTable: MCSTable64QAM, MCSIndex: 5, NewData: true,
		DMRS: DMRS{ConfigType: 1, Length: 1, AdditionalPosition: 1, TypeAPosition: 2, NumCDMGroupsWithoutData: 2},
	}
}

// Every field that a clause or this library forbids is named; what is legal
// passes.
func TestGrantValidate(t *testing.T) {
	for _, test := range []struct {
		name   string
		field  string // "" where the grant is valid
		change func(*Grant)
	}{
		{"plain", "", func(*Grant) {}},
		{"transform precoding", "not supported: transform_precoding", func(g *Grant) { g.TransformPrecoding = true }},
		{"MCS table 3", "", func(g *Grant) { g.MCSTable, g.MCSIndex = MCSTableLowSE, 28 }},
		{"unknown MCS table", "mcs_table", func(g *Grant) { g.MCSTable = 4 }},
		{"reserved MCS with new data", "not supported: reserved mcs_index with new_data", func(g *Grant) { g.MCSIndex = 29 }},
		{"reserved MCS of table 2 with new data", "not supported: reserved mcs_index with new_data", func(g *Grant) { g.MCSTable, g.MCSIndex = MCSTable256QAM, 28 }},
		{"reserved MCS of table 3 with new data", "not supported: reserved mcs_index with new_data", func(g *Grant) { g.MCSTable, g.MCSIndex = MCSTableLowSE, 29 }},
		{"reserved MCS", "", func(g *Grant) { g.MCSIndex, g.NewData = 31, false }},
		{"MCS 32", "mcs_index", func(g *Grant) { g.MCSIndex, g.NewData = 32, false }},
		{"xOverhead 18", "", func(g *Grant) { g.XOverhead = 18 }},
		{"five iterations", "", func(g *Grant) { g.MaxIterations = 5 }},
		{"fewer than no iterations", "max_iterations", func(g *Grant) { g.MaxIterations = -1 }},
		{"too many iterations", "max_iterations", func(g *Grant) { g.MaxIterations = MaxIterations + 1 }},
		{"xOverhead 7", "x_overhead", func(g *Grant) { g.XOverhead = 7 }},
		{"xOverhead above the data", "x_overhead", func(g *Grant) { g.Mapping, g.NumSymbols, g.XOverhead = MappingB, 2, 12 }},
		{"limited buffer", "", func(g *Grant) { g.TBSLBRM = LimitedBufferTBS(2, MCSTable64QAM, 51) }},
		{"limited buffer below every UE's", "tbs_lbrm", func(g *Grant) { g.TBSLBRM = 1000 }},
		{"n_id", "n_id", func(g *Grant) { g.NID = 1024 }},
		{"rv", "rv", func(g *Grant) { g.RV = 4 }},
		{"HARQ process", "harq_process", func(g *Grant) { g.HARQProcess = 32 }},
		{"HARQ process 31", "", func(g *Grant) { g.HARQProcess = 31 }},
		{"PRB start", "prb_start", func(g *Grant) { g.StartPRB = 51 }},
		{"PRBs beyond the carrier", "prb_size", func(g *Grant) { g.StartPRB = 1 }},
		{"no PRB", "prb_size", func(g *Grant) { g.NumPRB = 0 }},
		{"type A from symbol 1", "symbol_allocation", func(g *Grant) { g.StartSymbol, g.NumSymbols = 1, 13 }},
		{"type A of 3 symbols", "symbol_allocation", func(g *Grant) { g.NumSymbols = 3 }},
		{"beyond the slot", "symbol_allocation", func(g *Grant) { g.Mapping, g.StartSymbol = MappingB, 1 }},
		{"type B from symbol 10", "", func(g *Grant) { g.Mapping, g.StartSymbol, g.NumSymbols = MappingB, 10, 4 }},
		{"mapping type C", "mapping_type", func(g *Grant) { g.Mapping = 'C' }},
		{"five layers", "num_layers", func(g *Grant) { g.NumLayers, g.NumAntennaPorts = 5, 5 }},
		{"more ports than layers", "num_antenna_ports", func(g *Grant) { g.NumAntennaPorts = 2 }},
		{"three ports with codebook", "num_antenna_ports", func(g *Grant) { g.Codebook, g.NumAntennaPorts = true, 3 }},
		{"more layers than ports", "num_layers", func(g *Grant) { g.Codebook, g.NumLayers = true, 2 }},
		{"TPMI 5 of 2 ports", "", func(g *Grant) { g.Codebook, g.NumAntennaPorts, g.TPMI = true, 2, 5 }},
		{"TPMI 6 of 2 ports", "tpmi", func(g *Grant) { g.Codebook, g.NumAntennaPorts, g.TPMI = true, 2, 6 }},
		{"TPMI 28 of 4 ports", "tpmi", func(g *Grant) { g.Codebook, g.NumAntennaPorts, g.TPMI = true, 4, 28 }},
		{"DM-RS type 3", "dmrs.config_type", func(g *Grant) { g.DMRS.ConfigType = 3 }},
		{"DM-RS length 3", "dmrs.length", func(g *Grant) { g.DMRS.Length = 3 }},
		{"type A position 1", "dmrs.type_a_position", func(g *Grant) { g.DMRS.TypeAPosition = 1 }},
		{"additional position 4", "dmrs.additional_position", func(g *Grant) { g.DMRS.AdditionalPosition = 4 }},
		{"additional position 2, double", "dmrs.additional_position", func(g *Grant) { g.DMRS.Length, g.DMRS.AdditionalPosition = 2, 2 }},
		{"additional position 3 with type A position 3", "dmrs.additional_position",
			func(g *Grant) { g.DMRS.AdditionalPosition, g.DMRS.TypeAPosition = 3, 3 }},
		{"additional position 3 with type A position 3, mapping B", "",
			func(g *Grant) { g.Mapping, g.DMRS.AdditionalPosition, g.DMRS.TypeAPosition = MappingB, 3, 3 }},
		{"additional position 3, short: fewer", "", func(g *Grant) { g.NumSymbols, g.DMRS.AdditionalPosition = 5, 3 }},
		{"double, 4 symbols, type A position 3", "dmrs.type_a_position",
			func(g *Grant) { g.NumSymbols, g.DMRS.Length, g.DMRS.TypeAPosition = 4, 2, 3 }},
		{"double, mapping B, 4 symbols", "symbol_allocation",
			func(g *Grant) { g.Mapping, g.NumSymbols, g.DMRS.Length = MappingB, 4, 2 }},
		{"n_SCID", "dmrs.n_scid", func(g *Grant) { g.DMRS.NSCID = 2 }},
		{"DM-RS identity", "dmrs.n_id", func(g *Grant) { g.DMRS.NID[1] = 65536 }},
		{"CDM groups of type 1", "dmrs.num_cdm_groups_without_data", func(g *Grant) { g.DMRS.NumCDMGroupsWithoutData = 3 }},
		{"no CDM group", "dmrs.num_cdm_groups_without_data", func(g *Grant) { g.DMRS.NumCDMGroupsWithoutData = 0 }},
		{"port of double symbols", "dmrs.dmrs_port_set", func(g *Grant) { g.DMRS.Ports[0] = 4 }},
		{"port outside the CDM groups", "dmrs.dmrs_port_set",
			func(g *Grant) { g.DMRS.Ports[0], g.DMRS.NumCDMGroupsWithoutData = 2, 1 }},
		{"a port twice", "dmrs.dmrs_port_set",
			func(g *Grant) { g.NumLayers, g.NumAntennaPorts, g.DMRS.Ports = 2, 2, [4]uint8{1, 1} }},
		{"no room for data", "symbol_allocation",
			func(g *Grant) { g.Mapping, g.NumSymbols = MappingB, 1 }},
	} {
		t.Run(test.name, func(t *testing.T) {
			c, g := testCarrier(), testGrant()
			test.change(&g)
			err := g.Validate(&c)
			if got := named(err); got != test.field {
				t.Errorf("got %q (%v), want %q", got, err, test.field)
			}
		})
	}
}

// named returns the field that an error names.
func named(err error) string {
	var field *FieldError
	var unsupported *UnsupportedError
	switch {
	case errors.As(err, &field):
		return field.Field
	case errors.As(err, &unsupported) && errors.Is(err, ErrUnsupported):
		return "not supported: " + unsupported.Field
	case err != nil:
		return err.Error()
	}
	return ""
}

func TestCarrierValidate(t *testing.T) {
	for _, test := range []struct {
		field  string
		change func(*Carrier)
	}{
		{"", func(*Carrier) {}},
		{"n_cell_id", func(c *Carrier) { c.CellID = 1008 }},
		{"subcarrier_spacing_khz", func(c *Carrier) { c.SubcarrierSpacingKHz = 45 }},
		{"not supported: subcarrier_spacing_khz", func(c *Carrier) { c.SubcarrierSpacingKHz = 240 }},
		{"not supported: cyclic_prefix", func(c *Carrier) { c.ExtendedCP = true }},
		{"n_size_grid", func(c *Carrier) { c.NumPRB = 276 }},
		{"n_start_grid", func(c *Carrier) { c.StartCRB = -1 }},
		{"fft_size", func(c *Carrier) { c.FFTSize = 512 }},
		{"fft_size", func(c *Carrier) { c.FFTSize = 640 }},
		{"fft_size", func(c *Carrier) { c.NumPRB, c.FFTSize = 1, 192 }},
		{"carrier_frequency_hz", func(c *Carrier) { c.PhaseCompensation = true }},
		{"carrier_frequency_hz", func(c *Carrier) { c.CarrierHz = -1 }},
		{"", func(c *Carrier) { c.PhaseCompensation, c.CarrierHz = true, 3.5e9 }},
	} {
		c := testCarrier()
		test.change(&c)
		if got := named(c.Validate()); got != test.field {
			t.Errorf("%+v: got %q, want %q", c, got, test.field)
		}
	}
}

func TestValidateNoAllocs(t *testing.T) {
	c, g := testCarrier(), testGrant()
	if n := testing.AllocsPerRun(10, func() {
		if g.Validate(&c) != nil || c.Validate() != nil {
			t.Error("not valid")
		}
		if _, err := NewGroup(&c, 3, &g); err != nil {
			t.Error(err)
		}
	}); n != 0 {
		t.Errorf("got %v allocations, want 0", n)
	}
}

// FuzzGrant draws every field: a grant is refused, or its numbers hold together.
func FuzzGrant(f *testing.F) {
	f.Add([]byte{1, 1, 0, 0, 0, 14, 0, 24, 1, 10, 1, 1, 1, 2, 0, 2, 0, 0})
	f.Add([]byte{4, 4, 1, 3, 1, 10, 3, 8, 2, 27, 2, 2, 1, 3, 5, 3, 1, 2})
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) < 18 {
			t.Skip()
		}
		c := testCarrier()
		n := func(i int) int { return int(int8(b[i])) }
		g := Grant{
			NumLayers: n(0), NumAntennaPorts: n(1), Codebook: b[2]&1 != 0, TPMI: n(3),
			Mapping: MappingA, StartSymbol: n(4), NumSymbols: n(5), StartPRB: n(6), NumPRB: n(7),
			MCSTable: MCSTable(b[8]), MCSIndex: n(9), NID: n(17),
			DMRS: DMRS{
				ConfigType: n(10), Length: n(11), AdditionalPosition: n(12), TypeAPosition: n(13),
				Ports: [4]uint8{b[14], b[15], b[16], b[17]}, NumCDMGroupsWithoutData: n(15), NSCID: n(16),
			},
		}
		if b[2]&2 != 0 {
			g.Mapping = MappingB
		}
		if g.Validate(&c) != nil {
			return
		}
		group, err := NewGroup(&c, 0, &g)
		if err != nil {
			t.Fatalf("%+v is valid and has no group: %v", g, err)
		}
		if group.DataREs() != g.DataREs() || group.NumDMRSSymbols() != g.NumDMRSSymbols() {
			t.Errorf("%+v: group has %d data REs, grant %d", g, group.DataREs(), g.DataREs())
		}
		if g.TBS() < 24 || g.CodedBits() != g.DataREs()*g.NumLayers*g.MCS().Modulation.BitsPerSymbol() {
			t.Errorf("%+v: %d bits, %d coded", g, g.TBS(), g.CodedBits())
		}
		inside := uint16(1<<g.NumSymbols-1) << g.StartSymbol
		if mask := g.DMRSMask(); mask == 0 || mask&^inside != 0 {
			t.Errorf("%+v: DM-RS symbols %014b outside the allocation", g, mask)
		}
	})
}
