// SPDX-License-Identifier: Apache-2.0

package gnb

import (
	"math"
	"sync"

	"github.com/neuroran/neuroran/phy/nr"
)

// information is how many bits of mutual information a coded bit of a modulation carries
// over white noise, when each bit is demapped by itself (bit-interleaved coded
// modulation), over the SINR. Resource elements of unequal SINR decode like as many of one
// SINR that carry the same information (MIESM, mutual information effective SINR mapping).
//
// It is tabulated once for each modulation, ascending, and inverted by search.
//
// L. Wan, S. Tsai and M. Almgren, "A fading-insensitive performance metric for a unified
// link quality model", WCNC 2006; G. Caire, G. Taricco and E. Biglieri,
// "Bit-interleaved coded modulation", IEEE Trans. Inf. Theory 44 (1998).
type information struct {
	bits  [informationSteps]float32
	ratio [ratioSteps + 1]float32 // the same over linear SINRs
}

// A linear SINR finds its place in ratio by exponent and first bits of its mantissa, without a
// logarithm: ratioPerOctave values for every factor of two, from 2^ratioLow on.
const (
	ratioLow       = -10
	ratioHigh      = 15
	ratioBits      = 4 // of the mantissa
	ratioPerOctave = 1 << ratioBits
	ratioSteps     = (ratioHigh - ratioLow) * ratioPerOctave
)

// The SINRs of the table. At its ends the information is 0 and 1 to within 1e-3.
const (
	informationLow     = -30 // dB
	informationHigh    = 45
	informationPerDB   = 8
	informationSteps   = (informationHigh-informationLow)*informationPerDB + 1
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
	for i := range t.ratio {
		octave, part := ratioLow+i/ratioPerOctave, float64(i%ratioPerOctave)/ratioPerOctave
		t.ratio[i] = t.at(decibel(float32(math.Ldexp(1+part, octave))))
	}
	return t
}

// atRatio returns the information of a coded bit at a linear SINR.
func (t *information) atRatio(sinr float32) float32 {
	const shift = 23 - ratioBits
	bits := math.Float32bits(sinr)
	i := int(bits>>shift) - (127+ratioLow)<<ratioBits
	switch {
	case i < 0 || !(sinr > 0):
		return t.ratio[0]
	case i >= ratioSteps:
		return t.ratio[ratioSteps]
	}
	part := float32(bits&(1<<shift-1)) * (1.0 / (1 << shift))
	return t.ratio[i] + part*(t.ratio[i+1]-t.ratio[i])
}

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
	low, high := 0, informationSteps-1
	if bits <= t.bits[low] {
		return informationLow
	}
	if bits >= t.bits[high] {
		return informationHigh
	}
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
