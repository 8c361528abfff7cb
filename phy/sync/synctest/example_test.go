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
		create := func(ref *dmrs.Reference) sync.Synchronizer {
			s, err := sync.New("correlator", sync.Config{}, ref)
			if err != nil {
				t.Fatal(err)
			}
			return s
		}
		synctest.Run(t, create,
			synctest.Options{DelaySeconds: 5e-9, DelayPerNoise: 60e-9, CFOHz: 1, CFOPerNoise: 160})
	}
	// Output:
}
