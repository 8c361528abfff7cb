// SPDX-License-Identifier: Apache-2.0

package equalizer

import (
	"math/bits"
	"math/cmplx"

	"github.com/neuroran/neuroran/internal/simd/detect"
	"github.com/neuroran/neuroran/internal/simd/mimo"
	"github.com/neuroran/neuroran/phy/nr"
)

// Bounds of [nr.Symbols].NoiseVar: the variance stays finite where the channel
// is zero or nothing disturbs it.
const (
	MinNoiseVar = detect.MinNoiseVar
	MaxNoiseVar = detect.MaxNoiseVar
)

const (
	maxRx      = nr.MaxRx
	maxAnchors = nr.SymbolsPerSlot
	// chunk is how many subcarriers are worked on at once, in all symbols, so
	// that the anchors of all layers and antennas stay close to the core.
	chunk   = detect.Chunk
	rowStep = 2 * chunk // from one row of a chunk to the next
)

// linear is what works in the linear detectors, and its scratch.
type linear struct {
	lim         Limits
	zeroForcing bool // noise does not load the diagonal

	anchors []float32 // rows [layer, rx, anchor], whitened
	raw     []float32 // rows [rx, anchor], or [rx], before they are
	h       []float32 // rows [layer, rx]: the channel in one symbol
	y       []float32 // rows [rx], whitened
	gains   []float32 // rows [anchor pair] of a single layer
	work    detect.Work

	noise whitening                  // of the bundle at hand
	deaf  [maxRx]bool                // antennas without a channel, to which nothing is listened
	left  [nr.SymbolsPerSlot]float32 // variance of noise and estimation error of each symbol, once whitened
	start [nr.SymbolsPerSlot]int     // first data element of each symbol
	off   [max(maxRx, maxAnchors)]int
	taps  [maxAnchors]complex64
}

func newLinear(lim Limits, zeroForcing bool) (linear, error) {
	if err := lim.Validate(); err != nil {
		return linear{}, err
	}
	rows := lim.MaxLayers * lim.MaxRx
	return linear{
		lim: lim, zeroForcing: zeroForcing,
		anchors: make([]float32, rows*maxAnchors*rowStep),
		h:       make([]float32, max(rows, maxFew)*rowStep),
		raw:     make([]float32, lim.MaxRx*maxAnchors*rowStep),
		y:       make([]float32, lim.MaxRx*rowStep),
		gains:   make([]float32, (maxFewPairs+1)*rowStep),
	}, nil
}

// equalize detects bundle by bundle, and these chunk by chunk. The noise of a
// symbol is NoiseCov·(1 + Σ ErrorRatio), the sum over the layers.
func (e *linear) equalize(dst []nr.Symbols, data nr.View, ch *nr.Channel) error {
	if err := e.check(dst, &data, ch); err != nil {
		return err
	}
	e.prepare(dst, ch)
	var sum [nr.MaxUEs]float64
	for b := range ch.NumBundles {
		e.loadBundle(ch, b)
		first, last := ch.Bundle(b)
		for k := first * nr.SubcarriersPerPRB; k < last*nr.SubcarriersPerPRB; k += chunk {
			e.chunk(dst, &data, ch, k, min(chunk, last*nr.SubcarriersPerPRB-k), &sum)
		}
	}
	for u := range ch.Group.NumUEs {
		if erase(&dst[u]) {
			sum[u] = detect.SumInverse(dst[u].NoiseVar.Data())
		}
		dst[u].Quality.SetSINR(float32(sum[u] / float64(dst[u].NoiseVar.Len())))
	}
	return nil
}

// chunk detects subcarriers k…k+n−1 in all symbols.
func (e *linear) chunk(dst []nr.Symbols, data *nr.View, ch *nr.Channel, k, n int, sum *[nr.MaxUEs]float64) {
	g := &ch.Group
	alone := g.NumLayers == 1 && ch.Anchors.Dim(2) <= maxFew
	e.loadAnchors(ch, k, n)
	if alone {
		e.anchorGains(data.NumRx, ch.Anchors.Dim(2), n)
	}
	for s := range g.NumSymbols {
		mask := g.DataMask(g.StartSymbol + s)
		if mask == 0 {
			continue
		}
		e.loadData(data, s, k, n)
		if alone {
			e.combine(ch.Weights.Row(0, s), data.NumRx, n)
		} else {
			e.materialize(ch, s, n)
			e.correlate(g.NumLayers, data.NumRx, n)
		}
		load := e.left[s]
		if e.zeroForcing {
			load = 0
		}
		e.work.Solve(g.NumLayers, n, load, e.left[s])
		at := e.start[s] + k/nr.SubcarriersPerPRB*bits.OnesCount16(mask)
		e.store(dst, g, mask, at, n, sum)
	}
}

// loadBundle prepares the noise of bundle b.
func (e *linear) loadBundle(ch *nr.Channel, b int) {
	e.noise.load(ch, b)
	for s := range ch.Group.NumSymbols {
		e.left[s] = 1
		for l := range ch.Group.NumLayers {
			e.left[s] += max(0, ch.ErrorRatio.Row(b, l)[s])
		}
	}
}

func (e *linear) check(dst []nr.Symbols, data *nr.View, ch *nr.Channel) error {
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
		{"channel.noise_cov rank", ch.NoiseCov.Rank(), 3},
		{"channel.error_ratio rank", ch.ErrorRatio.Rank(), 3},
	} {
		if f.got != f.want {
			return nr.BadLength("equalizer: "+f.field, f.got, f.want)
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
		{"channel.noise_cov bundles", ch.NoiseCov.Dim(0), ch.NumBundles},
		{"channel.noise_cov rows", ch.NoiseCov.Dim(1), rx},
		{"channel.noise_cov columns", ch.NoiseCov.Dim(2), rx},
		{"channel.error_ratio bundles", ch.ErrorRatio.Dim(0), ch.NumBundles},
		{"channel.error_ratio layers", ch.ErrorRatio.Dim(1), g.NumLayers},
		{"channel.error_ratio symbols", ch.ErrorRatio.Dim(2), g.NumSymbols},
	} {
		if f.got != f.want {
			return nr.BadLength("equalizer: "+f.field, f.got, f.want)
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
		{"channel.bundles", ch.NumBundles, nr.MaxNoiseBundles},
	} {
		if f.got > f.max || f.got < 1 {
			return nr.BadLength("equalizer: "+f.field, f.got, f.max)
		}
	}
	layers := 0
	for _, u := range g.UEs[:g.NumUEs] {
		layers += u.NumLayers
	}
	if layers != g.NumLayers {
		return nr.BadLength("equalizer: group.ues layers", layers, g.NumLayers)
	}
	for b := range ch.NumBundles {
		if first, last := ch.Bundle(b); first < 0 || last > g.NumPRB || first >= last || b == 0 && first != 0 {
			return nr.BadLength("equalizer: channel.bundle_prb", first, last)
		}
	}
	return nil
}

// prepare sizes the outputs, copies the measurements and finds the place of each
// symbol.
func (e *linear) prepare(dst []nr.Symbols, ch *nr.Channel) {
	g := &ch.Group
	n := g.DataREs()
	for u := range g.NumUEs {
		d := &dst[u]
		d.Slot, d.RNTI = g.Slot, g.UEs[u].RNTI
		d.Quality = ch.Quality(u)
		d.Z.Resize(n, g.UEs[u].NumLayers)
		d.NoiseVar.Resize(n, g.UEs[u].NumLayers)
	}
	at := 0
	for s := range g.NumSymbols {
		e.start[s] = at
		at += g.NumPRB * bits.OnesCount16(g.DataMask(g.StartSymbol+s))
	}
	for r := range ch.Anchors.Dim(1) {
		e.deaf[r] = isDeaf(ch, r)
	}
}

// isDeaf reports whether no layer has a channel to antenna r. Nothing is then known of
// what it receives, which may be no number.
func isDeaf(ch *nr.Channel, r int) bool {
	for l := range ch.Anchors.Dim(0) {
		for a := range ch.Anchors.Dim(2) {
			for _, z := range ch.Anchors.Row(l, r, a) {
				if z != 0 {
					return false
				}
			}
		}
	}
	return true
}

// erase makes symbols that are no number, since a sample was none, such of which nothing is
// known. It reports whether there are any; their energy says at once that there are none.
func erase(s *nr.Symbols) bool {
	z := s.Z.Data()
	if e := real(mimo.DotConj(z, z)); e-e == 0 {
		return false
	}
	for i, x := range z {
		if x := complex128(x); cmplx.IsNaN(x) || cmplx.IsInf(x) {
			z[i], s.NoiseVar.Data()[i] = 0, MaxNoiseVar
		}
	}
	return true
}

// loadAnchors makes rows of the anchors at subcarriers k…k+n−1, and whitens them.
func (e *linear) loadAnchors(ch *nr.Channel, k, n int) {
	src, width := ch.Anchors.Data(), ch.Anchors.Dim(3)
	layers, rx, anchors := ch.Anchors.Dim(0), ch.Anchors.Dim(1), ch.Anchors.Dim(2)
	for l := range layers {
		rows := e.anchors[l*rx*anchors*rowStep:]
		raw := rows
		if !e.noise.white {
			raw = e.raw
		}
		for i := range rx * anchors {
			detect.Split(row(raw, i, n), src[(l*rx*anchors+i)*width+k:][:n], e.noise.scale)
		}
		for a := 0; a < anchors && !e.noise.white; a++ {
			e.noise.apply(rows[a*rowStep:], raw[a*rowStep:], rx, anchors*rowStep, n, &e.off)
		}
	}
}

// loadData makes rows of what the antennas received at subcarriers k…k+n−1 of
// symbol s, and whitens them.
func (e *linear) loadData(data *nr.View, s, k, n int) {
	raw := e.y
	if !e.noise.white {
		raw = e.raw
	}
	for r := range data.NumRx {
		if e.deaf[r] {
			clear(row(raw, r, n))
			continue
		}
		detect.Split(row(raw, r, n), data.Row(r, s)[k:k+n], e.noise.scale)
	}
	if !e.noise.white {
		e.noise.apply(e.y, raw, data.NumRx, rowStep, n, &e.off)
	}
}

// row returns row i of a chunk of n subcarriers.
func row(rows []float32, i, n int) []float32 { return rows[i*rowStep:][:detect.RowLen(n)] }

// materialize computes the channel of symbol s for a chunk of n subcarriers.
func (e *linear) materialize(ch *nr.Channel, s, n int) {
	layers, rx, anchors := ch.Anchors.Dim(0), ch.Anchors.Dim(1), ch.Anchors.Dim(2)
	for l := range layers {
		for r := range rx {
			taps := 0
			for a, w := range ch.Weights.Row(l, s) {
				if w != 0 {
					e.taps[taps], e.off[taps] = w, ((l*rx+r)*anchors+a)*rowStep
					taps++
				}
			}
			detect.Comb(row(e.h, l*rx+r, n), e.taps[:taps], e.anchors, e.off[:taps])
		}
	}
}

// correlate computes Hᴴ·y and G of a chunk of n subcarriers.
func (e *linear) correlate(layers, rx, n int) {
	length := detect.RowLen(n)
	w, pair := &e.work, 0
	for l := range layers {
		h := e.h[l*rx*rowStep:]
		detect.Dot(w.Num[l][:length], h, e.y, rx, rowStep, rowStep)
		detect.DotReal(w.Gain[l][:length/2], h, h, rx, rowStep, rowStep)
		for m := l + 1; m < layers; m++ {
			detect.Dot(w.Cross[pair][:length], h, e.h[m*rx*rowStep:], rx, rowStep, rowStep)
			pair++
		}
	}
}

// store writes the detected subcarriers that carry data, in codeword order, from
// data element at on.
func (e *linear) store(dst []nr.Symbols, g *nr.Group, mask uint16, at, n int, sum *[nr.MaxUEs]float64) {
	first := 0
	count := n / nr.SubcarriersPerPRB * bits.OnesCount16(mask)
	for u := range g.NumUEs {
		nl := g.UEs[u].NumLayers
		z, v := dst[u].Z.Data()[at*nl:(at+count)*nl], dst[u].NoiseVar.Data()[at*nl:(at+count)*nl]
		if mask == 1<<nr.SubcarriersPerPRB-1 {
			e.work.Spread(z, v, first, nl, n)
		} else {
			for l := range nl {
				gather(z[l:], v[l:], nl, e.work.Z[first+l][:n], e.work.Noise[first+l][:n], mask)
			}
		}
		sum[u] += detect.SumInverse(v)
		first += nl
	}
}

// gather copies the subcarriers of the mask to every step-th place.
func gather(z []complex64, v []float32, step int, zs []complex64, vs []float32, mask uint16) {
	o := 0
	for k := 0; k < len(zs); k += nr.SubcarriersPerPRB {
		for m := mask; m != 0; m &= m - 1 {
			i := k + bits.TrailingZeros16(m)
			z[o], v[o] = zs[i], vs[i]
			o += step
		}
	}
}
