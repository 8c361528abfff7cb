// SPDX-License-Identifier: Apache-2.0

package sync_test

import (
	"errors"
	"fmt"

	"github.com/neuroran/neuroran/phy/dmrs"
	"github.com/neuroran/neuroran/phy/dmrs/dmrstest"
	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/phy/sync"
)

func Example() {
	ref, err := dmrs.NewReference(nr.DefaultGroupLimits())
	if err != nil {
		panic(err)
	}
	synchronizer, err := sync.NewCorrelator(sync.Config{CFOLimitHz: sync.CFOLimit(2e9, 50)}, ref)
	if err != nil {
		panic(err)
	}

	group := dmrstest.Group(24, 0) // one UE on 24 PRBs, 280 ns late and 280 Hz too high
	pilots := dmrstest.Pilots(&group, 1, dmrstest.Ray(&group, 280e-9, 280))
	var off nr.Offsets
	if err := errors.Join(synchronizer.Configure(&group), synchronizer.Estimate(&off, &pilots)); err != nil {
		panic(err)
	}
	fmt.Printf("delay %.0f ns, offset %.0f Hz\n", off.DelaySeconds[0]*1e9, off.CFOHz[0])
	// Output: delay 280 ns, offset 280 Hz
}
