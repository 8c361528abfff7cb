// SPDX-License-Identifier: Apache-2.0

package chest_test

import (
	"errors"
	"fmt"
	"math/cmplx"

	"github.com/neuroran/neuroran/phy/chest"
	"github.com/neuroran/neuroran/phy/dmrs"
	"github.com/neuroran/neuroran/phy/dmrs/dmrstest"
	"github.com/neuroran/neuroran/phy/nr"
)

func Example() {
	ref, err := dmrs.NewReference(nr.DefaultGroupLimits())
	if err != nil {
		panic(err)
	}
	estimator := chest.NewLMMSE(ref)

	group := dmrstest.Group(24, 0) // one UE on 24 PRBs
	pilots := dmrstest.Pilots(&group, 1, dmrstest.Ray(&group, 0, 0))
	var channel nr.Channel
	if err := errors.Join(estimator.Configure(&group), estimator.Estimate(&channel, &pilots, &nr.Offsets{})); err != nil {
		panic(err)
	}
	h := channel.Weights.Row(0, 5)[0] * channel.Anchors.Row(0, 0, 0)[100]
	fmt.Printf("anchors %d, |h| = %.2f\n", channel.Anchors.Dim(2), cmplx.Abs(complex128(h)))
	// Output: anchors 2, |h| = 1.00
}
