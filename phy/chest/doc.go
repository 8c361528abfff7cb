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
package chest
