// SPDX-License-Identifier: Apache-2.0

// Package link measures block error rates: it sends random blocks through a
// chain of transmitter, channel and receiver until enough of them are wrong,
// and states how sure the result is.
//
// [Run] works on any chain: a function from a [Trial], which holds the signal to
// noise ratio and the seed, to an [Outcome]. [PUSCH] is the chain of phy/pusch
// over the channels of phy/channel. Everything random follows from the seed of
// the trial, so that a result depends on the seed alone, not on the number of
// workers, and two receivers can be compared on the same channels and noise.
package link
