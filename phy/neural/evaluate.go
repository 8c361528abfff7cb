// SPDX-License-Identifier: Apache-2.0

package neural

import (
	"math"
	"math/rand/v2"
)

// heldOut is the stream of symbols that no training draws from.
const heldOut = 1

// Report is the error of a network on symbols that it was not trained on,
// against exact log-MAP: NMSE = Σ (l − exact)² / Σ exact², in dB.
//
// The reference is exact log-MAP over the constellations of TS 38.211 §5.1.
type Report struct {
	LowSNRdB  float64   // signal-to-noise ratios are uniform from LowSNRdB…
	HighSNRdB float64   // …to HighSNRdB
	NMSEdB    float64   // over all symbols and bits
	PerBitdB  []float64 // over all symbols, for each bit
	WorstdB   float64   // the largest NMSE of 1 dB of signal-to-noise ratio
	WorstSNR  float64   // the middle of that dB
	Symbols   int       // number of symbols
}

// Evaluate measures a network on n held-out symbols per dB of signal-to-noise
// ratio, between low and high.
func Evaluate(net *LLRNet, r Recipe, low, high float64, n int) Report {
	rep := Report{LowSNRdB: low, HighSNRdB: high, WorstdB: math.Inf(-1), PerBitdB: make([]float64, net.Bits)}
	errs, refs := make([]float64, net.Bits), make([]float64, net.Bits)
	out := make([]float64, net.Bits)
	for snr := low; snr < high; snr++ {
		r.LowSNRdB, r.HighSNRdB = snr, min(snr+1, high)
		s := newSource(r, heldOut)
		s.rng = rand.New(rand.NewPCG(r.Seed, uint64(1e6+snr*1000)))
		var e1, r1 float64
		for range n {
			z, variance := s.symbol()
			net.apply(out, float64(real(z)), float64(imag(z)))
			for k, l := range s.llr {
				d := out[k]/variance - float64(l)
				errs[k] += d * d
				refs[k] += float64(l) * float64(l)
				e1 += d * d
				r1 += float64(l) * float64(l)
			}
		}
		rep.Symbols += n
		if db := decibel(e1 / r1); db > rep.WorstdB {
			rep.WorstdB, rep.WorstSNR = db, (r.LowSNRdB+r.HighSNRdB)/2
		}
	}
	var e, ref float64
	for k := range errs {
		rep.PerBitdB[k] = decibel(errs[k] / refs[k])
		e += errs[k]
		ref += refs[k]
	}
	rep.NMSEdB = decibel(e / ref)
	return rep
}

func decibel(x float64) float64 { return 10 * math.Log10(x) }

// apply computes the network for one symbol in double precision.
func (n *LLRNet) apply(dst []float64, re, im float64) {
	for k := range dst {
		dst[k] = float64(n.B2[k])
	}
	for j := range n.Hidden {
		a := re*float64(n.W1[j]) + im*float64(n.W1[n.Hidden+j]) + float64(n.B1[j])
		if a <= 0 {
			continue
		}
		for k := range dst {
			dst[k] += a * float64(n.W2[j*n.Bits+k])
		}
	}
}
