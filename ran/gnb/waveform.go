// SPDX-License-Identifier: Apache-2.0

package gnb

import (
	"math"
	"sync"
	"time"

	"github.com/neuroran/neuroran/mac"
	"github.com/neuroran/neuroran/phy/channel"
	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/phy/ofdm"
	"github.com/neuroran/neuroran/phy/pusch"
	"github.com/neuroran/neuroran/ran/block"
	"github.com/neuroran/neuroran/ran/uplink"
	"github.com/neuroran/neuroran/sfaas"
)

// Timed is an [Air] whose receiver works for real.
type Timed interface {
	// Worked appends what the receiver has done since it was last asked.
	Worked(dst []Worked) []Worked
}

// Worked is what the receiver's work on a slot took.
type Worked struct {
	Slot nr.Slot
	Took time.Duration // from its samples to its last outcome
	Late bool          // longer than a slot, or not all of it has been done
}

// waveform is the air that carries signals: every UE has the transmitter of phy/pusch and
// a channel of phy/channel that goes on from slot to slot, with its delay and carrier
// offset; noise of variance 1 is added to their sum; the receiver is that of a station.
// Transport blocks are MAC PDUs that say what the UE reports; the bits of its data are random.
type waveform struct {
	cfg     AirConfig
	station *Station
	key     sfaas.Key
	ues     []waveformUE
	noise   *channel.Noise

	sent   nr.Grid     // of one UE
	wave   nr.Baseband // of one UE
	mod    *ofdm.Modulator
	grid   nr.Grid     // of all, on resource elements
	air    nr.Baseband // of all, in samples
	gains  []complex64
	worked []Worked // not yet asked for

	mu    sync.Mutex
	slot  nr.Slot     // on its way
	heard []Reception // of it
}

// waveformUE is a UE's transmitter and channel.
type waveformUE struct {
	tx        *pusch.Transmitter
	path      *channel.TDL
	dopplerHz float64
	blocks    [nr.MaxHARQProcesses][]byte // the present block of each process
	said      [nr.MaxHARQProcesses]pdu    // what the next one holds
}

// pdu is what a MAC PDU holds.
type pdu struct {
	data     int // octets
	elements mac.Elements
}

// dataLCID is the logical channel of all data: the first one that may be of a data bearer.
const dataLCID = 4

// carry implements carrier.
func (w *waveform) carry(ue, process, data int, e *mac.Elements) {
	w.ues[ue].said[process] = pdu{data, *e}
}

// calibrate has the receiver tell SINRs that are too high by so many dB, from a slot on.
func (w *waveform) calibrate(slot nr.Slot, dB float64) error {
	return patiently(func() error { return w.station.rx.Calibrate(w.key, slot, dB) })
}

func newWaveform(s *Station, cfg AirConfig) (*waveform, error) {
	w := &waveform{cfg: cfg, station: s, key: block.CellKey(cfg.Carrier.CellID), ues: make([]waveformUE, len(cfg.UEs)), noise: channel.NewNoise(mixSeed(cfg.Seed, 1<<40))}
	for i := range w.ues {
		var err error
		if w.ues[i].tx, err = pusch.NewTransmitter(pusch.Limits{Carrier: cfg.Carrier}); err != nil {
			return nil, err
		}
		if err := w.tune(i, cfg.UEs[i].Trajectory[0].DopplerHz); err != nil {
			return nil, err
		}
	}
	w.grid.RE.Resize(cfg.NumRx, nr.SymbolsPerSlot, cfg.Carrier.NumSubcarriers())
	w.gains = make([]complex64, 1)
	var err error
	w.mod, err = ofdm.NewModulator(ofdm.Config{Carrier: cfg.Carrier, NumPorts: 1})
	return w, err
}

// tune gives UE i a channel of another Doppler frequency.
func (w *waveform) tune(i int, dopplerHz float64) (err error) {
	w.ues[i].dopplerHz = dopplerHz
	w.ues[i].path, err = w.cfg.path(i, dopplerHz)
	return err
}

// Transmit implements [Air].
func (w *waveform) Transmit(dst []Reception, s *nr.Schedule, who []int) error {
	if len(s.Grants) == 0 {
		return nil
	}
	w.begin(s.Slot)
	for i := range s.Grants {
		if who[i] >= 0 {
			if err := w.send(who[i], s.Slot, &s.Grants[i]); err != nil {
				return err
			}
		}
	}
	w.noise.Add(w.signal(), 1)
	w.listen(s.Slot, dst)
	began := time.Now()
	err := w.station.receive(w.key, s, w.fill)
	took := time.Since(began)
	w.listen(s.Slot, nil)
	w.worked = append(w.worked, Worked{s.Slot, took, took > w.cfg.Carrier.Numerology().SlotDuration()})
	return err
}

// listen says where the outcomes of a slot belong.
func (w *waveform) listen(slot nr.Slot, dst []Reception) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.slot, w.heard = slot, dst
}

// outcome implements listener.
func (w *waveform) outcome(t *uplink.Transmission) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if t.Slot == w.slot && t.Index < len(w.heard) {
		w.heard[t.Index] = receptionOf(t)
	}
}

// receptionOf returns what the receiver says of a grant.
func receptionOf(t *uplink.Transmission) Reception {
	return Reception{
		Outcome: t.Outcome, SINRdB: float32(t.SINRdB()), SINRObserved: t.Quality.SINRObserved, Iterations: uint8(min(t.Iterations, 255)),
		MeanIterations: t.MeanIterations,
	}
}

// begin clears what is received in a slot.
func (w *waveform) begin(slot nr.Slot) {
	w.air.Slot = slot
	if w.cfg.Samples {
		w.air.Samples.Resize(w.cfg.NumRx, w.cfg.Carrier.SlotSamples(slot))
		w.air.Samples.Clear()
		return
	}
	w.grid.RE.Clear()
}

// signal returns what is received, as one slice.
func (w *waveform) signal() []complex64 {
	if w.cfg.Samples {
		return w.air.Samples.Data()
	}
	return w.grid.RE.Data()
}

// fill copies what is received into a message.
func (w *waveform) fill(b *nr.Baseband) error {
	if w.cfg.Samples {
		b.Samples.CopyFrom(&w.air.Samples)
		return nil
	}
	x := w.grid.RE.Data()
	b.Samples.Resize(w.cfg.NumRx, len(x)/w.cfg.NumRx)
	copy(b.Samples.Data(), x)
	return nil
}

// send adds what a UE sends by a grant.
func (w *waveform) send(ue int, slot nr.Slot, g *nr.Grant) error {
	u, cfg := &w.ues[ue], &w.cfg.UEs[ue]
	snrDB, doppler := cfg.Trajectory.At(slotTime(&w.cfg.Carrier, slot))
	if doppler != u.dopplerHz {
		if err := w.tune(ue, doppler); err != nil {
			return err
		}
	}
	data := u.blocks[g.HARQProcess]
	if n := g.TBS() / 8; g.NewData || len(data) != n {
		if cap(data) < n {
			data = make([]byte, n)
		}
		data = data[:n]
		for i := range data {
			data[i] = byte(w.noise.Rand().Uint32())
		}
		if x := &u.said[g.HARQProcess]; g.NewData {
			if err := x.elements.Put(data, dataLCID, x.data); err != nil {
				return err
			}
		}
		u.blocks[g.HARQProcess] = data
	}
	if err := u.tx.Configure(slot, g); err != nil {
		return err
	}
	if err := u.tx.Process(&w.sent, data); err != nil {
		return err
	}
	density, _ := cfg.Power.grant(snrDB, w.cfg.Carrier.Numerology(), g)
	amplitude := complex(float32(math.Sqrt(math.Pow(10, snrDB/10)*density)), 0)
	for i, x := range w.sent.RE.Data() {
		w.sent.RE.Data()[i] = amplitude * x
	}
	if !w.cfg.Samples {
		return u.path.AddGrid(&w.grid.RE, &w.sent.RE, &w.cfg.Carrier, slot)
	}
	if err := w.mod.Process(&w.wave, &w.sent); err != nil {
		return err
	}
	return u.path.AddSamples(&w.air.Samples, &w.wave.Samples, w.cfg.Carrier.SampleRate(), w.cfg.Carrier.SlotStart(slot))
}

// Sound implements [Air]. What the receiver would report is modelled as in the abstract
// air: there is no sounding reference signal in phy.
func (w *waveform) Sound(dst []float32, ue int, slot nr.Slot) {
	at := slotTime(&w.cfg.Carrier, slot)
	snrDB, doppler := w.cfg.UEs[ue].Trajectory.At(at)
	if doppler != w.ues[ue].dopplerHz && w.tune(ue, doppler) != nil {
		return
	}
	model, snr := receiverModels[w.cfg.Receiver], math.Pow(10, snrDB/10)
	snr *= w.cfg.UEs[ue].Power.sounding(snrDB, w.cfg.Carrier.Numerology())
	at += w.cfg.Carrier.Numerology().SlotDuration() / 2
	for i, r := range w.cfg.RBGs {
		power := 0.0
		for rx := range w.cfg.NumRx {
			w.ues[ue].path.Response(w.gains, rx, 0, at.Seconds(), w.cfg.frequency(r), 0)
			h := complex128(w.gains[0])
			power += real(h)*real(h) + imag(h)*imag(h)
		}
		dst[i] = decibel(model.gain*float32(snr*power) + model.offset)
	}
}

// Worked implements [Timed].
func (w *waveform) Worked(dst []Worked) []Worked {
	dst, w.worked = append(dst, w.worked...), w.worked[:0]
	return dst
}

// Close implements [Air].
func (w *waveform) Close() error {
	w.station.leave(w.key)
	return nil
}
