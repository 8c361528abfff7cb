// SPDX-License-Identifier: Apache-2.0

package equalizertest_test

import (
	"fmt"
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
	fmt.Printf("%d elements, first error %.3f\n", len(errs), real(errs[0]))
	// Output: 18 elements, first error 0.000
}
