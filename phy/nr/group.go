// SPDX-License-Identifier: Apache-2.0

package nr

import (
	"math/bits"
	"slices"
)

// Limits of joint detection.
const (
	MaxUEs         = 4 // UEs that share PRBs
	MaxGroupLayers = 4 // layers of all of them together
	MaxRx          = 8 // receive antennas
	MaxDMRSSymbols = 4 // symbols of a slot with DM-RS, TS 38.211 tables 6.4.1.1.3-3 and -4

	MaxNoiseBundles = 16 // parts of an allocation with a noise of their own
)

// UE is what the receiver must know of one UE of a [Group] before decoding.
//
// TS 38.211 §6.3.1.1 and §6.4.1.1.1 have the identities, table 6.4.1.1.3-5 the ports.
type UE struct {
	RNTI      uint16           // n_RNTI
	NumLayers int              // ν
	Ports     [MaxLayers]uint8 // DM-RS port p − 1000 of each layer
	NSCID     int              // n_SCID
	NID       int              // N_ID^{n_SCID}
}

// Group is a set of UEs that share PRBs, symbols and DM-RS configuration and
// are detected jointly; usually it is one UE. It is comparable.
//
// The symbols and PRBs are those of TS 38.214 §6.1.2, the DM-RS that of TS 38.211
// §6.4.1.1.
type Group struct {
	Slot                    Slot       // slot number
	Mu                      Numerology // µ of the carrier
	FFTSize                 int        // N of the carrier, the unit of delays in samples
	StartCRB                int        // common resource block of the first PRB of the group
	StartPRB                int        // first PRB in the carrier
	NumPRB                  int        // PRBs
	StartSymbol             int        // first symbol in the slot
	NumSymbols              int        // symbols
	DMRSMask                uint16     // symbols of the slot with DM-RS, bit l for symbol l
	ConfigType              int        // DM-RS configuration type, 1 or 2
	Length                  int        // DM-RS length, 1 or 2 symbols
	NumCDMGroupsWithoutData int        // 1…3
	NumUEs                  int        // used entries of UEs
	NumLayers               int        // layers of all UEs
	UEs                     [MaxUEs]UE // in the order of their layers
}

// NewGroup returns the group of the given grants on the carrier in the given
// slot. The grants must be valid. It returns an [*UnsupportedError] when they
// differ in PRBs, symbols or DM-RS configuration or have too many layers, and a
// [*FieldError] when they use a DM-RS port twice with one sequence. It does not
// allocate on success.
func NewGroup(c *Carrier, slot Slot, grants ...*Grant) (Group, error) {
	if len(grants) == 0 || len(grants) > MaxUEs {
		return Group{}, &UnsupportedError{"UEs in one PRB group", len(grants)}
	}
	first := grants[0]
	g := Group{
		Slot: slot, Mu: c.Numerology(), FFTSize: c.FFTSize,
		StartCRB: c.StartCRB + first.StartPRB, StartPRB: first.StartPRB, NumPRB: first.NumPRB,
		StartSymbol: first.StartSymbol, NumSymbols: first.NumSymbols,
		DMRSMask: first.DMRSMask(), ConfigType: first.DMRS.ConfigType, Length: first.DMRS.Length,
		NumCDMGroupsWithoutData: first.DMRS.NumCDMGroupsWithoutData,
	}
	for _, u := range grants {
		if err := g.join(u); err != nil {
			return Group{}, err
		}
	}
	return g, nil
}

// join adds a UE after checking that it fits.
func (g *Group) join(u *Grant) error {
	switch field, got := g.otherDMRS(u); {
	case u.StartPRB != g.StartPRB || u.NumPRB != g.NumPRB:
		return &UnsupportedError{"prb_start and prb_size that differ between UEs on shared PRBs", [2]int{u.StartPRB, u.NumPRB}}
	case u.StartSymbol != g.StartSymbol || u.NumSymbols != g.NumSymbols:
		return &UnsupportedError{"symbol_allocation that differs between UEs on shared PRBs", [2]int{u.StartSymbol, u.NumSymbols}}
	case field != "":
		return &UnsupportedError{field + " that differs between UEs on shared PRBs", got}
	case g.NumLayers+u.NumLayers > MaxGroupLayers:
		return &UnsupportedError{"num_layers of a PRB group", g.NumLayers + u.NumLayers}
	}
	n := UE{RNTI: u.RNTI, NumLayers: u.NumLayers, Ports: u.DMRS.Ports, NSCID: u.DMRS.NSCID, NID: u.DMRS.NID[u.DMRS.NSCID]}
	for i := range g.UEs[:g.NumUEs] {
		if o := &g.UEs[i]; o.portMask()&n.portMask() != 0 && o.NSCID == n.NSCID && o.NID == n.NID {
			return &FieldError{"dmrs.dmrs_port_set", slices.Clone(u.DMRS.Ports[:u.NumLayers]), "ports that differ between UEs on shared PRBs"}
		}
	}
	g.UEs[g.NumUEs] = n
	g.NumUEs++
	g.NumLayers += n.NumLayers
	return nil
}

// otherDMRS names what the DM-RS of u has otherwise than the group, and its
// value; "" if nothing.
func (g *Group) otherDMRS(u *Grant) (field string, got int) {
	switch d := &u.DMRS; {
	case d.ConfigType != g.ConfigType:
		return "dmrs.config_type", d.ConfigType
	case d.Length != g.Length:
		return "dmrs.length", d.Length
	case d.NumCDMGroupsWithoutData != g.NumCDMGroupsWithoutData:
		return "dmrs.num_cdm_groups_without_data", d.NumCDMGroupsWithoutData
	case u.DMRSMask() != g.DMRSMask: // or the position of the first, or the mapping
		return "dmrs.additional_position", d.AdditionalPosition
	}
	return "", 0
}

func (u *UE) portMask() (mask uint16) {
	for _, p := range u.Ports[:u.NumLayers] {
		mask |= 1 << p
	}
	return mask
}

// NumSubcarriers returns 12 · NumPRB.
func (g *Group) NumSubcarriers() int { return SubcarriersPerPRB * g.NumPRB }

// NumDMRSSymbols returns how many symbols carry DM-RS.
func (g *Group) NumDMRSSymbols() int { return bits.OnesCount16(g.DMRSMask) }

// IsDMRS reports whether symbol l of the slot carries DM-RS.
func (g *Group) IsDMRS(l int) bool { return g.DMRSMask>>l&1 != 0 }

// DataMask returns which of the 12 subcarriers of a PRB carry data in symbol l
// of the slot, bit k for subcarrier k.
func (g *Group) DataMask(l int) uint16 {
	const all = 1<<SubcarriersPerPRB - 1
	if !g.IsDMRS(l) {
		return all
	}
	mask := uint16(all)
	for lambda := range g.NumCDMGroupsWithoutData {
		mask &^= CDMGroupMask(g.ConfigType, lambda)
	}
	return mask
}

// DataREs returns the resource elements of the group that carry data.
func (g *Group) DataREs() int {
	n := 0
	for l := g.StartSymbol; l < g.StartSymbol+g.NumSymbols; l++ {
		n += bits.OnesCount16(g.DataMask(l))
	}
	return n * g.NumPRB
}

// LayerUE returns which UE layer l of the group belongs to, and the first layer
// of that UE.
func (g *Group) LayerUE(l int) (ue, firstLayer int) {
	for ue = range g.NumUEs {
		n := g.UEs[ue].NumLayers
		if l < firstLayer+n {
			return ue, firstLayer
		}
		firstLayer += n
	}
	return g.NumUEs, firstLayer
}

// SubcarrierSpacingHz returns the subcarrier spacing in Hz.
func (g *Group) SubcarrierSpacingHz() float64 {
	return float64(g.Mu.SubcarrierSpacingKHz()) * 1e3
}

// SymbolTimes returns when the part of every symbol of the slot that follows its
// cyclic prefix starts, in seconds from the start of the slot. It does not
// allocate.
//
// TS 38.211 §5.3.1, normal cyclic prefix.
func (g *Group) SymbolTimes() (start [SymbolsPerSlot]float64) {
	unit := 1 / g.SubcarrierSpacingHz() / 2048
	at := 0.0
	for l := range start {
		at += 144 * unit
		if in := g.Slot.InSubframe(g.Mu)*SymbolsPerSlot + l; in == 0 || in == 7<<g.Mu {
			at += float64(int(16)<<g.Mu) * unit
		}
		start[l] = at
		at += 2048 * unit
	}
	return start
}

// CyclicPrefix returns the length of the shorter cyclic prefix, in seconds.
func (g *Group) CyclicPrefix() float64 { return 144.0 / 2048 / g.SubcarrierSpacingHz() }

// CDMGroupMask returns the subcarriers of a PRB that CDM group lambda occupies,
// bit k for subcarrier k (TS 38.211 §6.4.1.1.3: k = 4n + 2k' + Δ for type 1,
// 6n + k' + Δ for type 2).
func CDMGroupMask(configType, lambda int) uint16 {
	if configType == 1 {
		return 0x555 << lambda
	}
	return 0x0c3 << (2 * lambda)
}
