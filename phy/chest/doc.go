// SPDX-License-Identifier: Apache-2.0

// Package chest estimates the uplink channel of a PRB group from its DM-RS, with
// the covariance of noise and interference, which is never given.
//
// Two estimators fill the same [nr.Channel]:
//
//   - [LS]: least squares at the pilots, code-division despreading in frequency
//     and time, linear interpolation and extrapolation in both. UEs that share a
//     CDM group are told apart with the delay and offset of each.
//   - [LMMSE]: the linear minimum mean squared error estimate in frequency and
//     time. The power delay profile, the Doppler spread and the noise are
//     estimated from the same pilots; the layers of a UE on one CDM group are
//     estimated jointly. UEs that share a CDM group are corrected by the mean of
//     their delays and offsets; the power delay profile of each UE is measured
//     around that mean, and so contains what its own delay differs.
//
// Both take the delay and carrier offset of each UE from phy/sync out of the
// pilots first, and put them back into the channel of its layers: the result
// fits the received elements as they are.
//
// In between, the antennas are combined so that their noise is white and of unit
// variance ([noise.Covariance]), in each bundle of PRBs that has a noise of its
// own. An antenna with much noise and the direction of an interferer then count
// as little as they should. What is left of the noise in the estimate has its
// colour; [nr.Channel].ErrorRatio says how much it is.
//
// The way of a slot, with the file in which each step stands:
//
//  1. The pilots lose reference, amplitude, mean delay and mean carrier offset of their
//     comb (front.go): what is left, u, is the channel times the codes of the layers,
//     plus noise.
//  2. Noise is measured where no channel can be, in parts of the band (noise.go,
//     residual.go, noisetable.go), and parts that agree become one bundle (bundle.go).
//  3. The antennas of each bundle are whitened (colour.go). From here on noise has
//     variance 1 and no direction, so that both methods treat antennas alike.
//  4. [LS] takes the codes off pair by pair and draws straight lines (ls.go). [LMMSE]
//     measures a power delay profile (profile.go) and the correlation over time
//     (timemodel.go, doppler.go), makes Wiener filters of them (filterbank.go,
//     pilotsystem.go) and applies them (filter.go).
//  5. Delay and colour go back into the anchors, the carrier offset into the weights:
//     the channel is that of the antennas and of the symbols as they were received.
//
// Units: pilots are scaled by a power of two to lie near 1, since samples may come in any
// unit; everything inside counts in that unit, and what is written to the channel is
// scaled back.
package chest
