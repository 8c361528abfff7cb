// SPDX-License-Identifier: Apache-2.0

package dtx_test

import (
	"fmt"
	"math/rand/v2"

	"github.com/neuroran/neuroran/phy/dmrs"
	"github.com/neuroran/neuroran/phy/dmrs/dmrstest"
	"github.com/neuroran/neuroran/phy/dtx"
	"github.com/neuroran/neuroran/phy/nr"
)

// Two UEs are scheduled on the same PRBs and CDM group; the second missed its grant.
func Example() {
	group := dmrstest.Group(6, 0, 1)
	pilots := dmrstest.Pilots(&group, 2, func(layer, _, _, _ int) complex128 { return complex(float64(1-layer), 0) })
	dmrstest.AddNoise(&pilots, rand.New(rand.NewPCG(1, 1)), 0.5)

	ref, err := dmrs.NewReference(nr.DefaultGroupLimits())
	if err != nil {
		fmt.Println(err)
		return
	}
	detector := dtx.New(ref)
	var present [nr.MaxUEs]bool
	if err := detector.Configure(&group); err != nil {
		fmt.Println(err)
		return
	}
	if err := detector.Detect(&present, &pilots); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(present[:group.NumUEs])
	// Output: [true false]
}
