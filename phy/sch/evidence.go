// SPDX-License-Identifier: Apache-2.0

package sch

import (
	"math"

	"github.com/neuroran/neuroran/phy/nr"
)

// A CRC lets a wrong block through once in 2^L times, but for one: all CRCs hold
// for zeros, and zeros are a codeword that a decoder falls to when its soft bits
// say little. So a block of zeros is accepted on the evidence of its soft bits.
//
// Descrambling gives each soft bit of whatever else was received, noise, an
// interferer or another codeword, a sign that is as good as random. The
// likelihood of zeros against such signs,
//
//	E = Π 2p over the soft bits that say 0 · Π 2(1−p) over those that say 1,
//
// with p the probability that a soft bit of this magnitude is right, has then the
// mean 1 whatever the magnitudes are, and so has the product over any first part
// of the bits: a martingale, which reaches 2^b at any point with a
// probability of at most 2^−b (Ville's inequality). That holds for one soft bit
// that is strong, for thousands that are weak, and for any calibration. log₂ E is
// also the information density between decision and soft bits; a block of K' bits
// can only be decoded where it comes to about K'. Half of that is asked for, which
// a right decision exceeds with ease, while K' ≥ 40 makes it at least 20 bits for
// a CRC of 16, and 1936 for one of 24. That more than L bits are asked for
// also keeps a block with few ones, which zeros agree with in most bits, from
// being taken for zeros when it is received too weakly.

// capNats bounds what one soft bit may say for or against a decision: soft bits
// that an interferer made strong and wrong must not outvote the others.
const capNats = 2

// gains holds, by the magnitude of a soft bit, the evidence that its agreement
// with a decision adds, and what its disagreement takes away, in bits:
// log₂(2p) and log₂(2(1−p)), p = 1/(1+e^−ℓ) being the probability that a soft bit
// of magnitude ℓ is right.
var gains = makeGains()

func makeGains() (g [nr.MaxLLR + 1]struct{ agree, differ float32 }) {
	for i := range g {
		l := min(float64(i)/nr.LLRScale, capNats)
		g[i].agree = float32(1 - math.Log1p(math.Exp(-l))/math.Ln2)
		g[i].differ = float32(1 - math.Log1p(math.Exp(l))/math.Ln2)
	}
	return g
}

// evidenceFor returns how many bits of evidence a decision of zeros needs in a
// code block of kPrime bits with its CRC.
func evidenceFor(kPrime int) float32 { return float32(kPrime) / 2 }

// saysZero reports whether the received soft bits of one code block, or a first
// part of them, are evidence of at least the given number of bits for zeros.
func saysZero(llrs []int8, bits float32) bool {
	sum := float32(0)
	for _, x := range llrs {
		switch {
		case x == nr.FillerLLR:
		case x >= 0:
			sum += gains[min(x, nr.MaxLLR)].agree
		default:
			sum += gains[min(-int(x), nr.MaxLLR)].differ
		}
		if sum >= bits {
			return true
		}
	}
	return false
}
