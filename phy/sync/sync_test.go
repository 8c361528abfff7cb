// SPDX-License-Identifier: Apache-2.0

package sync_test

import (
	"errors"
	"testing"

	"github.com/neuroran/neuroran/phy/dmrs"
	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/phy/sync"
	"github.com/neuroran/neuroran/phy/sync/synctest"
)

func TestCorrelator(t *testing.T) {
	synctest.Run(t, func(ref *dmrs.Reference) sync.Synchronizer { return newCorrelator(t, ref) },
		synctest.Options{DelaySeconds: 5e-9, DelayPerNoise: 60e-9, CFOHz: 1, CFOPerNoise: 160})
}

func TestUnknownName(t *testing.T) {
	ref, _ := dmrs.NewReference(nr.DefaultGroupLimits())
	var field *nr.FieldError
	if _, err := sync.New("cp", sync.Config{}, ref); !errors.As(err, &field) {
		t.Errorf("got %v, want a *nr.FieldError", err)
	}
}

func newCorrelator(tb testing.TB, ref *dmrs.Reference) *sync.Correlator {
	tb.Helper()
	s, err := sync.NewCorrelator(sync.Config{}, ref)
	if err != nil {
		tb.Fatal(err)
	}
	return s
}
