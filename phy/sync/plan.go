// SPDX-License-Identifier: Apache-2.0

package sync

import (
	"github.com/neuroran/neuroran/phy/dmrs"
	"github.com/neuroran/neuroran/phy/nr"
)

const (
	maxLayers    = nr.MaxGroupLayers
	maxRx        = nr.MaxRx
	maxPilotSyms = nr.MaxDMRSSymbols
)

// plan is what a group's DM-RS looks like. It holds no slices.
type plan struct {
	group     nr.Group
	numPilots int     // pilots of one CDM group in one symbol
	period    int     // subcarriers from one pair of pilots to the next
	gap       int     // subcarriers between the two pilots of a pair
	spacing   float64 // subcarrier spacing, Hz
	cp        float64 // shorter cyclic prefix, s
	numSyms   int     // symbols with DM-RS
	fold      bool    // double symbols are despread over time
	numTimes  int     // DM-RS positions after that
	symbol    [maxPilotSyms]int
	time      [maxPilotSyms]float64 // centre of each position, from the start of the slot, s

	layers   [maxLayers]layer
	numCombs int
	combs    [maxLayers]comb
}

// comb is the layers that share a CDM group and a reference sequence.
type comb struct {
	delta, nid, scid int
	numUEs, lastUE   int
	tdMask           uint8
}

// layer is one layer of the group.
type layer struct {
	ue, comb int
	fd, td   int // index of the code in frequency and time, 0 or 1
}

func makePlan(g *nr.Group) plan {
	perPRB := dmrs.PilotsPerPRB(g.ConfigType)
	p := plan{
		group: *g, numPilots: perPRB * g.NumPRB, spacing: g.SubcarrierSpacingHz(),
		period: 2 * nr.SubcarriersPerPRB / perPRB, gap: 3 - g.ConfigType,
	}
	p.cp = g.CyclicPrefix()
	p.placeSymbols()
	i := 0
	for u := range g.NumUEs {
		ue := &g.UEs[u]
		for _, port := range ue.Ports[:ue.NumLayers] {
			l := layer{ue: u, fd: int(port & 1), comb: p.findComb(int(port), ue, u)}
			if int(port) >= 2+2*g.ConfigType {
				l.td = 1
			}
			p.combs[l.comb].tdMask |= 1 << l.td
			p.layers[i] = l
			i++
		}
	}
	p.foldSymbols()
	return p
}

// foldSymbols decides whether the two symbols of a double DM-RS become one
// position: always, unless there is only one such position and every comb uses
// one code in time, where keeping both shows the carrier offset.
func (p *plan) foldSymbols() {
	p.numTimes = p.numSyms
	if p.group.Length == 1 {
		return
	}
	for c := range p.numCombs {
		if m := p.combs[c].tdMask; m&(m-1) != 0 {
			p.fold = true
		}
	}
	if p.numSyms > 2 {
		p.fold = true
	}
	if !p.fold {
		return
	}
	p.numTimes = p.numSyms / 2
	for t := range p.numTimes {
		p.time[t] = (p.time[2*t] + p.time[2*t+1]) / 2
	}
}

func (p *plan) placeSymbols() {
	for l, at := range p.group.SymbolTimes() {
		if p.group.IsDMRS(l) {
			p.symbol[p.numSyms], p.time[p.numSyms] = l, at
			p.numSyms++
		}
	}
}

func (p *plan) findComb(port int, ue *nr.UE, u int) int {
	delta := dmrs.Delta(p.group.ConfigType, port)
	for i := range p.numCombs {
		c := &p.combs[i]
		if c.delta == delta && c.nid == ue.NID && c.scid == ue.NSCID {
			if c.lastUE != u {
				c.numUEs++
				c.lastUE = u
			}
			return i
		}
	}
	p.combs[p.numCombs] = comb{delta: delta, nid: ue.NID, scid: ue.NSCID, numUEs: 1, lastUE: u}
	p.numCombs++
	return p.numCombs - 1
}
