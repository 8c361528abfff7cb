// SPDX-License-Identifier: Apache-2.0

package main

import (
	"github.com/neuroran/neuroran/phy/channel"
	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/phy/sigmf"
)

const (
	numSlots = 20
	numRx    = 4
	snrDB    = 27 // of one layer and antenna, on average
)

// carrier is 10 MHz at 30 kHz.
var carrier = nr.Carrier{
	CellID: 46, SubcarrierSpacingKHz: 30, NumPRB: 24, FFTSize: 512, CarrierHz: 3.5e9,
}

func recordingConfig() sigmf.Config {
	return sigmf.Config{
		Datatype: sigmf.CI8, NumChannels: numRx, Carrier: carrier, Scale: 0.11,
		Description: "four UEs on 24 PRB, made by NeuroRAN's own transmitter and channel",
		License:     "https://creativecommons.org/publicdomain/zero/1.0/",
	}
}

// user is one UE and its channel.
type user struct {
	rnti    uint16
	ports   int
	channel channel.Config
}

// users are the UEs of the recording. The delays are up to three quarters of a
// microsecond, of a cyclic prefix of 2.3 microseconds.
var users = []user{
	{4601, 1, channel.Config{Profile: channel.TDLA30(), DopplerHz: 10, DelaySeconds: 120e-9, CFOHz: 180}},
	{4602, 1, channel.Config{Profile: channel.TDLB100(), DopplerHz: 50, DelaySeconds: 350e-9, CFOHz: -90}},
	{4603, 1, channel.Config{Profile: channel.TDLA30(), DopplerHz: 50, DelaySeconds: 60e-9, CFOHz: 40}},
	{4604, 2, channel.Config{Profile: channel.TDLA30(), DopplerHz: 10, DelaySeconds: 750e-9, CFOHz: -220}},
}

// plan returns the grants of a slot, in a pattern of four slots: one UE on the
// whole carrier, two UEs on the same PRBs, two UEs side by side, two layers. In
// every eighth slot the block of four slots before is sent again with another
// redundancy version.
func plan(slot int) []nr.Grant {
	round := slot / 4
	switch slot % 4 {
	case 0:
		g := grant(0, 0, 24, nr.MCSTable64QAM, 20, round%4)
		if round%2 == 1 { // the HARQ process and block of the round before
			g.HARQProcess, g.RV, g.NewData = (round-1)%4, 2, false
		}
		return []nr.Grant{g}
	case 1:
		a := grant(1, 0, 24, nr.MCSTable64QAM, 12, round%4)
		b := grant(2, 0, 24, nr.MCSTable64QAM, 10, round%4)
		b.DMRS.Ports[0] = 2
		return []nr.Grant{a, b}
	case 2:
		a := grant(0, 0, 10+round, nr.MCSTable256QAM, 20, 4+round%4)
		b := grant(3, 10+round, 14-round, nr.MCSTable64QAM, 14, round%4)
		b.Mapping, b.StartSymbol, b.NumSymbols = nr.MappingB, 2, 10
		return []nr.Grant{a, b}
	}
	return []nr.Grant{grant(3, 0, 24, nr.MCSTable64QAM, 17+round%3, 4+round%4)}
}

// grant returns the grant of user u with all its layers.
func grant(u, startPRB, numPRB int, table nr.MCSTable, mcs, harq int) nr.Grant {
	n := users[u].ports
	g := nr.Grant{
		RNTI: users[u].rnti, NID: carrier.CellID, NumLayers: n, NumAntennaPorts: n,
		Mapping: nr.MappingA, NumSymbols: nr.SymbolsPerSlot, StartPRB: startPRB, NumPRB: numPRB,
		MCSTable: table, MCSIndex: mcs, HARQProcess: harq, NewData: true,
		DMRS: nr.DMRS{
			ConfigType: 1, Length: 1, AdditionalPosition: 1, TypeAPosition: 2,
			NumCDMGroupsWithoutData: 2, NID: [2]int{carrier.CellID, carrier.CellID},
		},
	}
	for l := range n {
		g.DMRS.Ports[l] = uint8(l)
	}
	return g
}
