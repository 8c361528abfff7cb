// SPDX-License-Identifier: Apache-2.0

package main

import (
	"flag"
	"fmt"

	"github.com/neuroran/neuroran/phy/channel"
	"github.com/neuroran/neuroran/phy/link"
	"github.com/neuroran/neuroran/phy/nr"
)

// setup is what the flags say; register explains each.
type setup struct {
	receivers, profile, snr string
	doppler, delay, cfo     float64
	scs, prb, rx            int
	mcs, table              int
	layers, ues             int

	dmrsType, dmrsLength, additional, cdm int
	mappingB                              bool
	start, symbols                        int

	time                   bool
	slots, errors, workers int
	stop                   float64
	seed                   uint64
}

func (s *setup) register(f *flag.FlagSet) {
	f.StringVar(&s.receivers, "receivers", "ls,lmmse", "receivers to compare")
	f.StringVar(&s.profile, "profile", "TDLB100", "awgn, flat (Rayleigh), TDLA30, TDLB100 or TDLC300")
	f.StringVar(&s.snr, "snr", "-1:0.5:6", "from:step:to in dB, per antenna and element, all layers together")
	f.Float64Var(&s.doppler, "doppler", 400, "maximum Doppler frequency, Hz")
	f.Float64Var(&s.delay, "delay", 0, "delay, s")
	f.Float64Var(&s.cfo, "cfo", 0, "carrier offset, Hz")
	f.Float64Var(&s.stop, "stop", 0.005, "stop after a point below this block error rate")
	f.IntVar(&s.mcs, "mcs", 14, "MCS index")
	f.IntVar(&s.table, "table", 1, "MCS table, 1 or 2")
	f.IntVar(&s.prb, "prb", 24, "PRBs of grant and carrier")
	f.IntVar(&s.rx, "rx", 4, "receive antennas")
	f.IntVar(&s.layers, "layers", 1, "layers of each UE")
	f.IntVar(&s.ues, "ues", 1, "UEs on the same PRBs, on successive DM-RS ports")
	f.IntVar(&s.scs, "scs", 30, "subcarrier spacing, kHz")
	f.IntVar(&s.dmrsType, "dmrs-type", 1, "DM-RS configuration type")
	f.IntVar(&s.dmrsLength, "dmrs-length", 1, "DM-RS symbols at each position")
	f.IntVar(&s.additional, "additional", 1, "additional DM-RS positions")
	f.IntVar(&s.cdm, "cdm", 2, "CDM groups without data")
	f.IntVar(&s.start, "start", 0, "first symbol")
	f.IntVar(&s.symbols, "symbols", 14, "symbols")
	f.BoolVar(&s.mappingB, "mapping-b", false, "mapping type B")
	f.BoolVar(&s.time, "time", false, "send samples instead of resource elements")
	f.IntVar(&s.slots, "slots", 20000, "most slots a point")
	f.IntVar(&s.errors, "errors", 300, "block errors a point")
	f.IntVar(&s.workers, "workers", 0, "slots at once; 0 for one a processor")
	f.Uint64Var(&s.seed, "seed", 1, "seed of data, channels and noise")
}

// chain returns a simulation chain of a receiver.
func (s *setup) chain(receiver string) (link.Chain, error) {
	cfg := link.PUSCHConfig{NumRx: s.rx, Receiver: receiver, Carrier: s.carrier(), TimeDomain: s.time}
	path := channel.Config{DopplerHz: s.doppler, DelaySeconds: s.delay, CFOHz: s.cfo, Static: s.profile == "awgn"}
	if s.profile != "awgn" {
		var err error
		if path.Profile, err = channel.ProfileByName(s.profile); err != nil {
			return nil, err
		}
	}
	for u := range s.ues {
		cfg.UEs = append(cfg.UEs, link.UE{Grant: s.grant(u), Channel: path})
	}
	p, err := link.NewPUSCH(cfg)
	if err != nil {
		return nil, err
	}
	return p.Chain(), nil
}

func (s *setup) carrier() nr.Carrier {
	c := nr.Carrier{CellID: 1, SubcarrierSpacingKHz: s.scs, NumPRB: s.prb, FFTSize: 128}
	for c.FFTSize < c.NumSubcarriers() {
		c.FFTSize *= 2
	}
	return c
}

func (s *setup) grant(u int) nr.Grant {
	g := nr.Grant{
		RNTI: uint16(1000 + u), NID: 1, NumLayers: s.layers, NumAntennaPorts: s.layers,
		Mapping: nr.MappingA, StartSymbol: s.start, NumSymbols: s.symbols, NumPRB: s.prb,
		MCSTable: nr.MCSTable(s.table), MCSIndex: s.mcs, NewData: true,
		DMRS: nr.DMRS{
			ConfigType: s.dmrsType, Length: s.dmrsLength, AdditionalPosition: s.additional, TypeAPosition: 2,
			NumCDMGroupsWithoutData: s.cdm, NID: [2]int{1, 1},
		},
	}
	if s.mappingB {
		g.Mapping = nr.MappingB
	}
	for l := range min(s.layers, nr.MaxLayers) {
		g.DMRS.Ports[l] = uint8(u*s.layers + l)
	}
	return g
}

// parseRange reads from:step:to.
func parseRange(text string) ([]float64, error) {
	var from, step, to float64
	if n, err := fmt.Sscanf(text, "%g:%g:%g", &from, &step, &to); n != 3 || err != nil {
		return nil, fmt.Errorf("-snr %q: want from:step:to", text)
	}
	if !(step > 0) || (to-from)/step > 1000 {
		return nil, fmt.Errorf("-snr %q: want a positive step and at most 1000 points", text)
	}
	var out []float64
	for i := 0; from+float64(i)*step <= to+1e-9; i++ {
		out = append(out, from+float64(i)*step)
	}
	return out, nil
}
