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
//
// TS 38.104 §8.2.1.
type UE struct {
	Grant   nr.Grant       // what it sends; RV and NewData as in a first transmission
	Channel channel.Config // its channel; antennas and seed are set by the simulation

	// Precoder is what its antennas radiate of the ports of the grant; nil stands for
	// one antenna each.
	Precoder Precoder

	// Silent says that its grant got lost: the receiver waits for what it never sends.
	// Its blocks are not counted, and it takes no random numbers: the others send what
	// they send where it has no grant.
	Silent bool
}

// PUSCHConfig describes a PUSCH simulation. It is passed by value.
//
// TS 38.104 §8.2.1 has the parameters of the requirements.
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

	Antennas    []Antenna    // the receive antennas where they are not alike; nil otherwise
	Interferers []Interferer // who else transmits
}

// PUSCH is a chain of transmitters, channels and receiver over one slot. A trial
// draws new data, a new channel and new noise.
//
// The signal to noise ratio is that of a data element of the first UE at one
// receive antenna: the mean power of all its layers together over the variance
// of the noise, without the power of cyclic prefix and pilots. What [Antenna] and
// [Interferer] add comes on top of that noise, from random numbers of its own: a
// trial without them has the same data, channels and noise.
//
// TS 38.104 §8.2.1 defines the requirements that it can measure.
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
	sum   []complex64

	around *surroundings
}

// puschUE is one transmitter.
type puschUE struct {
	tx       *pusch.Transmitter
	path     *channel.TDL
	data     []byte
	precoder Precoder      // nil for one antenna each
	weights  [][]complex64 // [antenna][layer]
	radiated nr.Grid       // with a precoder
}

// Measurements are what the receiver measured in the last trial, one entry per UE.
//
// They are taken on the DM-RS of TS 38.211 §6.4.1.1, and by the CRCs of TS 38.212
// §6.2.1.
type Measurements struct {
	Quality [nr.MaxUEs]nr.Quality // as in the transport blocks
	CRC     [nr.MaxUEs]bool       // whether the CRC held
	Absent  [nr.MaxUEs]bool       // whether nothing of the UE was found
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
		if err := p.addUE(&cfg.UEs[i], limits); err != nil {
			return nil, err
		}
	}
	if cfg.TimeDomain {
		if p.air, err = newAir(&cfg); err != nil {
			return nil, err
		}
	}
	if p.around, err = newSurroundings(&cfg); err != nil {
		return nil, err
	}
	p.grid.RE.Resize(cfg.NumRx, nr.SymbolsPerSlot, cfg.Carrier.NumSubcarriers())
	for _, antenna := range p.ues[0].weights {
		for _, w := range antenna {
			p.power += float64(real(w)*real(w) + imag(w)*imag(w))
		}
	}
	return p, nil
}

// addUE makes the transmitter and the channel of a UE.
func (p *PUSCH) addUE(u *UE, limits pusch.Limits) error {
	if err := u.Grant.Validate(&limits.Carrier); err != nil {
		return err
	}
	if err := u.Precoder.check(u.Grant.NumAntennaPorts); err != nil {
		return err
	}
	tx, err := pusch.NewTransmitter(limits)
	if err != nil {
		return err
	}
	weights := u.Precoder.weights(&u.Grant)
	c := u.Channel
	c.NumTx, c.NumRx = len(weights), limits.NumRx
	path, err := channel.New(c)
	if err != nil {
		return err
	}
	grant := u.Grant
	p.ues = append(p.ues, puschUE{tx: tx, path: path, data: make([]byte, grant.TBS()/8), precoder: u.Precoder, weights: weights})
	p.grant = append(p.grant, &grant)
	p.soft = append(p.soft, &sch.SoftBuffer{})
	return nil
}

// Chain returns the chain as [Run] wants it.
func (p *PUSCH) Chain() Chain { return p.Simulate }

// Simulate runs one trial.
func (p *PUSCH) Simulate(t Trial) (Outcome, error) {
	p.begin(t.Seed)
	for u := range p.ues {
		p.soft[u].Reset()
		if !p.cfg.UEs[u].Silent {
			p.draw(u)
			p.fade(u)
		}
	}
	if err := p.slot(p.cfg.BaseSlots+nr.Slot(t.Index%p.cfg.NumSlots), t.SNRdB); err != nil {
		return Outcome{}, err
	}
	return p.count(), nil
}

// begin starts the random numbers of a trial.
func (p *PUSCH) begin(seed uint64) {
	p.noise.Reset(seed)
	p.around.reset(seed)
}

// fade draws a new channel of UE u.
func (p *PUSCH) fade(u int) { p.ues[u].path.Reset(p.noise.Rand().Uint64()) }

// draw makes a new transport block of UE u.
func (p *PUSCH) draw(u int) {
	for i := range p.ues[u].data {
		p.ues[u].data[i] = byte(p.noise.Rand().Uint32())
	}
}

// slot sends the blocks of all UEs in one slot, with their grants as they are, and
// receives them.
func (p *PUSCH) slot(slot nr.Slot, snrDB float64) error {
	p.grid.Slot = slot
	p.grid.RE.Clear()
	if p.air != nil {
		p.air.begin(slot)
	}
	for u := range p.ues {
		ue := &p.ues[u]
		if p.cfg.UEs[u].Silent {
			continue
		}
		if err := ue.tx.Configure(slot, p.grant[u]); err != nil {
			return err
		}
		if err := ue.tx.Process(&p.sent, ue.data); err != nil {
			return err
		}
		if err := p.send(u); err != nil {
			return err
		}
	}
	variance := p.power * math.Pow(10, -snrDB/10)
	if err := p.receive(variance); err != nil {
		return err
	}
	if err := p.around.add(&p.grid, variance); err != nil {
		return err
	}
	if err := p.rx.Configure(slot, p.grant...); err != nil {
		return err
	}
	return p.rx.Process(p.out, p.soft, &p.grid)
}

// send adds what UE u sends to the received grid or samples.
func (p *PUSCH) send(u int) error {
	ue, sent := &p.ues[u], &p.sent
	if ue.precoder != nil {
		ue.precoder.apply(&ue.radiated, sent)
		sent = &ue.radiated
	}
	if p.air != nil {
		return p.air.send(u, ue.path, sent)
	}
	return ue.path.AddGrid(&p.grid.RE, &sent.RE, &p.cfg.Carrier, p.grid.Slot)
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
		right := p.passed(u)
		if p.cfg.UEs[u].Silent {
			continue
		}
		bits := 8 * len(p.ues[u].data)
		o.Blocks++
		o.Bits += bits
		o.Offered += bits
		if right {
			o.Delivered += bits
		} else {
			o.BlockErrors++
		}
	}
	return o
}

// passed reports whether UE u's block is right, and notes what was measured.
func (p *PUSCH) passed(u int) bool {
	tb := &p.out[u]
	p.last.Quality[u], p.last.CRC[u], p.last.Absent[u] = tb.Quality, tb.CRC, !tb.Detected()
	return tb.CRC && bytes.Equal(tb.Data.Data(), p.ues[u].data)
}
