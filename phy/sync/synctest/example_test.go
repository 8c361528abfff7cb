// SPDX-License-Identifier: Apache-2.0

package synctest_test

import (
	"testing"

	"github.com/neuroran/neuroran/phy/dmrs"
	"github.com/neuroran/neuroran/phy/sync"
	"github.com/neuroran/neuroran/phy/sync/synctest"
)

// A test of a synchronizer of one's own.
func ExampleRun() {
	_ = func(t *testing.T) {
		synctest.Run(t, func(ref *dmrs.Reference) sync.Synchronizer { return sync.NewCorrelator(ref) },
			synctest.Options{DelaySeconds: 5e-9, DelayPerNoise: 60e-9, CFOHz: 1, CFOPerNoise: 160})
	}
	// Output:
}
