// SPDX-License-Identifier: Apache-2.0

package block

import (
	"errors"

	"github.com/neuroran/neuroran/phy/pusch"
	"github.com/neuroran/neuroran/sfaas"
)

// Meter is what a worker measures pilots with: [NewSynchronize] and [NewEstimate] of
// one chain take the same, so that the reference signal of a slot, which both
// compare with, is made once.
type Meter = sfaas.Scratch[pusch.Meter]

// NewMeter declares what measures pilots. Open makes one for each worker.
func NewMeter(open func() (pusch.Meter, error)) Meter {
	return sfaas.NewScratch("meter", open, func(m pusch.Meter) error {
		return errors.Join(closer(m.Synchronizer), closer(m.Estimator))
	})
}
