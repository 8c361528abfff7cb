// SPDX-License-Identifier: Apache-2.0

package link

import (
	"bytes"
	"fmt"
	"math"

	"github.com/neuroran/neuroran/phy/channel"
	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/phy/pusch"
	"github.com/neuroran/neuroran/phy/sch"
)

// UE is one user of a [PUSCH] simulation.
type UE struct {
	Grant   nr.Grant       // what it sends; RV and NewData as in a first transmission
	Channel channel.Config // its channel; antennas and seed are set by the simulation
}

// PUSCHConfig describes a PUSCH simulation. It is passed by value.
type PUSCHConfig struct {
	Carrier   nr.Carrier   // the carrier
	UEs       []UE         // one, or several that share PRBs and are detected jointly
	NumRx     int          // receive antennas
	Receiver  string       // "ls", "lmmse" or [PerfectCSI]
	Blocks    pusch.Blocks // replace blocks of the receiver where not nil; used by one chain only
	NumSlots  int          // slot numbers to use in turn; 0 means those of one frame
	MaxLDPC   int          // LDPC iterations; 0 means the receiver's default
	BaseSlots nr.Slot      // first slot number

	// TimeDomain sends samples instead of resource elements, with the
	// interference between subcarriers and symbols that Doppler, carrier offset
	// and long delays cause. [PerfectCSI] leaves that out of its channel.
	TimeDomain bool
}

// PUSCH is a chain of transmitters, channels and receiver over one slot. A trial
// draws new data, a new channel and new noise.
//
// The signal to noise ratio is that of a data element of the first UE at one
// receive antenna: the mean power of all its layers together over the variance
// of the noise, without the power of cyclic prefix and pilots.
type PUSCH struct {
	cfg   PUSCHConfig
	power float64 // of a data element of the first UE
	ues   []puschUE
	rx    *pusch.Receiver
	noise *channel.Noise
	grid  nr.Grid
	sent  nr.Grid
	grant []*nr.Grant
	soft  []*sch.SoftBuffer
	out   []nr.TransportBlock
	last  Measurements
	genie *genie // nil unless the receiver is told the channel
	air   *air   // nil on the resource grid
}

// puschUE is one transmitter.
type puschUE struct {
	tx   *pusch.Transmitter
	path *channel.TDL
	data []byte
}

// Measurements are what the receiver measured in the last trial, one entry a UE.
type Measurements struct {
	Quality [nr.MaxUEs]nr.Quality // as in the transport blocks
	CRC     [nr.MaxUEs]bool       // whether the CRC held
}

// NewPUSCH returns the chain of a configuration. It returns the errors of
// phy/pusch and phy/channel for a bad one.
func NewPUSCH(cfg PUSCHConfig) (*PUSCH, error) {
	if len(cfg.UEs) < 1 || len(cfg.UEs) > nr.MaxUEs {
		return nil, &nr.FieldError{Field: "link.ues", Got: len(cfg.UEs), Want: fmt.Sprintf("1…%d", nr.MaxUEs)}
	}
	if cfg.NumSlots <= 0 {
		cfg.NumSlots = cfg.Carrier.Numerology().SlotsPerFrame()
	}
	p := &PUSCH{noise: channel.NewNoise(0), out: make([]nr.TransportBlock, len(cfg.UEs))}
	if cfg.Receiver == PerfectCSI {
		cfg.Receiver = "lmmse"
		p.genie = &genie{sim: p}
		cfg.Blocks.Synchronizer, cfg.Blocks.Estimator = noOffsets{}, p.genie
	}
	p.cfg = cfg
	limits := pusch.Limits{Carrier: cfg.Carrier, NumRx: cfg.NumRx}
	rx, err := pusch.NewReceiver(pusch.Config{Limits: limits, Receiver: cfg.Receiver, MaxIterations: cfg.MaxLDPC, Blocks: cfg.Blocks})
	if err != nil {
		return nil, err
	}
	p.rx = rx
	for i := range cfg.UEs {
		u := &cfg.UEs[i]
		if err := u.Grant.Validate(&cfg.Carrier); err != nil {
			return nil, err
		}
		tx, err := pusch.NewTransmitter(limits)
		if err != nil {
			return nil, err
		}
		c := u.Channel
		c.NumTx, c.NumRx = u.Grant.NumAntennaPorts, cfg.NumRx
		path, err := channel.New(c)
		if err != nil {
			return nil, err
		}
		p.ues = append(p.ues, puschUE{tx, path, make([]byte, u.Grant.TBS()/8)})
		p.grant = append(p.grant, &u.Grant)
		p.soft = append(p.soft, &sch.SoftBuffer{})
	}
	if cfg.TimeDomain {
		if p.air, err = newAir(&cfg); err != nil {
			return nil, err
		}
	}
	p.grid.RE.Resize(cfg.NumRx, nr.SymbolsPerSlot, cfg.Carrier.NumSubcarriers())
	p.power = 1
	if first := &cfg.UEs[0].Grant; !first.Codebook {
		p.power = float64(first.NumLayers)
	}
	return p, nil
}

// Chain returns the chain as [Run] wants it.
func (p *PUSCH) Chain() Chain { return p.Simulate }

// Simulate runs one trial.
func (p *PUSCH) Simulate(t Trial) (Outcome, error) {
	slot := p.cfg.BaseSlots + nr.Slot(t.Index%p.cfg.NumSlots)
	p.noise.Reset(t.Seed)
	rng := p.noise.Rand()
	p.grid.Slot = slot
	p.grid.RE.Clear()
	if p.air != nil {
		p.air.begin(slot)
	}
	for u := range p.ues {
		ue := &p.ues[u]
		for i := range ue.data {
			ue.data[i] = byte(rng.Uint32())
		}
		ue.path.Reset(rng.Uint64())
		if err := ue.tx.Configure(slot, p.grant[u]); err != nil {
			return Outcome{}, err
		}
		if err := ue.tx.Process(&p.sent, ue.data); err != nil {
			return Outcome{}, err
		}
		if err := p.send(u); err != nil {
			return Outcome{}, err
		}
	}
	variance := p.power * math.Pow(10, -t.SNRdB/10)
	if err := p.receive(variance); err != nil {
		return Outcome{}, err
	}
	if p.genie != nil {
		p.genie.noise = variance
	}
	if err := p.rx.Configure(slot, p.grant...); err != nil {
		return Outcome{}, err
	}
	for _, s := range p.soft {
		s.Reset()
	}
	if err := p.rx.Process(p.out, p.soft, &p.grid); err != nil {
		return Outcome{}, err
	}
	return p.count(), nil
}

// send adds what UE u sends to the received grid or samples.
func (p *PUSCH) send(u int) error {
	if p.air != nil {
		return p.air.send(u, p.ues[u].path, &p.sent)
	}
	return p.ues[u].path.AddGrid(&p.grid.RE, &p.sent.RE, &p.cfg.Carrier, p.grid.Slot)
}

// receive adds noise and ends with the received grid. Both transforms are
// unitary: the variance is the same in samples and elements.
func (p *PUSCH) receive(variance float64) error {
	if p.air == nil {
		p.noise.Add(p.grid.RE.Data(), variance)
		return nil
	}
	p.noise.Add(p.air.got.Samples.Data(), variance)
	return p.air.demod.Process(&p.grid, &p.air.got)
}

// Last returns what the receiver measured in the last trial.
func (p *PUSCH) Last() Measurements { return p.last }

// Receiver returns the receiver, whose intermediate results are those of the
// last trial.
func (p *PUSCH) Receiver() *pusch.Receiver { return p.rx }

// count compares the received blocks with what was sent. A block counts as
// wrong when its CRC fails or its bits differ. Bit errors are not counted: the
// receiver gives no bits of a block that failed.
func (p *PUSCH) count() Outcome {
	var o Outcome
	for u := range p.ues {
		tb, want := &p.out[u], p.ues[u].data
		o.Blocks++
		o.Bits += 8 * len(want)
		got := tb.Data.Data()
		if !tb.CRC || !bytes.Equal(got, want) {
			o.BlockErrors++
		}
		p.last.Quality[u], p.last.CRC[u] = tb.Quality, tb.CRC
	}
	return o
}
