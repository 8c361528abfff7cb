// SPDX-License-Identifier: Apache-2.0

package chesttest_test

import (
	"fmt"

	"github.com/neuroran/neuroran/phy/chest/chesttest"
	"github.com/neuroran/neuroran/phy/dmrs/dmrstest"
	"github.com/neuroran/neuroran/phy/nr"
)

func ExampleMeanSquaredError() {
	g := dmrstest.Group(1, 0)
	ray := dmrstest.Ray(&g, 0, 0)
	ch := nr.Channel{Group: g} // an estimate of one half where the truth is one
	ch.Anchors.Resize(1, 1, 1, 12)
	ch.Weights.Resize(1, 14, 1)
	for i := range ch.Weights.Data() {
		ch.Weights.Data()[i] = 0.5
	}
	for k := range ch.Anchors.Data() {
		ch.Anchors.Data()[k] = 1
	}
	fmt.Println(chesttest.MeanSquaredError(&ch, ray))
	// Output: 0.25
}
