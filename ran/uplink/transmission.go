// SPDX-License-Identifier: Apache-2.0

package uplink

import (
	"crypto/sha256"
	"time"

	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/ran/block"
	"github.com/neuroran/neuroran/sfaas"
)

// Transmission is what became of one PUSCH transmission: the grant, the outcome
// and the measurements of its slot.
type Transmission struct {
	Cell    sfaas.Key // of the cell
	Slot    nr.Slot
	Index   int // of the grant in the schedule of the slot
	Grant   nr.Grant
	NumBits int // transport block size, bits; 0 where it is not known

	// Outcome says what became of the transmission. Where it is none of passed,
	// failed and absent, nothing was measured, and what follows Err is zero.
	Outcome nr.Outcome
	// Err says why nothing was received: the [*nr.UnsupportedError] of a grant that is
	// legal and that this library cannot receive, the [*sfaas.Fault] of a function that
	// failed; with the outcome dropped, that the recording does not hold it. It is nil
	// otherwise.
	Err error

	CRC        bool              // the transport block is right
	SHA256     [sha256.Size]byte // of the transport block; only with CRC, and only of [Chain.Play]
	Iterations int               // most decoder iterations over the code blocks
	Quality    nr.Quality        // SINR, SNR, delay, carrier offset

	MeanIterations float32 // decoder iterations per code block, see [nr.TransportBlock]

	Latency time.Duration                  // from the slot's last sample handed over to CRC known
	Late    bool                           // Latency exceeds the slot
	Began   [block.NumStages]time.Duration // start of each function, after the samples were handed over; 0 where it did not run
	Missed  uint16                         // bit s: stage s began after the slot's due time
}

// SINRdB returns the mean unbiased SINR after equalization in dB, −100…200; −100
// where none was observed.
func (t *Transmission) SINRdB() float64 { return t.Quality.SINRdB() }

// SNRdB returns the DM-RS power over noise per antenna and layer in dB, −100…200;
// −100 where none was observed.
func (t *Transmission) SNRdB() float64 { return t.Quality.SNRdB() }

// DelaySamples returns the delay in samples of the carrier.
func (t *Transmission) DelaySamples(c *nr.Carrier) float64 {
	return t.Quality.DelaySeconds * c.SampleRate()
}

// Received reports whether the transmission came through the chain, whatever its
// CRC says.
func (t *Transmission) Received() bool {
	switch t.Outcome {
	case nr.OutcomePassed, nr.OutcomeFailed, nr.OutcomeAbsent:
		return true
	}
	return false
}

// Skipped reports whether the work of the transmission was skipped as late, or its
// messages were dropped.
func (t *Transmission) Skipped() bool {
	return t.Outcome == nr.OutcomeLate || t.Outcome == nr.OutcomeDropped
}

// finish notes the outcome of a transmission.
func (t *Transmission) finish(tb *block.TransportBlock, handed, now time.Time, slot time.Duration) {
	t.Latency = now.Sub(handed)
	t.Late = t.Latency > slot
	t.Outcome, t.NumBits, t.Err = tb.Outcome(), tb.NumBits, nil
	t.CRC, t.Iterations, t.MeanIterations, t.Quality = tb.CRC, tb.Iterations, tb.MeanIterations, tb.Quality
	t.Missed = tb.Trace.Late
	first := sfaas.Time(0) // of the stages that ran: demodulation, if nothing is replayed
	for s, at := range tb.Began {
		if at != 0 && first == 0 {
			first = at
		}
		if at >= first && at != 0 {
			t.Began[s] = at.Sub(first)
		}
	}
}
