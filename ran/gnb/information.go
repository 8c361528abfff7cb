// SPDX-License-Identifier: Apache-2.0

package gnb

import (
	"math"
	"sync"

	"github.com/neuroran/neuroran/internal/lookup"
	"github.com/neuroran/neuroran/phy/nr"
)

// information is how many bits of mutual information a coded bit of a modulation carries
// over white noise, when each bit is demapped by itself (bit-interleaved coded
// modulation), over the SINR. Resource elements of unequal SINR decode like as many of one
// SINR that carry the same information (MIESM, mutual information effective SINR mapping).
//
// It is tabulated once for each modulation, ascending, and inverted by search among the few
// values in the same part of a bit.
//
// L. Wan, S. Tsai and M. Almgren, "A fading-insensitive performance metric for a unified
// link quality model", WCNC 2006; G. Caire, G. Taricco and E. Biglieri,
// "Bit-interleaved coded modulation", IEEE Trans. Inf. Theory 44 (1998).
type information struct {
	bits  [informationSteps]float32
	ratio *lookup.Table               // the same over linear SINRs
	guide [informationParts + 1]int16 // the last of bits that is at most so many parts of one bit
}

// The SINRs of the table. At its ends the information is 0 and 1 to within 1e-3.
const (
	informationLow     = -30 // dB
	informationHigh    = 45
	informationPerDB   = 8
	informationSteps   = (informationHigh-informationLow)*informationPerDB + 1
	informationParts   = 512
	informationSamples = 41 // of the noise of one dimension, ±5 standard deviations
)

// informationOf returns the table of a modulation; tables are made once and shared.
func informationOf(m nr.Modulation) *information {
	return informationTables[(m.BitsPerSymbol()-1)/2%len(informationTables)]()
}

// Tables of QPSK (and π/2-BPSK, which is half of it), 16QAM, 64QAM and 256QAM.
var informationTables = [...]func() *information{
	sync.OnceValue(func() *information { return newInformation(1) }),
	sync.OnceValue(func() *information { return newInformation(2) }),
	sync.OnceValue(func() *information { return newInformation(3) }),
	sync.OnceValue(func() *information { return newInformation(4) }),
}

// newInformation integrates over the noise of one dimension of a square constellation,
// which is Gray mapped amplitude modulation of so many bits (TS 38.211 §5.1).
func newInformation(numBits int) *information {
	levels := 1 << numBits
	amplitude := make([]float64, levels)
	power := 0.0
	for i := range amplitude {
		amplitude[i] = float64(2*i - levels + 1)
		power += amplitude[i] * amplitude[i] / float64(levels)
	}
	gray := func(i int) int { return i ^ i>>1 }
	t := new(information)
	likelihood := make([]float64, levels)
	for s := range t.bits {
		snr := math.Pow(10, (informationLow+float64(s)/informationPerDB)/10)
		sigma := math.Sqrt(power / snr) // real noise per dimension: half of the complex noise for half of the power
		sum, weight := 0.0, 0.0
		for n := range informationSamples {
			z := -5 + 10*float64(n)/(informationSamples-1)
			w := math.Exp(-z * z / 2)
			weight += w
			for sent := range levels {
				total := 0.0
				for i := range levels {
					d := (amplitude[sent]-amplitude[i])/sigma + z
					likelihood[i] = math.Exp((z*z - d*d) / 2)
					total += likelihood[i]
				}
				for b := range numBits {
					same := 0.0
					for i := range levels {
						if (gray(i)^gray(sent))>>b&1 == 0 {
							same += likelihood[i]
						}
					}
					sum += w * math.Log2(2*same/total) / float64(levels*numBits)
				}
			}
		}
		t.bits[s] = float32(min(max(sum/weight, 0), 1))
	}
	t.ratio = lookup.New(-10, 15, func(sinr float64) float64 { return float64(t.at(float32(10 * math.Log10(sinr)))) })
	for i, last := 0, 0; i < len(t.guide); i++ {
		for last+1 < len(t.bits) && t.bits[last+1] <= float32(i)/informationParts {
			last++
		}
		t.guide[i] = int16(last)
	}
	return t
}

// atRatio returns the information of a coded bit at a linear SINR.
func (t *information) atRatio(sinr float32) float32 { return t.ratio.At(sinr) }

// at returns the information of a coded bit at a SINR in dB.
func (t *information) at(sinrDB float32) float32 {
	x := (sinrDB - informationLow) * informationPerDB
	if !(x > 0) {
		return t.bits[0]
	}
	i := int(x)
	if i >= informationSteps-1 {
		return t.bits[informationSteps-1]
	}
	return t.bits[i] + (x-float32(i))*(t.bits[i+1]-t.bits[i])
}

// inverse returns the SINR in dB at which a coded bit carries so much.
func (t *information) inverse(bits float32) float32 {
	if !(bits > t.bits[0]) {
		return informationLow
	}
	if bits >= t.bits[informationSteps-1] {
		return informationHigh
	}
	part := int(bits * informationParts)
	low, high := int(t.guide[part]), min(int(t.guide[part+1])+1, informationSteps-1)
	for high-low > 1 {
		if mid := (low + high) / 2; t.bits[mid] <= bits {
			low = mid
		} else {
			high = mid
		}
	}
	x := float32(low)
	if d := t.bits[high] - t.bits[low]; d > 0 {
		x += (bits - t.bits[low]) / d
	}
	return informationLow + x/informationPerDB
}
