// SPDX-License-Identifier: Apache-2.0

package chest

import (
	"math"

	"github.com/neuroran/neuroran/phy/dmrs"
	"github.com/neuroran/neuroran/phy/nr"
)

const (
	maxLayers    = nr.MaxGroupLayers
	maxRx        = nr.MaxRx
	maxOccasions = 4 // DM-RS positions in one slot
	maxPilotSyms = nr.MaxDMRSSymbols
)

// plan is what a group's DM-RS looks like. It holds no slices: Configure
// replaces it as a whole.
type plan struct {
	group     nr.Group
	perPRB    int     // pilots of one CDM group in one PRB and symbol
	numPilots int     // pilots of one CDM group in one symbol
	beta      float64 // DM-RS amplitude over data
	spacing   float64 // subcarrier spacing, Hz

	numSyms  int                        // symbols with DM-RS
	symTime  [nr.SymbolsPerSlot]float64 // start of the transform window of each symbol of the slot, s
	dmrsTime [maxPilotSyms]float64      // the same, of the symbols with DM-RS
	numOcc   int                        // occasions: single symbols, or pairs
	occTime  [maxOccasions]float64      // centre of each occasion, s

	numCombs int
	combs    [maxLayers]comb
	layers   [maxLayers]layer
	freeMask uint8 // CDM groups without data that no layer uses
}

// comb is the layers that share a CDM group and a reference sequence.
type comb struct {
	delta     int // subcarrier shift of the CDM group
	lambda    int // CDM group
	nid, scid int
	numLayers int
	layers    [maxLayers]int
	numUEs    int // different UEs among the layers
	tdMask    uint8
	fdMask    uint8
}

// layer is one layer of the group.
type layer struct {
	ue, comb int
	fd, td   int // index of the code in frequency and time, 0 or 1
}

// makePlan lays out a group, which must have passed [nr.NewGroup].
func makePlan(g *nr.Group) plan {
	p := plan{
		group: *g, perPRB: dmrs.PilotsPerPRB(g.ConfigType),
		beta: math.Sqrt(float64(g.NumCDMGroupsWithoutData)), spacing: g.SubcarrierSpacingHz(),
	}
	p.numPilots = p.perPRB * g.NumPRB
	p.placeSymbols()
	p.placeLayers()
	return p
}

func (p *plan) placeSymbols() {
	g := &p.group
	p.symTime = g.SymbolTimes()
	for l, at := range p.symTime {
		if g.IsDMRS(l) {
			p.dmrsTime[p.numSyms] = at
			p.numSyms++
		}
	}
	p.numOcc = p.numSyms / g.Length
	for o := range p.numOcc {
		sum := 0.0
		for _, t := range p.dmrsTime[o*g.Length : (o+1)*g.Length] {
			sum += t
		}
		p.occTime[o] = sum / float64(g.Length)
	}
}

func (p *plan) placeLayers() {
	g := &p.group
	used := uint8(0)
	i := 0
	for u := range g.NumUEs {
		ue := &g.UEs[u]
		for _, port := range ue.Ports[:ue.NumLayers] {
			td := 0
			if int(port) >= 2+2*g.ConfigType {
				td = 1
			}
			l := layer{ue: u, fd: int(port & 1), td: td}
			l.comb = p.findComb(int(port), ue)
			c := &p.combs[l.comb]
			if c.numLayers == 0 || p.layers[c.layers[c.numLayers-1]].ue != u {
				c.numUEs++
			}
			c.layers[c.numLayers] = i
			c.numLayers++
			c.tdMask |= 1 << td
			c.fdMask |= 1 << l.fd
			used |= 1 << c.lambda
			p.layers[i] = l
			i++
		}
	}
	p.freeMask = (1<<g.NumCDMGroupsWithoutData - 1) &^ used
}

// findComb returns the comb of a port of a UE, and makes it if needed.
func (p *plan) findComb(port int, ue *nr.UE) int {
	delta := dmrs.Delta(p.group.ConfigType, port)
	for i := range p.numCombs {
		c := &p.combs[i]
		if c.delta == delta && c.nid == ue.NID && c.scid == ue.NSCID {
			return i
		}
	}
	lambda := delta
	if p.group.ConfigType == 2 {
		lambda /= 2
	}
	p.combs[p.numCombs] = comb{delta: delta, lambda: lambda, nid: ue.NID, scid: ue.NSCID}
	p.numCombs++
	return p.numCombs - 1
}

// pilotAt returns the subcarrier of pilot i of a CDM group, from its first.
func (p *plan) pilotAt(i int) int { return dmrs.Subcarrier(p.group.ConfigType, 0, i) }
