// SPDX-License-Identifier: Apache-2.0

package chest

import (
	"github.com/neuroran/neuroran/phy/dmrs"
	"github.com/neuroran/neuroran/phy/nr"
)

// Estimator estimates the channel of a PRB group, and noise and interference,
// from its DM-RS. Implementations are [LS] and [LMMSE]; package chesttest states
// what all of them promise. An Estimator is for one goroutine at a time.
//
// The pilots are the DM-RS of PUSCH, TS 38.211 §6.4.1.1.
type Estimator interface {
	// Configure selects the group of the next pilots, which [nr.NewGroup] must
	// have returned. It returns a [*nr.ShapeError] for a group beyond the
	// limits. It does not allocate.
	Configure(group *nr.Group) error

	// Estimate writes the channel of the configured group.
	//
	//   - dst: all fields are replaced, tensors resized. Group, Offsets, Anchors,
	//     Weights, NumBundles, BundlePRB and NoiseCov make an equalizer work; the
	//     others may be zero, which stands for not known. NoiseCov must be
	//     positive definite unless all pilots are zero
	//   - pilots: [rx, DM-RS symbol, 12·NumPRB] of the configured group
	//   - offsets: delay and carrier offset of each UE, as phy/sync measures
	//     them on the same pilots; zero values are allowed
	//
	// It returns [nr.ErrNotConfigured] for the pilots of another group and a
	// [*nr.ShapeError] if dimensions disagree. It allocates only when a tensor
	// of dst has to grow.
	Estimate(dst *nr.Channel, pilots *nr.Pilots, offsets *nr.Offsets) error
}

// New returns the named model-driven estimator, "ls" or "lmmse", with memory for
// the limits of ref. Blocks that share ref make the reference signal of a slot
// once, and are for one goroutine together. New returns a [*nr.FieldError] for
// another name.
func New(name string, ref *dmrs.Reference) (Estimator, error) {
	switch name {
	case "ls":
		return NewLS(ref), nil
	case "lmmse":
		return NewLMMSE(ref), nil
	}
	return nil, &nr.FieldError{Field: "estimator", Got: name, Want: "ls or lmmse"}
}
