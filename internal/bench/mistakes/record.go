// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"errors"
	"math"
	"math/rand/v2"

	"github.com/neuroran/neuroran/phy/channel"
	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/phy/ofdm"
	"github.com/neuroran/neuroran/phy/pusch"
	"github.com/neuroran/neuroran/phy/sigmf"
	"github.com/neuroran/neuroran/tensor"
)

// recording holds the two files of a recording.
type recording struct{ meta, data []byte }

// scene is a recording to be made: ten slots of one UE.
type scene struct {
	snrDB     float64
	dopplerHz float64
	profile   channel.Profile
	silent    func(slot nr.Slot) bool // slots in which nobody transmits
	level     float32                 // of the samples, full scale being 1
}

const (
	numSlots    = 10
	numAntennas = 2
)

// rightScene is what the mistakes are made in.
func rightScene() scene {
	return scene{snrDB: 24, dopplerHz: 10, profile: channel.TDLA30(), silent: func(nr.Slot) bool { return false }, level: 0.1}
}

func baseCarrier() nr.Carrier {
	return nr.Carrier{CellID: 5, SubcarrierSpacingKHz: 30, NumPRB: 51, FFTSize: 1024, CarrierHz: 3.5e9}
}

func baseGrant() nr.Grant {
	return nr.Grant{
		RNTI: 100, NID: 5, NumLayers: 1, NumAntennaPorts: 1, Mapping: nr.MappingA, NumSymbols: 14, StartPRB: 3, NumPRB: 40,
		MCSTable: nr.MCSTable64QAM, MCSIndex: 15, NewData: true,
		DMRS: nr.DMRS{ConfigType: 1, Length: 1, AdditionalPosition: 1, TypeAPosition: 2, NumCDMGroupsWithoutData: 2, NID: [2]int{5, 5}},
	}
}

// record makes the recording of a scene.
func (s *scene) record() (*recording, error) {
	c, g := baseCarrier(), baseGrant()
	r := &recording{}
	var data bytes.Buffer
	w, err := sigmf.NewWriter(sigmf.Config{Datatype: sigmf.CI16, NumChannels: numAntennas, Carrier: c, Scale: s.level},
		&data, func(meta []byte) error { r.meta = meta; return nil })
	if err != nil {
		return nil, err
	}
	tx, err := pusch.NewTransmitter(pusch.Limits{Carrier: c})
	if err != nil {
		return nil, err
	}
	mod, err := ofdm.NewModulator(ofdm.Config{Carrier: c, NumPorts: 1})
	if err != nil {
		return nil, err
	}
	air, err := channel.New(channel.Config{Profile: s.profile, DopplerHz: s.dopplerHz, NumTx: 1, NumRx: numAntennas, Seed: 3})
	if err != nil {
		return nil, err
	}
	noise, rng := channel.NewNoise(4), rand.New(rand.NewPCG(5, 6))
	for n := range nr.Slot(numSlots) {
		var grid nr.Grid
		var wave nr.Baseband
		block := make([]byte, g.TBS()/8)
		for i := range block {
			block[i] = byte(rng.Uint32())
		}
		if err := errors.Join(tx.Configure(n, &g), tx.Process(&grid, block), mod.Process(&wave, &grid)); err != nil {
			return nil, err
		}
		heard := nr.Baseband{Slot: n, Samples: tensor.New[complex64]([]int{numAntennas, c.SlotSamples(n)}, "rx", "sample")}
		if !s.silent(n) {
			if err := air.AddSamples(&heard.Samples, &wave.Samples, c.SampleRate(), c.SlotStart(n)); err != nil {
				return nil, err
			}
		}
		noise.Add(heard.Samples.Data(), math.Pow(10, -s.snrDB/10))
		if err := w.WriteSlot(&heard, g); err != nil {
			return nil, err
		}
	}
	err = w.Close()
	r.data = data.Bytes()
	return r, err
}
