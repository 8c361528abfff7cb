// SPDX-License-Identifier: Apache-2.0

// Package scramble generates the length-31 Gold sequence of TS 38.211 §5.2.1
// and applies it: to coded bits, to the LLRs of a receiver, and as the ±1 pairs
// of reference signals.
//
// Both shift registers advance 64 bits at a time. With X the delay operator,
// P(X)² = P(X²) over GF(2), so x(n+31) = x(n+3) + x(n) also holds with all
// delays doubled, and a word of 64 known bits gives the next 64 by a few shifts.
// The first 1600 bits that the standard discards are skipped by one product with
// a constant matrix.
package scramble
