// SPDX-License-Identifier: Apache-2.0

// Package equalizer separates the layers of a PRB group: zero forcing and
// linear minimum mean squared error (LMMSE) detection of 1 to 4 layers on 1 to
// 8 receive antennas, with the covariance of noise and interference and the
// error of the channel estimate taken into account.
//
// With y = H·x + n, n of covariance Q, and G = Hᴴ·Q⁻¹·H, both detectors give an
// unbiased x̂ = x + e and the variance of e for every element:
//
//	zero forcing   x̂ = G⁻¹·Hᴴ·Q⁻¹·y               var e_l = [G⁻¹]_ll
//	LMMSE          x̂_l = [(G+I)⁻¹·Hᴴ·Q⁻¹·y]_l / µ_l   var e_l = (1−µ_l)/µ_l
//
// with µ_l = 1 − [(G+I)⁻¹]_ll. For one layer both are maximum ratio combining.
// Antennas are combined so that the noise becomes white and of unit variance
// first: an off-diagonal Q makes the detector reject interference (IRC), and
// neither gains of antennas nor the unit of the samples matter.
package equalizer
