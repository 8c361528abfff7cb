// SPDX-License-Identifier: Apache-2.0

package equalizertest_test

import (
	"fmt"
	"math"
	"math/cmplx"
	"math/rand/v2"

	"github.com/neuroran/neuroran/phy/equalizer"
	"github.com/neuroran/neuroran/phy/equalizer/equalizertest"
	"github.com/neuroran/neuroran/phy/nr"
)

// Without noise, detection gives what was sent.
func ExampleLink() {
	link := equalizertest.NewLink(rand.New(rand.NewPCG(1, 2)), equalizertest.Group(1, 2, 1), 4, nil)
	detector, err := equalizer.New("zf", equalizer.DefaultLimits())
	if err != nil {
		panic(err)
	}
	out := make([]nr.Symbols, 1)
	if err := detector.Equalize(out, nr.ViewOf(&link.Data.RE), &link.Channel); err != nil {
		panic(err)
	}
	errs, _, _ := link.Errors(out)
	worst := 0.0
	for _, e := range errs {
		worst = max(worst, cmplx.Abs(e))
	}
	fmt.Printf("%d elements, none off by more than %g\n", len(errs), math.Ceil(worst*1e3)/1e3)
	// Output: 18 elements, none off by more than 0.001
}
