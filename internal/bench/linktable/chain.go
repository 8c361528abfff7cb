// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"math"

	"github.com/neuroran/neuroran/phy/channel"
	"github.com/neuroran/neuroran/phy/link"
	"github.com/neuroran/neuroran/phy/modem"
	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/phy/sch"
)

// chain sends transport blocks of one size with one MCS over white noise.
type chain struct {
	code          sch.Code
	transmissions int
	enc           *sch.Encoder
	dec           *sch.Decoder
	mapper        modem.Mapper
	demapper      modem.MaxLog
	noise         *channel.Noise

	block    []byte
	bits     []uint8
	symbols  []complex64
	variance []float32
	llrs     []int8
	soft     sch.SoftBuffer
	got      nr.TransportBlock
}

// newChain returns the chain of a curve: the number of resource elements is the one
// that comes closest to the code rate.
func newChain(c *curve) (*chain, error) {
	qm := c.mcs.Modulation.BitsPerSymbol()
	n := int(math.Round(float64(c.tbs) / c.mcs.Rate.Float() / float64(qm)))
	s := &chain{
		code:          sch.Code{RNTI: 1, CodedBits: n * qm, NumLayers: 1, Modulation: c.mcs.Modulation, CInit: 1 << 15},
		transmissions: c.transmissions, noise: channel.NewNoise(0),
		block: make([]byte, c.tbs/8), bits: make([]uint8, n*qm), llrs: make([]int8, n*qm),
		symbols: make([]complex64, n), variance: make([]float32, n),
	}
	if err := s.code.Begin(c.tbs, c.mcs.Rate); err != nil {
		return nil, err
	}
	var err error
	if s.enc, err = sch.NewEncoder(n * qm); err != nil {
		return nil, err
	}
	if s.dec, err = sch.NewDecoder(max(n*qm, c.tbs), 0); err != nil {
		return nil, err
	}
	if err := s.mapper.Configure(c.mcs.Modulation); err != nil {
		return nil, err
	}
	return s, s.demapper.Configure(c.mcs.Modulation)
}

// simulate implements [link.Chain]: one block in all its transmissions.
func (s *chain) simulate(t link.Trial) (link.Outcome, error) {
	s.noise.Reset(t.Seed)
	for i := range s.block {
		s.block[i] = byte(s.noise.Rand().Uint32())
	}
	variance := math.Pow(10, -t.SNRdB/10)
	for i := range s.variance {
		s.variance[i] = float32(variance)
	}
	for k := range s.transmissions {
		s.code.NewData, s.code.RV = k == 0, versions[k]
		if err := s.send(variance); err != nil {
			return link.Outcome{}, err
		}
	}
	if err := s.dec.Decode(&s.got, &s.soft); err != nil {
		return link.Outcome{}, err
	}
	o := link.Outcome{Blocks: 1, Bits: s.code.TBS}
	if !s.got.CRC || !bytes.Equal(s.got.Data.Data(), s.block) {
		o.BlockErrors = 1
	}
	return o, nil
}

// send adds the soft bits of one transmission.
func (s *chain) send(variance float64) error {
	if err := s.enc.Configure(&s.code); err != nil {
		return err
	}
	if err := s.enc.Encode(s.bits, s.block); err != nil {
		return err
	}
	if err := s.mapper.Map(s.symbols, s.bits); err != nil {
		return err
	}
	s.noise.Add(s.symbols, variance)
	if err := s.demapper.Demap(s.llrs, s.symbols, s.variance); err != nil {
		return err
	}
	if err := s.dec.Configure(&s.code); err != nil {
		return err
	}
	return s.dec.Combine(&s.soft, s.llrs)
}
