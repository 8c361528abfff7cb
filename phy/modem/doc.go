// SPDX-License-Identifier: Apache-2.0

// Package modem maps bits to constellation points and noisy points back to
// soft bits, for every modulation scheme of TS 38.211 §5.1: π/2-BPSK, QPSK,
// 16QAM, 64QAM and 256QAM.
//
// A [Mapper] works on one bit per byte. A [Demapper] takes unbiased symbols of
// unit mean energy in codeword order, each with the variance of its own complex
// error, and returns log-likelihood ratios ln P(0)/P(1): positive means bit 0.
// [MaxLog] keeps the nearest point of each hypothesis, [Exact] sums over all
// points; both are separable in I and Q, as the constellations are. The suite
// in modemtest holds every implementation, neural ones too, to one contract.
package modem
