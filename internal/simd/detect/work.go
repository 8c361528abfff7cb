// SPDX-License-Identifier: Apache-2.0

package detect

// Chunk is how many subcarriers one [Work] holds: 16 PRBs.
const Chunk = 192

const (
	// MaxLayers is the largest number of layers that are solved for.
	MaxLayers = 4
	// MinNoiseVar is the lower bound of the variance of the detected symbols: it
	// stays finite where nothing disturbs them.
	MinNoiseVar = 1e-8
	// MaxNoiseVar is the upper bound, and the variance where nothing is known.
	MaxNoiseVar = 1e8
)

const (
	maxPairs = MaxLayers * (MaxLayers - 1) / 2
	tiny     = 1e-30 // smallest effective gain that is divided by
	weak     = 1e-7  // smallest pivot over its diagonal element
)

// Work is the input and output of detection on up to Chunk subcarriers. The
// assembly knows its layout. It is for one goroutine at a time.
type Work struct {
	Num   [MaxLayers][2 * Chunk]float32 // rows: Hᴴ·Q⁻¹·y of each layer
	Cross [maxPairs][2 * Chunk]float32  // rows: G = Hᴴ·Q⁻¹·H above the diagonal, row by row
	Gain  [MaxLayers][Chunk]float32     // diagonal of G
	Noise [MaxLayers][Chunk]float32     // variance of the error of Z
	Z     [MaxLayers][Chunk]complex64   // detected symbols, unbiased
}

// Solve computes Z and Noise of the first n subcarriers, n ≤ Chunk, rounded up
// to whole blocks, for 1…4 layers.
//
//   - load: what is added to the diagonal of G: the noise for LMMSE, 0 for zero
//     forcing
//   - q: noise variance that G and Num were not divided by; 1 where they were
//
// With A = G + load·I and µ = 1 − load·[A⁻¹]_ll, Z is [A⁻¹·Num]_l/µ and its
// variance q·[A⁻¹]_ll/µ within MinNoiseVar and MaxNoiseVar; where A is singular,
// to single precision, Z is 0 and its variance MaxNoiseVar.
func (w *Work) Solve(layers, n int, load, q float32) {
	if n > Chunk || layers < 1 || layers > MaxLayers {
		panic("detect: more subcarriers or layers than there is room for")
	}
	solve(w, layers, (n+Lanes-1)/Lanes, load, q)
}

// Spread writes Z and Noise of the first n subcarriers of some layers, from layer
// first on, in the order of a codeword: subcarrier by subcarrier, and there layer
// by layer. len(z) = len(v) = n·layers.
func (w *Work) Spread(z []complex64, v []float32, first, layers, n int) {
	_, _ = w.Z[first+layers-1][:n], w.Z[first]
	spread(w, z[:n*layers], v[:n*layers], first, layers)
}
