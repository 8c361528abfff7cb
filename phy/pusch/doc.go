// SPDX-License-Identifier: Apache-2.0

// Package pusch is the physical uplink shared channel with CP-OFDM: a
// [Transmitter] from transport block to resource grid, and a [Receiver] back.
//
// The receiver is a chain of steps, each of which is also there by itself, so
// that package ran/block runs the same steps as separate functions:
//
//	grid  ── ExtractPilots ──▶ Synchronizer ──▶ Estimator ──▶ channel
//	grid  ── ExtractData ────▶ Equalizer (channel) ─────────▶ symbols of each UE
//	symbols ── Demap ────────▶ soft bits
//	soft bits ── sch.Decoder.Combine ──▶ sch.SoftBuffer (HARQ state)
//	sch.SoftBuffer ── sch.Decoder.Decode ──▶ transport block
//
// [Blocks] holds what a researcher replaces: synchronizer, estimator, equalizer
// and demapper, each behind an interface of one or two methods. The coding chain
// is that of package phy/sch, which the downlink shares; [NewCode] says what it
// must know of a grant. The only state of the receiver is the [sch.SoftBuffer] of
// each HARQ process, and the caller keeps it.
//
// An estimator of a third party has two methods, see [Estimator]. It sets in its channel
// Group and Offsets, as it gets them, Anchors and Weights, the noise (NumBundles,
// BundlePRB, NoiseCov), ErrorRatio where it knows it, and SNR; one that builds on
// another, as here, inherits all of it:
//
//	type smooth struct{ pusch.Estimator }
//
//	func (s smooth) Estimate(dst *nr.Channel, p *nr.Pilots, o *nr.Offsets) error {
//		err := s.Estimator.Estimate(dst, p, o)
//		... // change dst.Anchors
//		return err
//	}
//
// The program examples/extend runs it in the chain of ran/uplink; phy/chest/chesttest
// says what an estimator must do.
//
// What the standard allows and this package does not is refused by
// [nr.Grant.Validate]: transform precoding, UCI, PT-RS, frequency hopping.
//
// TS 38.211 §6.3.1 and §6.4.1.1, TS 38.212 §6.2, TS 38.214 §6.1.
package pusch
