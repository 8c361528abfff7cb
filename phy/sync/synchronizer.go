// SPDX-License-Identifier: Apache-2.0

package sync

import (
	"github.com/neuroran/neuroran/phy/dmrs"
	"github.com/neuroran/neuroran/phy/nr"
)

// Synchronizer measures delay and carrier offset of every UE of a PRB group on
// its DM-RS. The implementation is [Correlator]; package synctest states what all
// of them promise. A Synchronizer is for one goroutine at a time.
//
// The pilots are the DM-RS of TS 38.211 §6.4.1.1.
type Synchronizer interface {
	// Configure selects the group of the next pilots, which [nr.NewGroup] must
	// have returned. It returns a [*nr.ShapeError] for a group beyond the
	// limits. It does not allocate.
	Configure(group *nr.Group) error

	// Estimate measures the offsets of the configured group.
	//
	//   - dst: is replaced
	//   - pilots: [rx, DM-RS symbol, 12·NumPRB] of the configured group
	//
	// It returns [nr.ErrNotConfigured] for the pilots of another group and a
	// [*nr.ShapeError] if dimensions disagree. It does not allocate.
	Estimate(dst *nr.Offsets, pilots *nr.Pilots) error
}

// New returns the named model-driven synchronizer, "correlator", with memory for
// the limits of ref. Blocks that share ref make the reference signal of a slot
// once, and are for one goroutine together. New returns a [*nr.FieldError] for
// another name or a value out of range.
func New(name string, cfg Config, ref *dmrs.Reference) (Synchronizer, error) {
	if name != "correlator" {
		return nil, &nr.FieldError{Field: "synchronizer", Got: name, Want: "correlator"}
	}
	return NewCorrelator(cfg, ref)
}
