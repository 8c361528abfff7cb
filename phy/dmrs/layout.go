// SPDX-License-Identifier: Apache-2.0

package dmrs

import (
	"math"

	"github.com/neuroran/neuroran/phy/nr"
)

// MaxOccasions is the largest number of DM-RS positions of one slot: single
// symbols, or pairs of them.
const MaxOccasions = 4

// Layout says where the pilots of a PRB group stand and who shares them. It
// holds no slices, so that a block replaces it as a whole. Synchronization and
// channel estimation both go by it.
//
// Pilots are counted by CDM group: pilot i of a symbol is value i of the
// sequence r(i), on subcarrier [Subcarrier] of the allocation.
//
// TS 38.211 §6.4.1.1.3.
type Layout struct {
	Group       nr.Group // who transmits where
	PilotsInPRB int      // pilots of one CDM group in one PRB and symbol
	NumPilots   int      // pilots of one CDM group in one symbol
	Beta        float64  // amplitude of DM-RS over data, see [Beta]
	SpacingHz   float64  // subcarrier spacing

	NumSymbols    int                         // symbols with DM-RS
	Symbols       [nr.MaxDMRSSymbols]int      // which of the slot
	Times         [nr.MaxDMRSSymbols]float64  // start of the transform window of each, from the start of the slot, s
	SlotTimes     [nr.SymbolsPerSlot]float64  // the same, of every symbol of the slot
	NumOccasions  int                         // symbols, or pairs of double-symbol DM-RS
	OccasionTimes [MaxOccasions]float64       // mean of the times of each, s
	NumCombs      int                         // used entries of Combs
	Combs         [nr.MaxGroupLayers]Comb     // in the order of their first layer
	Layers        [nr.MaxGroupLayers]Position // of each layer of the group
	FreeGroups    uint8                       // CDM groups without data that no layer uses, bit λ for group λ
}

// Comb is the layers that share a CDM group and a reference sequence. Orthogonal
// codes tell them apart.
//
// TS 38.211 §6.4.1.1.3, tables 6.4.1.1.3-1 and 6.4.1.1.3-2.
type Comb struct {
	Delta     int                    // subcarrier shift Δ of the CDM group
	CDMGroup  int                    // λ
	NID       int                    // N_ID^{n_SCID} of the sequence
	NSCID     int                    // n_SCID
	NumLayers int                    // used entries of Layers
	Layers    [nr.MaxGroupLayers]int // layers of the group, ascending
	NumUEs    int                    // different UEs among them
	TimeCodes uint8                  // codes in time that are in use, bit i for w_t number i
	FreqCodes uint8                  // codes in frequency that are in use
}

// Position is the place of one layer of the group.
//
// TS 38.211 tables 6.4.1.1.3-1 and 6.4.1.1.3-2.
type Position struct {
	UE       int // whose layer it is
	Comb     int // the comb it stands on
	FreqCode int // 0, or 1 where w_f alternates
	TimeCode int // 0, or 1 where w_t alternates
}

// NewLayout lays out a group, which [nr.NewGroup] must have returned. It does
// not allocate.
//
// TS 38.211 §6.4.1.1.3.
func NewLayout(g *nr.Group) Layout {
	l := Layout{
		Group: *g, PilotsInPRB: PilotsPerPRB(g.ConfigType), SpacingHz: g.SubcarrierSpacingHz(),
		Beta: math.Sqrt(float64(g.NumCDMGroupsWithoutData)),
	}
	l.NumPilots = l.PilotsInPRB * g.NumPRB
	l.placeSymbols()
	l.placeLayers()
	return l
}

// PilotAt returns the subcarrier of pilot i of a CDM group, from its first.
func (l *Layout) PilotAt(i int) int { return Subcarrier(l.Group.ConfigType, 0, i) }

// PairPeriod returns the subcarriers from one pair of pilots to the next.
func (l *Layout) PairPeriod() int { return 2 * nr.SubcarriersPerPRB / l.PilotsInPRB }

// PairGap returns the subcarriers between the two pilots of a pair.
func (l *Layout) PairGap() int { return 3 - l.Group.ConfigType }

func (l *Layout) placeSymbols() {
	g := &l.Group
	l.SlotTimes = g.SymbolTimes()
	for s, at := range l.SlotTimes {
		if g.IsDMRS(s) {
			l.Symbols[l.NumSymbols], l.Times[l.NumSymbols] = s, at
			l.NumSymbols++
		}
	}
	l.NumOccasions = l.NumSymbols / g.Length
	for o := range l.NumOccasions {
		sum := 0.0
		for _, t := range l.Times[o*g.Length : (o+1)*g.Length] {
			sum += t
		}
		l.OccasionTimes[o] = sum / float64(g.Length)
	}
}

func (l *Layout) placeLayers() {
	g := &l.Group
	used := uint8(0)
	i := 0
	for u := range g.NumUEs {
		ue := &g.UEs[u]
		for _, port := range ue.Ports[:ue.NumLayers] {
			p := Position{UE: u, Comb: l.findComb(int(port), ue), FreqCode: int(port & 1)}
			if WT(g.ConfigType, int(port), 1) < 0 {
				p.TimeCode = 1
			}
			c := &l.Combs[p.Comb]
			if c.NumLayers == 0 || l.Layers[c.Layers[c.NumLayers-1]].UE != u {
				c.NumUEs++
			}
			c.Layers[c.NumLayers] = i
			c.NumLayers++
			c.TimeCodes |= 1 << p.TimeCode
			c.FreqCodes |= 1 << p.FreqCode
			used |= 1 << c.CDMGroup
			l.Layers[i] = p
			i++
		}
	}
	l.FreeGroups = (1<<g.NumCDMGroupsWithoutData - 1) &^ used
}

// findComb returns the comb of a port of a UE, and makes it if needed.
func (l *Layout) findComb(port int, ue *nr.UE) int {
	delta := Delta(l.Group.ConfigType, port)
	for i := range l.NumCombs {
		c := &l.Combs[i]
		if c.Delta == delta && c.NID == ue.NID && c.NSCID == ue.NSCID {
			return i
		}
	}
	l.Combs[l.NumCombs] = Comb{Delta: delta, CDMGroup: delta / l.Group.ConfigType, NID: ue.NID, NSCID: ue.NSCID}
	l.NumCombs++
	return l.NumCombs - 1
}

// CodeSum returns the sum, over the frequency codes of a mask (bit 0: +1 +1, bit 1:
// +1 -1), of the product of a code's values at two pilots of a comb that are d apart
// (TS 38.211 table 6.4.1.1.3-1 and -2, w_f).
func CodeSum(codes uint8, d int) float64 {
	if d&1 == 0 {
		return float64(codes&1 + codes>>1)
	}
	return float64(codes&1) - float64(codes>>1)
}
