// SPDX-License-Identifier: Apache-2.0

package uplink_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"

	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/phy/pusch"
	"github.com/neuroran/neuroran/ran/block"
	"github.com/neuroran/neuroran/ran/uplink"
)

var errSingular = errors.New("singular matrix")

// broken is an estimator that always fails.
type broken struct{ pusch.Estimator }

// Configure implements pusch.Estimator.
func (broken) Configure(*nr.Group) error { return nil }

// Estimate implements pusch.Estimator.
func (broken) Estimate(*nr.Channel, *nr.Pilots, *nr.Offsets) error { return errSingular }

// TestFaultIsNoSkippedWork plays a recording with an estimator that fails: Play says
// so, and does not report what failed as late work is reported.
func TestFaultIsNoSkippedWork(t *testing.T) {
	f := openFrame(t)
	est := block.NewEstimate(f.cfg, "broken", block.NewMeter(func() (pusch.Meter, error) { return pusch.Meter{Estimator: broken{}}, nil }))
	c := f.chain(t, uplink.Config{Steps: uplink.Steps{Estimate: est}})
	report, err := c.Play(context.Background(), f.rec, uplink.PlayConfig{Slots: 1, Logger: slog.New(slog.DiscardHandler)})
	if errors.Is(err, errSingular) {
		return
	}
	for _, x := range report.Transmissions {
		if x.Outcome != nr.OutcomeFault {
			t.Errorf("slot %d RNTI %d: its estimation failed, and its outcome is %v; Play returned %v", x.Slot, x.Grant.RNTI, x.Outcome, err)
		}
	}
}
