// SPDX-License-Identifier: Apache-2.0

package c64

// MaxLog writes the exact max-log soft bits of square QAM, scaled, rounded to
// the nearest even integer and saturated at ±120; not-a-number gives 0.
//
//   - dst: [len(sym) · 2·bitsPerDim], I and Q in turn, as TS 38.211 §5.1 orders
//     the bits
//   - noiseVar: [len(sym)], bounded from below; not-a-number gives soft bits 0
//   - bitsPerDim: 1…4, for QPSK to 256QAM
//   - gain, unit: scale·8A² and 1/2A, where A is half the distance of levels
//
// One dimension with 2^k levels folds k−1 times: the first bit is the sign of
// t = y/2A, the next that of t' = 2^(k−2) − |t|, and so on with half the levels.
// With x = |t| and q = min(⌊x⌋, 2^(k−1)−1) the nearest level of the other sign
// is 1 and that of its own 2q+1, so the soft bit is ±gain/σ² · (q+1)·(x − q/2);
// it is gain/σ² · t for the last bit.
func MaxLog(dst []int8, sym []complex64, noiseVar []float32, bitsPerDim int, gain, unit float32) {
	dst, noiseVar = dst[:2*bitsPerDim*len(sym)], noiseVar[:len(sym)]
	maxLog(dst, sym, noiseVar, bitsPerDim, gain, unit)
}
