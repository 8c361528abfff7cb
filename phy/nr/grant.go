// SPDX-License-Identifier: Apache-2.0

package nr

import (
	"errors"
	"fmt"
	"math/bits"
)

// MaxHARQProcesses is the most uplink HARQ processes of a UE on a carrier: 16,
// or 32 where the UE is configured so (TS 38.214 §6.1).
const MaxHARQProcesses = 32

// MaxIterations is the largest bound of a grant on the LDPC iterations of a code block.
const MaxIterations = 255

// Grant schedules one PUSCH transmission of one UE. It is comparable and holds
// no pointer, so it can be a message, a control message or a state cell.
// PRBs count from the carrier's first PRB, symbols from the start of the slot.
type Grant struct {
	RNTI               uint16   // n_RNTI
	NID                int      // data scrambling identity n_ID, 0…1023 (TS 38.211 §6.3.1.1)
	NumLayers          int      // ν, 1…4
	NumAntennaPorts    int      // ρ, 1, 2 or 4; equals NumLayers without codebook
	Codebook           bool     // codebook-based precoding (TS 38.211 §6.3.1.5)
	TPMI               int      // precoding matrix index with codebook
	TransformPrecoding bool     // DFT-s-OFDM; not supported
	Mapping            Mapping  // PUSCH mapping type
	StartSymbol        int      // first OFDM symbol S
	NumSymbols         int      // length L
	StartPRB           int      // first PRB
	NumPRB             int      // number of PRBs
	MCSTable           MCSTable // MCS index table
	MCSIndex           int      // I_MCS, 0…31; a reserved one has the size of the initial transmission
	XOverhead          int      // N_oh^PRB, xOverhead: 0, 6, 12 or 18 (TS 38.214 §6.1.4.2)
	TBSLBRM            int      // TBS_LBRM of limited-buffer rate matching, bits, see [LimitedBufferTBS]; 0 for a full buffer
	DMRS               DMRS     // reference signal
	RV                 int      // redundancy version, 0…3
	HARQProcess        int      // 0…31
	NewData            bool     // true discards the soft bits of the HARQ process

	// MaxIterations is how many LDPC iterations the receiver may spend on a code block,
	// 0…[MaxIterations]; 0 stands for as many as it does by itself, which a larger value does not
	// raise. The UE does not know of it: it is no part of a DCI, nor of a recording, but how
	// a scheduler bounds the receiver's work, see package mac.
	MaxIterations int
}

// Validate reports the first field that TS 38.211, TS 38.214 or this library
// does not allow on the carrier, as a [*FieldError] or [*UnsupportedError]. It
// does not allocate when the grant is valid.
func (g *Grant) Validate(c *Carrier) error {
	for _, check := range grantChecks {
		if err := check(g, c); err != nil {
			return err
		}
	}
	return nil
}

// ValidateAll returns what Validate would report, one by one, if what it reports
// first were mended: at most one error of each group of rules. Rules that only make
// sense for a grant with a legal allocation and layers are left out where these are
// not.
func (g *Grant) ValidateAll(c *Carrier) []error {
	var all []error
	legal := true
	for i, check := range grantChecks {
		if i >= independentChecks && !legal {
			break
		}
		if err := check(g, c); err != nil {
			all = append(all, err)
			legal = legal && errors.Is(err, ErrUnsupported)
		}
	}
	return all
}

var grantChecks = [...]func(*Grant, *Carrier) error{
	(*Grant).checkIdentity, (*Grant).checkCoding, (*Grant).checkAllocation, (*Grant).checkAntennas,
	(*Grant).checkDMRS, (*Grant).checkPorts, (*Grant).checkData,
}

// independentChecks is how many of grantChecks need nothing of the others.
const independentChecks = 4

func (g *Grant) checkIdentity(*Carrier) error {
	if g.TransformPrecoding {
		return &UnsupportedError{"transform_precoding", true}
	}
	if err := checkRange("n_rnti", int(g.RNTI), 0, 65535); err != nil {
		return err
	}
	if err := checkRange("n_id", g.NID, 0, 1023); err != nil {
		return err
	}
	if err := checkRange("rv", g.RV, 0, 3); err != nil {
		return err
	}
	return checkRange("harq_process", g.HARQProcess, 0, MaxHARQProcesses-1)
}

// checkCoding checks what decides size and code of the transport block.
func (g *Grant) checkCoding(*Carrier) error {
	mcs, err := g.MCSTable.Row(g.MCSIndex)
	if err != nil {
		return err
	}
	if mcs.Reserved() && g.NewData {
		return &UnsupportedError{"reserved mcs_index with new_data", g.MCSIndex} // no size: TS 38.214 §6.1.4.2
	}
	switch g.XOverhead {
	case 0, 6, 12, 18:
	default:
		return &FieldError{"x_overhead", g.XOverhead, "0, 6, 12 or 18 (TS 38.214 §6.1.4.2)"}
	}
	if err := checkRange("max_iterations", g.MaxIterations, 0, MaxIterations); err != nil {
		return err
	}
	if g.TBSLBRM == 0 {
		return nil
	}
	return checkRange("tbs_lbrm", g.TBSLBRM, LimitedBufferTBS(1, MCSTable64QAM, 1), LimitedBufferTBS(MaxLayers, MCSTable256QAM, MaxPRB))
}

func (g *Grant) checkAllocation(c *Carrier) error {
	if err := checkRange("prb_start", g.StartPRB, 0, c.NumPRB-1); err != nil {
		return err
	}
	if last := c.NumPRB - g.StartPRB; g.NumPRB < 1 || g.NumPRB > last {
		return &FieldError{"prb_size", g.NumPRB, fmt.Sprintf("1…%d: prb_start %d + prb_size is at most n_size_grid %d", last, g.StartPRB, c.NumPRB)}
	}
	end := g.StartSymbol + g.NumSymbols
	if g.StartSymbol < 0 || g.NumSymbols < 1 || g.NumSymbols > SymbolsPerSlot || end > SymbolsPerSlot {
		return &FieldError{"symbol_allocation", [2]int{g.StartSymbol, g.NumSymbols}, "symbols within the slot"}
	}
	switch g.Mapping {
	case MappingA:
		if g.StartSymbol != 0 || g.NumSymbols < 4 {
			return &FieldError{"symbol_allocation", [2]int{g.StartSymbol, g.NumSymbols},
				"mapping type A: start 0, length 4…14 (TS 38.214 table 6.1.2.1-1)"}
		}
	case MappingB:
	default:
		return &FieldError{"mapping_type", g.Mapping.String(), "A or B"}
	}
	return nil
}

func (g *Grant) checkAntennas(*Carrier) error {
	if err := checkRange("num_layers", g.NumLayers, 1, MaxLayers); err != nil {
		return err
	}
	if !g.Codebook {
		if g.NumAntennaPorts != g.NumLayers {
			return &FieldError{"num_antenna_ports", g.NumAntennaPorts, "num_layers without codebook (TS 38.211 §6.3.1.5)"}
		}
		return nil
	}
	if p := g.NumAntennaPorts; p != 1 && p != 2 && p != 4 {
		return &FieldError{"num_antenna_ports", p, "1, 2 or 4 (TS 38.211 §6.3.1.5)"}
	}
	if g.NumLayers > g.NumAntennaPorts {
		return &FieldError{"num_layers", g.NumLayers, "at most num_antenna_ports"}
	}
	return checkRange("tpmi", g.TPMI, 0, numTPMI(g.NumLayers, g.NumAntennaPorts)-1)
}

// numTPMI is the number of matrices in the table of TS 38.211 §6.3.1.5 for
// CP-OFDM: tables 6.3.1.5-1, -3, -4, -5, -6 and -7.
func numTPMI(layers, ports int) int {
	switch {
	case ports == 1:
		return 1
	case ports == 2:
		return [3]int{0, 6, 3}[layers]
	}
	return [5]int{0, 28, 22, 7, 5}[layers]
}

func (g *Grant) checkDMRS(*Carrier) error {
	d := &g.DMRS
	if err := checkRange("dmrs.config_type", d.ConfigType, 1, 2); err != nil {
		return err
	}
	if err := checkRange("dmrs.length", d.Length, 1, 2); err != nil {
		return err
	}
	if err := checkRange("dmrs.type_a_position", d.TypeAPosition, 2, 3); err != nil {
		return err
	}
	if d.Length == 2 && d.AdditionalPosition > 1 {
		return &FieldError{"dmrs.additional_position", d.AdditionalPosition, "0…1 with length 2 (TS 38.211 table 6.4.1.1.3-4)"}
	}
	if err := checkRange("dmrs.additional_position", d.AdditionalPosition, 0, 3); err != nil {
		return err
	}
	if d.AdditionalPosition == 3 && d.TypeAPosition == 3 && g.Mapping == MappingA {
		return &FieldError{"dmrs.additional_position", 3, "0…2 with type_a_position 3 (TS 38.211 §6.4.1.1.3)"}
	}
	if err := checkRange("dmrs.n_scid", d.NSCID, 0, 1); err != nil {
		return err
	}
	for _, id := range d.NID {
		if err := checkRange("dmrs.n_id", id, 0, 65535); err != nil {
			return err
		}
	}
	if g.Mapping == MappingA && d.Length == 2 && g.NumSymbols == 4 && d.TypeAPosition == 3 {
		return &FieldError{"dmrs.type_a_position", 3, "2 for double-symbol DM-RS in 4 symbols (TS 38.211 §6.4.1.1.3)"}
	}
	if g.NumDMRSSymbols() == 0 || g.lastDMRSSymbol() >= g.StartSymbol+g.NumSymbols {
		return &FieldError{"symbol_allocation", [2]int{g.StartSymbol, g.NumSymbols}, "room for the front-loaded DM-RS (TS 38.211 table 6.4.1.1.3-3 or -4)"}
	}
	return nil
}

func (g *Grant) checkPorts(*Carrier) error {
	d := &g.DMRS
	groups := 1 + d.ConfigType
	if err := checkRange("dmrs.num_cdm_groups_without_data", d.NumCDMGroupsWithoutData, 1, groups); err != nil {
		return err
	}
	numPorts := 2 * groups * d.Length
	seen := uint16(0)
	for _, p := range d.Ports[:g.NumLayers] {
		if int(p) >= numPorts {
			return &FieldError{"dmrs.dmrs_port_set", int(p), "a port of the configuration type and length (TS 38.211 table 6.4.1.1.3-1 or -2)"}
		}
		if seen&(1<<p) != 0 {
			return &FieldError{"dmrs.dmrs_port_set", int(p), "each port once"}
		}
		if d.CDMGroup(int(p)) >= d.NumCDMGroupsWithoutData {
			return &FieldError{"dmrs.dmrs_port_set", int(p), fmt.Sprintf("a port inside num_cdm_groups_without_data, %d (TS 38.212 §7.3.1.1.2)", d.NumCDMGroupsWithoutData)}
		}
		seen |= 1 << p
	}
	if bits.OnesCount16(seen) != g.NumLayers {
		return &FieldError{"dmrs.dmrs_port_set", bits.OnesCount16(seen), "one port a layer"}
	}
	return nil
}

func (g *Grant) checkData(*Carrier) error {
	if g.DataREs() == 0 {
		return &FieldError{"symbol_allocation", [2]int{g.StartSymbol, g.NumSymbols}, "at least one resource element for data"}
	}
	if g.XOverhead >= g.DataREsPerPRB() {
		return &FieldError{"x_overhead", g.XOverhead, fmt.Sprintf("fewer than the %d resource elements of a PRB that carry data", g.DataREsPerPRB())}
	}
	return nil
}

// DMRSMask returns the symbols of the slot that carry DM-RS, bit l for symbol l.
func (g *Grant) DMRSMask() uint16 {
	return uint16(g.DMRS.mask(g.Mapping, g.StartSymbol, g.NumSymbols))
}

// NumDMRSSymbols returns how many symbols carry DM-RS.
func (g *Grant) NumDMRSSymbols() int { return bits.OnesCount16(g.DMRSMask()) }

func (g *Grant) lastDMRSSymbol() int { return bits.Len16(g.DMRSMask()) - 1 }

// DMRSREsPerPRB returns how many resource elements of one PRB in one DM-RS
// symbol carry no data: 6 (type 1) or 4 (type 2) a CDM group without data.
func (g *Grant) DMRSREsPerPRB() int {
	return g.DMRS.NumCDMGroupsWithoutData * (8 - 2*g.DMRS.ConfigType)
}

// DataREsPerPRB returns how many resource elements of one PRB carry data.
func (g *Grant) DataREsPerPRB() int {
	return SubcarriersPerPRB*g.NumSymbols - g.NumDMRSSymbols()*g.DMRSREsPerPRB()
}

// DataREs returns the resource elements that carry data, per layer.
func (g *Grant) DataREs() int { return g.DataREsPerPRB() * g.NumPRB }

// MCS returns the modulation and target code rate; the grant must be valid.
func (g *Grant) MCS() MCS {
	m, _ := g.MCSTable.Row(g.MCSIndex)
	return m
}

// CodedBits returns G, the number of coded bits of the transmission.
func (g *Grant) CodedBits() int {
	return g.DataREs() * g.NumLayers * g.MCS().Modulation.BitsPerSymbol()
}

// TBS returns the transport block size in bits, without CRC. It is 0 where the
// MCS index is reserved: the size is then that of the initial transmission.
//
// TS 38.214 §6.1.4.2.
func (g *Grant) TBS() int {
	mcs := g.MCS()
	if mcs.Reserved() {
		return 0
	}
	return TransportBlockSize(g.DataREsPerPRB()-g.XOverhead, g.NumPRB, g.NumLayers, mcs)
}

// SharesPRBs reports whether two grants of one slot use common PRBs and
// symbols, so that they must be detected jointly.
func (g *Grant) SharesPRBs(o *Grant) bool {
	return g.StartPRB < o.StartPRB+o.NumPRB && o.StartPRB < g.StartPRB+g.NumPRB &&
		g.StartSymbol < o.StartSymbol+o.NumSymbols && o.StartSymbol < g.StartSymbol+g.NumSymbols
}
