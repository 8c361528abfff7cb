// SPDX-License-Identifier: Apache-2.0

// Package noise estimates the covariance of noise and interference over the
// antennas of a receiver from few values, and whitens with it what the antennas
// received. Synchronization and channel estimation share it.
//
// [Sums] collects values in which no signal is; [Covariance] decides what they
// are evidence for. With Q = L·Lᴴ, [Covariance.Whiten] combines antennas by L⁻¹,
// after which their noise is independent and of unit variance, and
// [Covariance.Colour] by L, which is the way back.
//
// All types are values of fixed size for one goroutine at a time; nothing
// allocates.
package noise
