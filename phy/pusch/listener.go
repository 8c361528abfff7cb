// SPDX-License-Identifier: Apache-2.0

package pusch

import (
	"fmt"

	"github.com/neuroran/neuroran/phy/dmrs"
	"github.com/neuroran/neuroran/phy/dtx"
	"github.com/neuroran/neuroran/phy/nr"
)

// listener is an estimator that also tells which UEs do not transmit. Detection
// has no say in what is estimated and decoded: a UE whose pilots drown may still
// be decoded, and adds to the soft bits of its HARQ process.
type listener struct {
	Estimator
	detector *dtx.Detector
}

func newListener(e Estimator, ref *dmrs.Reference) *listener {
	return &listener{e, dtx.New(ref)}
}

// Configure implements [Estimator].
func (l *listener) Configure(g *nr.Group) error {
	if err := l.detector.Configure(g); err != nil {
		return fmt.Errorf("pusch: %w", err)
	}
	return l.Estimator.Configure(g)
}

// Estimate implements [Estimator].
func (l *listener) Estimate(dst *nr.Channel, pilots *nr.Pilots, offsets *nr.Offsets) error {
	if err := l.Estimator.Estimate(dst, pilots, offsets); err != nil {
		return err
	}
	var present [nr.MaxUEs]bool
	if err := l.detector.Detect(&present, pilots); err != nil {
		return fmt.Errorf("pusch: %w", err)
	}
	for u := range pilots.Group.NumUEs {
		dst.Absent[u] = !present[u]
	}
	return nil
}
