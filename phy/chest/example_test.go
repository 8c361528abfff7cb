// SPDX-License-Identifier: Apache-2.0

package chest_test

import (
	"fmt"
	"math"
	"math/cmplx"

	"github.com/neuroran/neuroran/phy/chest"
	"github.com/neuroran/neuroran/phy/dmrs"
	"github.com/neuroran/neuroran/phy/nr"
)

// pilots returns the DM-RS of one UE on 24 PRBs with a delay and an offset.
func pilots(delay, hz float64) nr.Pilots {
	const prb = 24
	p := nr.Pilots{Group: nr.Group{
		Mu: 1, NumPRB: prb, NumSymbols: 14, DMRSMask: 1<<2 | 1<<11, ConfigType: 1, Length: 1,
		NumCDMGroupsWithoutData: 2, NumUEs: 1, NumLayers: 1,
	}}
	p.Group.UEs[0] = nr.UE{NumLayers: 1}
	p.RE.Resize(1, 2, 12*prb)
	ref := make([]complex64, 6*prb)
	for s, l := range []int{2, 11} {
		dmrs.Sequence(ref, 1, 0, dmrs.CInit(1, 0, l, 0, 0))
		at := float64(l*2192+144+32) / 2048 / 30e3
		for i, r := range ref {
			phase := 2 * math.Pi * (hz*at - float64(2*i)*30e3*delay)
			p.RE.Row(0, s)[2*i] = complex64(cmplx.Rect(math.Sqrt2, phase)) * r
		}
	}
	return p
}

func ExampleEstimator_Estimate() {
	e, err := chest.New(chest.Config{Method: chest.LMMSE}, chest.DefaultLimits())
	if err != nil {
		panic(err)
	}
	p := pilots(0, 0)
	if err := e.Configure(&p.Group); err != nil {
		panic(err)
	}
	var ch nr.Channel
	if err := e.Estimate(&ch, &p, &nr.Offsets{}); err != nil {
		panic(err)
	}
	h := ch.Weights.Row(0, 5)[0] * ch.Anchors.Row(0, 0, 0)[100]
	fmt.Printf("anchors %d, |h| = %.2f\n", ch.Anchors.Dim(2), cmplx.Abs(complex128(h)))
	// Output: anchors 1, |h| = 1.00
}
