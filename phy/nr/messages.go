// SPDX-License-Identifier: Apache-2.0

package nr

import "github.com/neuroran/neuroran/tensor"

// LLRScale is the fixed-point scale of log-likelihood ratios: an int8 value of
// LLRScale is a log-likelihood ratio of 1. Values are ln P(0)/P(1) and saturate
// at ±[MaxLLR].
const LLRScale = 8

// MaxLLR is the largest magnitude of an int8 log-likelihood ratio.
const MaxLLR = 120

// FillerLLR is the soft bit of a filler bit of a code block, which is known to be 0
// (TS 38.212 §5.2.2). No other is as great.
const FillerLLR = 127

// Baseband is one slot of time-domain samples, from the first sample of the
// first cyclic prefix.
//
// TS 38.211 §5.3.1.
type Baseband struct {
	Slot    Slot                     // slot number
	Samples tensor.Tensor[complex64] `tensor:"rx,sample"` // [rx, sample]
}

// Grid is one slot of resource elements of the whole carrier.
//
// TS 38.211 §4.4.2.
type Grid struct {
	Slot Slot                     // slot number
	RE   tensor.Tensor[complex64] `tensor:"rx,symbol,subcarrier"` // [rx, 14, 12·NumPRB]
}

// Pilots holds the symbols of a group that carry DM-RS, in the order of
// [Group.DMRSMask]. All subcarriers of the allocation are there, also those of
// other CDM groups.
//
// TS 38.211 §6.4.1.1.3.
type Pilots struct {
	Group  Group                    // who transmits where
	Priors [MaxUEs]Prior            // what is known of each UE from earlier slots; zero values know nothing
	RE     tensor.Tensor[complex64] `tensor:"rx,symbol,subcarrier"` // [rx, DM-RS symbol, 12·NumPRB]
}

// Data holds all symbols of a group's allocation, from Group.StartSymbol.
// Elements that carry DM-RS are present and not data.
//
// TS 38.211 §6.3.1.6 and §6.3.1.7.
type Data struct {
	Group Group                    // who transmits where
	RE    tensor.Tensor[complex64] `tensor:"rx,symbol,subcarrier"` // [rx, NumSymbols, 12·NumPRB]
}

// Offsets holds the timing and carrier offsets of the UEs of a group, measured
// on their DM-RS. A value that is not observed is the one to go on with, not a
// measurement: a neighbour's noise has a delay too.
//
// TS 38.133 §7.1.2 bounds a UE's timing, TS 38.101-1 §6.4.1 its carrier.
type Offsets struct {
	DelaySeconds  [MaxUEs]float64 // arrival after the receiver's symbol timing, s
	DelayStd      [MaxUEs]float64 // standard deviation of its error, s; 0 where it is exact
	DelayObserved [MaxUEs]bool    // whether the UE's pilots stand out of the noise
	CFOHz         [MaxUEs]float64 // carrier frequency offset, Hz
	CFOStd        [MaxUEs]float64 // standard deviation of its error, Hz; 0 where it is exact
	CFOObserved   [MaxUEs]bool    // whether the pilots say more than was known before; false with one DM-RS symbol

	Seen [MaxUEs]SeenOffsets // what this slot alone says, without what was known before
}

// SeenOffsets is what the pilots of one slot say of a UE's offsets, without what
// was known before: the measurement that a [Prior] is made of.
//
// TS 38.133 §7.1.2 bounds a UE's timing, TS 38.101-1 §6.4.1 its carrier.
type SeenOffsets struct {
	DelaySeconds float64 // s
	DelayStd     float64 // standard deviation of its error, s; 0 where nothing is seen
	CFOHz        float64 // Hz
	CFOStd       float64 // standard deviation of its error, Hz; 0 where nothing is seen
}

// Channel is the estimated channel of a group: the frequency response at a few
// anchor instants, and the weights that carry it to every symbol. The response
// of layer l from antenna r at symbol s, subcarrier k is
//
//	h = Σ_a Weights[l, s, a] · Anchors[l, r, a, k]
//
// Anchors are usually the DM-RS symbols; an estimator that gives every symbol
// its own response uses as many anchors as symbols and unit weights. Layers
// count over all UEs of the group, in its order. Symbols count from
// Group.StartSymbol.
//
// Noise and interference have one covariance in each of a few bundles of PRBs;
// usually it is one bundle, the whole allocation. What estimation leaves of h has
// the colour of that noise: the covariance over antennas of the error of a layer
// in a symbol is ErrorRatio times that of the noise.
//
// The channel is that of an antenna port, TS 38.211 §4.4.1; layers and ports are those
// of §6.3.1.5.
type Channel struct {
	Group      Group                    // who transmits where
	Offsets    Offsets                  // measured by synchronization
	Anchors    tensor.Tensor[complex64] `tensor:"layer,rx,anchor,subcarrier"` // [layer, rx, anchor, 12·NumPRB]
	Weights    tensor.Tensor[complex64] `tensor:"layer,symbol,anchor"`        // [layer, NumSymbols, anchor]
	NumBundles int                      // bundles of PRBs, 1…[MaxNoiseBundles]
	BundlePRB  [MaxNoiseBundles]int     // first PRB of each bundle, from that of the group, ascending from 0
	NoiseCov   tensor.Tensor[complex64] `tensor:"bundle,rx,rx"`        // noise and interference covariance of one resource element, [bundle, rx, rx]
	ErrorRatio tensor.Tensor[float32]   `tensor:"bundle,layer,symbol"` // mean squared estimation error of h over NoiseCov, [bundle, layer, NumSymbols]; 0 where unknown
	SNR        [MaxUEs]float32          // per UE: DM-RS power over noise per antenna and layer, linear; 0 where nothing stands out of the noise
	SNRStd     [MaxUEs]float32          // standard deviation of the error of SNR
	Absent     [MaxUEs]bool             // per UE: nothing of its DM-RS is there; false where nobody looked
	Seen       [MaxUEs]Seen             // per UE: what this slot alone says of how the channel varies
}

// Seen is what the pilots of one slot say of a UE's channel, without what was
// known before: the measurement that a [Prior] is made of.
//
// Delays and Doppler frequencies are those of the models of TS 38.104 annex G.2.
type Seen struct {
	Doppler [NumDopplers]float32 // logarithm of the likelihood of each Doppler frequency; all equal where nothing is seen
	Profile [NumDelays]float32   // power delay profile, of sum 1; all 0 where nothing is seen
}

// Bundle returns the first PRB of noise bundle b, and the one behind its last.
func (c *Channel) Bundle(b int) (first, last int) {
	if b+1 < c.NumBundles {
		return c.BundlePRB[b], c.BundlePRB[b+1]
	}
	return c.BundlePRB[b], c.Group.NumPRB
}

// Symbols holds the equalized data symbols of one UE in codeword order: by
// OFDM symbol, subcarrier, layer (TS 38.211 §6.3.1.3). They are unbiased and
// of unit mean energy before noise.
type Symbols struct {
	Slot     Slot                     // slot number
	RNTI     uint16                   // UE
	Quality  Quality                  // measurements so far
	Z        tensor.Tensor[complex64] `tensor:"re,layer"` // [data RE, layer]
	NoiseVar tensor.Tensor[float32]   `tensor:"re,layer"` // variance of the error of Z, [data RE, layer]
}

// LLRs holds the soft bits of one transmission, before descrambling when they
// come from a demapper, in units of 1/[LLRScale].
//
// The scrambling is that of TS 38.211 §6.3.1.1.
type LLRs struct {
	Slot    Slot                // slot number
	RNTI    uint16              // UE
	Quality Quality             // measurements so far
	Values  tensor.Tensor[int8] `tensor:"bit"` // [G], positive means bit 0
}

// TransportBlock is what was received of one transmission. A failed CRC is a
// result.
//
// TS 38.212 §6.2.
type TransportBlock struct {
	Slot       Slot                 // slot number
	RNTI       uint16               // UE
	HARQ       int                  // HARQ process
	Quality    Quality              // measurements
	NumBits    int                  // transport block size, bits, without CRC; 0 where it is not known
	Data       tensor.Tensor[uint8] `tensor:"byte"` // [NumBits/8], first bit most significant
	CRC        bool                 // the transport block CRC holds
	Iterations int                  // most decoder iterations over the code blocks

	// MeanIterations are the decoder iterations per code block. Decoding ends at the first code
	// block that fails, and those after it count as none, so that this times the coded bits is
	// what was done; Iterations says how hard the hardest was.
	MeanIterations float32
}

// Detected reports whether the UE transmitted: its pilots were found, or its CRC
// holds all the same.
func (t *TransportBlock) Detected() bool { return t.CRC || !t.Quality.Absent }

// Outcome returns what became of the grant: passed, failed, absent, or unsupported
// where the size of the transport block is not known, since its initial
// transmission was never scheduled here.
func (t *TransportBlock) Outcome() Outcome {
	switch {
	case t.CRC:
		return OutcomePassed
	case t.NumBits == 0:
		return OutcomeUnsupported
	case t.Quality.Absent:
		return OutcomeAbsent
	}
	return OutcomeFailed
}
