// SPDX-License-Identifier: Apache-2.0

package link_test

import (
	"context"
	"testing"

	"github.com/neuroran/neuroran/phy/channel"
	"github.com/neuroran/neuroran/phy/link"
	"github.com/neuroran/neuroran/phy/nr"
)

// scenario is a transmission that a receiver must cope with.
type scenario struct {
	name    string
	scs     int
	prb, rx int
	grant   nr.Grant // RNTI, ports and PRBs are filled in
	ues     []channel.Config
	snr     float64 // dB
}

// grant returns a grant of mapping type A over the whole slot, DM-RS type 1.
func grant(table nr.MCSTable, mcs, layers, additional int) nr.Grant {
	return nr.Grant{
		NID: 1, NumLayers: layers, NumAntennaPorts: layers, Mapping: nr.MappingA, NumSymbols: 14,
		MCSTable: table, MCSIndex: mcs, NewData: true,
		DMRS: nr.DMRS{ConfigType: 1, Length: 1, AdditionalPosition: additional, TypeAPosition: 2,
			NumCDMGroupsWithoutData: 2, NID: [2]int{1, 2}},
	}
}

func with(g nr.Grant, change func(*nr.Grant)) nr.Grant {
	change(&g)
	return g
}

func path(p channel.Profile, doppler, delaySamples, cfo float64) channel.Config {
	return channel.Config{Profile: p, DopplerHz: doppler, DelaySeconds: delaySamples / 15.36e6, CFOHz: cfo}
}

func (s *scenario) config(receiver string) link.PUSCHConfig {
	c := nr.Carrier{CellID: 1, SubcarrierSpacingKHz: s.scs, NumPRB: s.prb, FFTSize: 512}
	if c.NumPRB*12 > 450 {
		c.FFTSize = 1024
	}
	cfg := link.PUSCHConfig{Carrier: c, NumRx: s.rx, Receiver: receiver, TimeDomain: true}
	port := 0
	for i, ch := range s.ues {
		g := s.grant
		g.RNTI, g.NumPRB = uint16(100+i), s.prb
		for l := range g.NumLayers {
			g.DMRS.Ports[l] = uint8(port)
			port++
		}
		cfg.UEs = append(cfg.UEs, link.UE{Grant: g, Channel: ch})
	}
	return cfg
}

func scenarios() []scenario {
	a, b, c, flat := channel.TDLA30(), channel.TDLB100(), channel.TDLC300(), channel.Flat()
	awgn := channel.Config{Static: true}
	short := with(grant(1, 4, 1, 1), func(g *nr.Grant) { g.Mapping, g.StartSymbol, g.NumSymbols = nr.MappingB, 3, 4 })
	double := with(grant(1, 10, 4, 1), func(g *nr.Grant) { g.DMRS.Length = 2 })
	type2 := with(grant(1, 18, 4, 1), func(g *nr.Grant) { g.DMRS.ConfigType = 2 })
	type2two := with(grant(1, 10, 1, 1), func(g *nr.Grant) { g.DMRS.ConfigType = 2 })
	data := with(grant(1, 10, 1, 1), func(g *nr.Grant) { g.DMRS.NumCDMGroupsWithoutData = 1 })
	return []scenario{
		{"early 3 samples", 30, 24, 2, grant(1, 10, 1, 1), []channel.Config{path(a, 10, -3, 0)}, 14},
		{"late 20 samples", 30, 24, 2, grant(1, 10, 1, 1), []channel.Config{path(a, 10, 20, 0)}, 14},
		{"offset 500 Hz", 30, 24, 2, grant(1, 10, 1, 1), []channel.Config{path(a, 10, 4.3, 500)}, 14},
		{"offset -500 Hz, low SNR", 30, 24, 2, grant(1, 2, 1, 1), []channel.Config{path(b, 100, 5, -500)}, 3},
		{"one DM-RS symbol, 256QAM", 30, 24, 2, grant(2, 22, 1, 0), []channel.Config{awgn}, 24.5},
		{"four DM-RS symbols, 800 Hz", 30, 24, 4, grant(1, 14, 1, 3), []channel.Config{path(b, 800, 0, 0)}, 9},
		{"three DM-RS symbols, offset", 15, 25, 2, grant(1, 13, 1, 2), []channel.Config{path(c, 100, 6, 300)}, 15},
		{"low SNR QPSK, 1 rx", 15, 25, 1, grant(1, 0, 1, 1), []channel.Config{awgn}, -4},
		{"8 rx QPSK", 30, 24, 8, grant(1, 2, 1, 1), []channel.Config{path(b, 400, 3, 100)}, -6},
		{"1 PRB", 30, 1, 2, grant(1, 4, 1, 1), []channel.Config{path(a, 10, 3, 100)}, 13},
		{"2 PRB TDLC", 15, 2, 4, grant(1, 4, 1, 1), []channel.Config{path(c, 100, 3, 100)}, 8},
		{"mapping B, 4 symbols", 30, 24, 2, short, []channel.Config{path(b, 100, 5, 200)}, 8},
		{"TDLC300 at 30 kHz, 64QAM", 30, 24, 4, grant(1, 19, 1, 1), []channel.Config{path(c, 100, 0, 0)}, 16},
		{"256QAM TDLA30", 30, 51, 4, grant(2, 22, 1, 1), []channel.Config{path(a, 10, 2, 50)}, 27},
		{"data beside DM-RS", 30, 24, 4, data, []channel.Config{path(b, 100, 2, 50)}, 7},
		{"two layers, 3 DM-RS symbols", 30, 24, 4, grant(1, 13, 2, 2), []channel.Config{path(b, 400, 0, 0)}, 14},
		{"four layers type 1", 30, 24, 4, grant(1, 10, 4, 1), []channel.Config{path(a, 10, 0, 0)}, 22},
		{"four layers type 2", 30, 24, 4, type2, []channel.Config{path(a, 10, 0, 0)}, 27},
		{"four layers double symbol", 30, 24, 4, double, []channel.Config{path(b, 100, 4, 100)}, 22},
		{"two UEs, one CDM group", 30, 24, 4, grant(1, 10, 1, 1), []channel.Config{path(b, 100, 0, 0), path(b, 100, 0, 0)}, 8},
		{"two UEs, one CDM group, unequal delay", 30, 24, 4, grant(1, 10, 1, 1), []channel.Config{path(b, 100, -3, 0), path(b, 100, 20, 0)}, 8},
		{"two UEs, one CDM group, unequal offset", 30, 24, 4, grant(1, 10, 1, 1), []channel.Config{path(b, 100, 0, 300), path(b, 100, 0, -300)}, 8},
		{"two UEs, 64QAM, all unequal", 30, 24, 4, grant(1, 19, 1, 1), []channel.Config{path(a, 10, -3, 200), path(b, 10, 15, -200)}, 19},
		{"two UEs, type 2, unequal delay", 30, 24, 4, type2two, []channel.Config{path(b, 100, -3, 0), path(a, 100, 12, 0)}, 8},
		{"four UEs", 30, 24, 8, grant(1, 10, 1, 1), []channel.Config{path(b, 100, 0, 0), path(a, 100, 10, 100), path(b, 100, 5, 0), path(flat, 10, -2, -100)}, 9},
	}
}

// TestScenarios decodes a few slots of each scenario, made in the time domain:
// with "lmmse" at most one block is lost.
func TestScenarios(t *testing.T) {
	const seed, slots = 3, 6
	for _, s := range scenarios() {
		t.Run(s.name, func(t *testing.T) {
			points, err := link.Run(context.Background(), link.Config{
				SNRdB: []float64{s.snr}, MaxTrials: slots, Seed: seed,
				NewChain: func() (link.Chain, error) {
					p, err := link.NewPUSCH(s.config("lmmse"))
					if err != nil {
						return nil, err
					}
					return p.Chain(), nil
				},
			})
			if err != nil {
				t.Fatal(err)
			}
			if p := points[0]; p.BlockErrors > 1 {
				t.Errorf("seed %d: %d of %d blocks lost at %g dB, want at most 1", seed, p.BlockErrors, p.Blocks, s.snr)
			}
		})
	}
}
