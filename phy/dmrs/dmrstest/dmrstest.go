// SPDX-License-Identifier: Apache-2.0

// Package dmrstest makes the pilots of a PRB group as antennas receive them, for
// the tests of synchronization and channel estimation.
package dmrstest

import (
	"math"
	"math/cmplx"
	"math/rand/v2"

	"github.com/neuroran/neuroran/phy/dmrs"
	"github.com/neuroran/neuroran/phy/nr"
)

// Group returns a group at 30 kHz on so many PRBs and all 14 symbols: DM-RS of
// configuration type 1 on symbols 2 and 11, two CDM groups without data, and a
// UE of one layer on each of the ports, numbered from RNTI 1.
func Group(prb int, ports ...uint8) nr.Group {
	g := nr.Group{
		Mu: 1, FFTSize: 4096, NumPRB: prb, NumSymbols: 14, DMRSMask: 1<<2 | 1<<11, ConfigType: 1, Length: 1,
		NumCDMGroupsWithoutData: 2, NumUEs: len(ports), NumLayers: len(ports),
	}
	for u, port := range ports {
		g.UEs[u] = nr.UE{RNTI: uint16(u + 1), NumLayers: 1, Ports: [4]uint8{port}}
	}
	return g
}

// Channel is the response of a layer of the group at one antenna, symbol of the
// slot and subcarrier of the allocation.
type Channel func(layer, rx, symbol, subcarrier int) complex128

// Pilots returns what rx antennas receive of all layers of a group, without
// noise. The group must be one that [nr.NewGroup] returns.
func Pilots(g *nr.Group, rx int, h Channel) nr.Pilots {
	p := nr.Pilots{Group: *g}
	p.RE.Resize(rx, g.NumDMRSSymbols(), g.NumSubcarriers())
	ref := make([]complex64, dmrs.PilotsPerPRB(g.ConfigType)*g.NumPRB)
	sent := make([]complex64, g.NumSubcarriers())
	layer := 0
	for _, ue := range g.UEs[:g.NumUEs] {
		for _, port := range ue.Ports[:ue.NumLayers] {
			s := 0
			for l := range nr.SymbolsPerSlot {
				if !g.IsDMRS(l) {
					continue
				}
				clear(sent)
				dmrs.Sequence(ref, g.ConfigType, g.StartCRB, dmrs.CInit(g.Mu, g.Slot, l, ue.NID, ue.NSCID))
				dmrs.Map(sent, ref, g.ConfigType, int(port), s%g.Length, complex(dmrs.Beta(g.NumCDMGroupsWithoutData), 0))
				for r := range rx {
					row := p.RE.Row(r, s)
					for k, x := range sent {
						row[k] += complex64(h(layer, r, l, k)) * x
					}
				}
				s++
			}
			layer++
		}
	}
	return p
}

// Ray returns the channel of one path with a delay and a carrier offset, the same
// for all layers and antennas.
func Ray(g *nr.Group, delaySeconds, cfoHz float64) Channel {
	times, spacing := g.SymbolTimes(), g.SubcarrierSpacingHz()
	return func(_, _, symbol, k int) complex128 {
		return cmplx.Rect(1, 2*math.Pi*(cfoHz*times[symbol]-float64(k)*spacing*delaySeconds))
	}
}

// AddNoise adds white noise of the given variance to all resource elements.
func AddNoise(p *nr.Pilots, rng *rand.Rand, variance float64) {
	s := math.Sqrt(variance / 2)
	for i := range p.RE.Data() {
		p.RE.Data()[i] += complex64(complex(s*rng.NormFloat64(), s*rng.NormFloat64()))
	}
}

// Scale multiplies all resource elements.
func Scale(p *nr.Pilots, factor float64) {
	for i, x := range p.RE.Data() {
		p.RE.Data()[i] = complex64(complex128(x) * complex(factor, 0))
	}
}

// RandomGroup returns a group of UEs of one layer each from the arguments of a
// fuzz target; no field is checked.
func RandomGroup(seed uint64, mask uint16, prb, configType, length, cdm, ues, port uint8) nr.Group {
	g := nr.Group{
		Slot: nr.Slot(seed % 40), Mu: nr.Numerology(seed % 4), NumPRB: int(prb), StartCRB: int(seed % 200),
		NumSymbols: 14, DMRSMask: mask, ConfigType: int(configType), Length: int(length),
		NumCDMGroupsWithoutData: int(cdm), NumUEs: int(ues),
	}
	for u := range min(int(ues), nr.MaxUEs) {
		g.UEs[u] = nr.UE{NumLayers: 1, Ports: [4]uint8{port + uint8(u)}, NID: int(seed % 3)}
		g.NumLayers++
	}
	return g
}

// RandomPilots returns pilots of a group that are noise, of an amplitude of
// 1e-15 to 1e15 that the seed picks, and sometimes nothing at all.
func RandomPilots(g *nr.Group, rx int, seed uint64) nr.Pilots {
	p := nr.Pilots{Group: *g}
	p.RE.Resize(rx, g.NumDMRSSymbols(), g.NumSubcarriers())
	scale := math.Pow(10, float64(seed%31)-15)
	if seed%37 == 0 {
		scale = 0
	}
	AddNoise(&p, rand.New(rand.NewPCG(seed, 1)), scale*scale)
	return p
}
