// SPDX-License-Identifier: Apache-2.0

package equalizertest

import (
	"math"
	"math/rand/v2"

	"github.com/neuroran/neuroran/phy/nr"
)

// Link is one random channel with data.
type Link struct {
	Channel nr.Channel    // what the receiver knows
	Data    nr.Data       // what it receives
	Sent    [][]complex64 // what was sent, [layer][RE in order of the grid]
}

// Group returns one UE for each entry of layers; DM-RS on symbol 0 with one of
// two CDM groups free for data.
func Group(prb, symbols int, layers ...int) nr.Group {
	g := nr.Group{NumPRB: prb, NumSymbols: symbols, DMRSMask: 1, ConfigType: 1, Length: 1, NumCDMGroupsWithoutData: 1, NumUEs: len(layers)}
	for u, n := range layers {
		g.UEs[u] = nr.UE{RNTI: uint16(u + 1), NumLayers: n}
		g.NumLayers += n
	}
	return g
}

func normal(rng *rand.Rand, sigma float64) complex64 {
	return complex(float32(rng.NormFloat64()*sigma*math.Sqrt2/2), float32(rng.NormFloat64()*sigma*math.Sqrt2/2))
}

// NewLink draws a channel with two anchors and QPSK data. mix is the matrix that
// makes the noise from white noise of unit variance, nil for none.
func NewLink(rng *rand.Rand, g nr.Group, rx int, mix [][]complex64) *Link {
	l := &Link{Channel: nr.Channel{Group: g}, Data: nr.Data{Group: g}}
	k := g.NumSubcarriers()
	l.Channel.Anchors.Resize(g.NumLayers, rx, 2, k)
	for i := range l.Channel.Anchors.Data() {
		l.Channel.Anchors.Data()[i] = normal(rng, 1)
	}
	l.Channel.Weights.Resize(g.NumLayers, g.NumSymbols, 2)
	for i := range l.Channel.Weights.Data() {
		l.Channel.Weights.Data()[i] = normal(rng, 0.7)
	}
	for u := range g.NumUEs {
		l.Channel.SNR[u], l.Channel.SNRStd[u] = float32(u+1), 0.1
	}
	l.Channel.ErrorRatio.Resize(1, g.NumLayers, g.NumSymbols)
	l.Channel.NumBundles = 1
	l.Channel.NoiseCov.Resize(1, rx, rx)
	for a := range mix {
		for b := range mix {
			for c := range mix {
				x, y := mix[a][c], mix[b][c]
				l.Channel.NoiseCov.Row(0, a)[b] += x * complex(real(y), -imag(y))
			}
		}
	}
	l.Data.RE.Resize(rx, g.NumSymbols, k)
	l.Sent = make([][]complex64, g.NumLayers)
	for s := range g.NumSymbols {
		for i := range k {
			noise := make([]complex64, rx)
			for c := range mix {
				n := normal(rng, 1)
				for a := range mix {
					noise[a] += mix[a][c] * n
				}
			}
			for layer := range g.NumLayers {
				x := complex(float32(1-2*rng.IntN(2)), float32(1-2*rng.IntN(2))) * complex(math.Sqrt2/2, 0)
				l.Sent[layer] = append(l.Sent[layer], x)
				for r := range rx {
					w := l.Channel.Weights.Row(layer, s)
					h := w[0]*l.Channel.Anchors.Row(layer, r, 0)[i] + w[1]*l.Channel.Anchors.Row(layer, r, 1)[i]
					noise[r] += h * x
				}
			}
			for r := range rx {
				l.Data.RE.Row(r, s)[i] = noise[r]
			}
		}
	}
	return l
}

// Errors returns, for every detected value, its error and stated variance, in
// the order of UEs, elements and layers.
func (l *Link) Errors(out []nr.Symbols) (e []complex128, v []float64, x []complex128) {
	g := &l.Channel.Group
	first := 0
	for u := range g.NumUEs {
		i, n := 0, g.UEs[u].NumLayers
		for s := range g.NumSymbols {
			for k := range g.NumSubcarriers() {
				if g.DataMask(s)>>(k%12)&1 == 0 {
					continue
				}
				for a := range n {
					sent := l.Sent[first+a][s*g.NumSubcarriers()+k]
					e = append(e, complex128(out[u].Z.Data()[i]-sent))
					v = append(v, float64(out[u].NoiseVar.Data()[i]))
					x = append(x, complex128(sent))
					i++
				}
			}
		}
		if i != out[u].Z.Len() {
			panic("data elements disagree")
		}
		first += n
	}
	return e, v, x
}

// Identity returns sigma times the identity.
func Identity(n int, sigma float32) [][]complex64 {
	m := make([][]complex64, n)
	for i := range m {
		m[i] = make([]complex64, n)
		m[i][i] = complex(sigma, 0)
	}
	return m
}

// scale changes the unit of the samples.
func (l *Link) scale(unit float64) {
	for i, x := range l.Data.RE.Data() {
		l.Data.RE.Data()[i] = complex64(complex128(x) * complex(unit, 0))
	}
	for i, x := range l.Channel.Anchors.Data() {
		l.Channel.Anchors.Data()[i] = complex64(complex128(x) * complex(unit, 0))
	}
	for i, x := range l.Channel.NoiseCov.Data() {
		l.Channel.NoiseCov.Data()[i] = complex64(complex128(x) * complex(unit*unit, 0))
	}
}
