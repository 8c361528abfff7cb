// SPDX-License-Identifier: Apache-2.0

package equalizer

import (
	"math/bits"

	"github.com/neuroran/neuroran/internal/simd/mimo"
	"github.com/neuroran/neuroran/phy/nr"
)

// Bounds of [nr.Symbols].NoiseVar: the variance stays finite where the channel
// is zero or nothing disturbs it.
const (
	MinNoiseVar = 1e-8
	MaxNoiseVar = 1e8
)

// chunk is how many subcarriers are worked on at once, so that the channel of
// all layers and antennas stays in the first-level cache.
const chunk = 16 * nr.SubcarriersPerPRB

const (
	maxLayers = nr.MaxGroupLayers
	maxRx     = nr.MaxRx
	maxTaps   = maxRx * nr.SymbolsPerSlot
	maxPairs  = maxLayers * (maxLayers - 1) / 2
)

// Equalizer detects the layers of one group at a time. Use [New]. One goroutine
// at a time may use it.
type Equalizer struct {
	cfg Config
	lim Limits

	h, g  [maxLayers][maxRx][]complex64 // channel, and Q⁻¹·channel where the noise is coloured
	num   [maxLayers][]complex64        // Hᴴ·Q⁻¹·y
	gain  [maxLayers][]float32          // diagonal of G
	cross [maxPairs][]complex64         // G above the diagonal, row by row
	z     [maxLayers][]complex64
	noise [maxLayers][]float32

	cov  covariance
	off  [maxTaps]int
	taps [maxTaps]complex64
}

// New returns an equalizer with memory for the given limits. It returns a
// [*ConfigError] for a value outside its range.
func New(cfg Config, lim Limits) (*Equalizer, error) {
	if err := lim.validate(); err != nil {
		return nil, err
	}
	if cfg.Method > ZF {
		return nil, &ConfigError{Field: "Method", Got: int(cfg.Method), Want: "LMMSE or ZF"}
	}
	e := &Equalizer{cfg: cfg, lim: lim}
	for l := range lim.MaxLayers {
		for r := range lim.MaxRx {
			e.h[l][r] = make([]complex64, chunk)
			e.g[l][r] = make([]complex64, chunk)
		}
		e.num[l] = make([]complex64, chunk)
		e.gain[l] = make([]float32, chunk)
		e.z[l] = make([]complex64, chunk)
		e.noise[l] = make([]float32, chunk)
	}
	for i := range e.cross {
		e.cross[i] = make([]complex64, chunk)
	}
	return e, nil
}

// Equalize detects the data symbols of all UEs of the group of ch.
//
//   - dst: one entry for each UE of the group; Z and NoiseVar are resized to
//     [data RE, layer of the UE] and written in codeword order. Quality is
//     replaced.
//   - data: [rx, Group.NumSymbols, 12·Group.NumPRB], from Group.StartSymbol
//   - ch: the channel estimate of the same group
//
// The layers of all UEs are detected jointly. The noise of a symbol is
// ch.NoiseCov plus the sum of ch.ErrorVar over the layers, on the diagonal.
//
// Equalize returns a [*ShapeError] if dimensions disagree. It allocates only
// when a tensor of dst has to grow.
//
// TS 38.211 §6.3.1.3 and §6.3.1.6 (inverse of the mappings).
func (e *Equalizer) Equalize(dst []nr.Symbols, data nr.View, ch *nr.Channel) error {
	if err := e.check(dst, &data, ch); err != nil {
		return err
	}
	g := &ch.Group
	e.prepare(dst, ch)
	var at [nr.MaxUEs]int
	var sum [nr.MaxUEs]float64
	for s := range g.NumSymbols {
		mask := g.DataMask(g.StartSymbol + s)
		if mask == 0 {
			continue
		}
		e.cov.load(ch, s, e.cfg.WhiteNoise)
		for k := 0; k < data.NumSubcarriers; k += chunk {
			n := min(chunk, data.NumSubcarriers-k)
			e.materialise(ch, s, k, n)
			e.correlate(&data, g.NumLayers, s, k, n)
			e.detect(g.NumLayers, n)
			e.store(dst, g, mask, n, &at, &sum)
		}
	}
	for u := range g.NumUEs {
		dst[u].Quality.SINR = float32(sum[u] / float64(at[u]*g.UEs[u].NumLayers))
	}
	return nil
}

func (e *Equalizer) check(dst []nr.Symbols, data *nr.View, ch *nr.Channel) error {
	g := &ch.Group
	rx := data.NumRx
	for _, f := range [...]struct {
		field     string
		got, want int
	}{
		{"data.symbols", data.NumSymbols, g.NumSymbols},
		{"data.subcarriers", data.NumSubcarriers, g.NumSubcarriers()},
		{"channel.anchors rank", ch.Anchors.Rank(), 4},
		{"channel.weights rank", ch.Weights.Rank(), 3},
		{"channel.noise_cov rank", ch.NoiseCov.Rank(), 2},
		{"channel.error_var rank", ch.ErrorVar.Rank(), 2},
	} {
		if f.got != f.want {
			return &ShapeError{f.field, f.got, f.want}
		}
	}
	for _, f := range [...]struct {
		field     string
		got, want int
	}{
		{"channel.anchors layers", ch.Anchors.Dim(0), g.NumLayers},
		{"channel.anchors rx", ch.Anchors.Dim(1), rx},
		{"channel.anchors subcarriers", ch.Anchors.Dim(3), data.NumSubcarriers},
		{"channel.weights layers", ch.Weights.Dim(0), g.NumLayers},
		{"channel.weights symbols", ch.Weights.Dim(1), g.NumSymbols},
		{"channel.weights anchors", ch.Weights.Dim(2), ch.Anchors.Dim(2)},
		{"channel.noise_cov rows", ch.NoiseCov.Dim(0), rx},
		{"channel.noise_cov columns", ch.NoiseCov.Dim(1), rx},
		{"channel.error_var layers", ch.ErrorVar.Dim(0), g.NumLayers},
		{"channel.error_var symbols", ch.ErrorVar.Dim(1), g.NumSymbols},
	} {
		if f.got != f.want {
			return &ShapeError{f.field, f.got, f.want}
		}
	}
	for _, f := range [...]struct {
		field    string
		got, max int
	}{
		{"group.prb", g.NumPRB, e.lim.MaxPRB},
		{"group.layers", g.NumLayers, e.lim.MaxLayers},
		{"group.ues", g.NumUEs, min(len(dst), nr.MaxUEs)},
		{"group.symbols", g.StartSymbol + g.NumSymbols, nr.SymbolsPerSlot},
		{"data.rx", rx, e.lim.MaxRx},
		{"channel.anchors", ch.Anchors.Dim(2), nr.SymbolsPerSlot},
	} {
		if f.got > f.max || f.got < 1 {
			return &ShapeError{f.field, f.got, f.max}
		}
	}
	layers := 0
	for _, u := range g.UEs[:g.NumUEs] {
		layers += u.NumLayers
	}
	if layers != g.NumLayers {
		return &ShapeError{"group.ues layers", layers, g.NumLayers}
	}
	return nil
}

// prepare sizes the outputs and copies the measurements.
func (e *Equalizer) prepare(dst []nr.Symbols, ch *nr.Channel) {
	g := &ch.Group
	n := g.DataREs()
	for u := range g.NumUEs {
		d := &dst[u]
		d.Slot, d.RNTI = g.Slot, g.UEs[u].RNTI
		d.Quality = nr.Quality{
			SNR: ch.SNR[u], DelaySeconds: ch.Offsets.DelaySeconds[u],
			CFOHz: ch.Offsets.CFOHz[u], CFOObserved: ch.Offsets.CFOObserved[u],
		}
		d.Z.Resize(n, g.UEs[u].NumLayers)
		d.NoiseVar.Resize(n, g.UEs[u].NumLayers)
	}
}

// materialise computes the channel of symbol s for subcarriers k…k+n−1, and
// Q⁻¹ times it where the noise is coloured.
func (e *Equalizer) materialise(ch *nr.Channel, s, k, n int) {
	layers, rx, anchors := ch.Anchors.Dim(0), ch.Anchors.Dim(1), ch.Anchors.Dim(2)
	width := ch.Anchors.Dim(3)
	src := ch.Anchors.Data()
	for l := range layers {
		w := ch.Weights.Row(l, s)
		for i := range rx * anchors {
			e.off[i] = (l*rx*anchors+i)*width + k
		}
		for r := range rx {
			mimo.LinComb(e.h[l][r][:n], w, src, e.off[r*anchors:(r+1)*anchors])
		}
		if e.cov.white {
			continue
		}
		for r := range rx {
			for i := range rx * anchors {
				e.taps[i] = e.cov.inv[r*rx+i/anchors] * w[i%anchors]
			}
			mimo.LinComb(e.g[l][r][:n], e.taps[:rx*anchors], src, e.off[:rx*anchors])
		}
	}
}

// correlate computes Hᴴ·Q⁻¹·y and G; with white noise both lack the factor 1/q.
func (e *Equalizer) correlate(data *nr.View, layers, s, k, n int) {
	rx := data.NumRx
	g := &e.g
	if e.cov.white {
		g = &e.h
	}
	for l := range layers {
		num, gain := e.num[l][:n], e.gain[l][:n]
		clear(num)
		clear(gain)
		for r := range rx {
			y := data.Row(r, s)[k : k+n]
			if e.cov.white {
				mimo.Matched(num, gain, e.h[l][r], y)
				continue
			}
			mimo.ConjMulAdd(num, g[l][r], y)
			mimo.ReConjMulAdd(gain, g[l][r], e.h[l][r])
		}
	}
	i := 0
	for l := range layers {
		for m := l + 1; m < layers; m++ {
			acc := e.cross[i][:n]
			clear(acc)
			for r := range rx {
				mimo.ConjMulAdd(acc, g[l][r], e.h[m][r])
			}
			i++
		}
	}
}

// detect solves for the layers of n subcarriers.
func (e *Equalizer) detect(layers, n int) {
	q := float32(1)
	if e.cov.white {
		q = e.cov.q
	}
	load := q // added to the diagonal of G
	if e.cfg.Method == ZF {
		load = 0
	}
	switch layers {
	case 1:
		e.detect1(q, n)
	case 2:
		e.detect2(q, load, n)
	default:
		e.detectN(q, load, layers, n)
	}
}

// store writes the detected subcarriers that carry data, in codeword order.
func (e *Equalizer) store(dst []nr.Symbols, g *nr.Group, mask uint16, n int, at *[nr.MaxUEs]int, sum *[nr.MaxUEs]float64) {
	first := 0
	for u := range g.NumUEs {
		nl := g.UEs[u].NumLayers
		z, v := dst[u].Z.Data(), dst[u].NoiseVar.Data()
		if nl == 1 && mask == 1<<nr.SubcarriersPerPRB-1 {
			o := at[u]
			copy(z[o:o+n], e.z[first])
			copy(v[o:o+n], e.noise[first])
		} else {
			for l := range nl {
				gather(z, v, at[u]*nl+l, nl, e.z[first+l][:n], e.noise[first+l][:n], mask)
			}
		}
		count := n / nr.SubcarriersPerPRB * bits.OnesCount16(mask)
		sum[u] += sumInverse(v[at[u]*nl : (at[u]+count)*nl])
		at[u] += count
		first += nl
	}
}

// gather copies the subcarriers of the mask to every step-th place from o on.
func gather(z []complex64, v []float32, o, step int, zs []complex64, vs []float32, mask uint16) {
	for k := 0; k < len(zs); k += nr.SubcarriersPerPRB {
		for m := mask; m != 0; m &= m - 1 {
			i := k + bits.TrailingZeros16(m)
			z[o], v[o] = zs[i], vs[i]
			o += step
		}
	}
}

// sumInverse returns the sum of the SINRs of variances.
func sumInverse(v []float32) float64 {
	sum := 0.0
	for len(v) >= 4 {
		sum += float64(1/v[0] + 1/v[1] + (1/v[2] + 1/v[3]))
		v = v[4:]
	}
	for _, x := range v {
		sum += float64(1 / x)
	}
	return sum
}
