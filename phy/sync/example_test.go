// SPDX-License-Identifier: Apache-2.0

package sync_test

import (
	"fmt"
	"math"
	"math/cmplx"

	"github.com/neuroran/neuroran/phy/dmrs"
	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/phy/sync"
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

func ExampleSynchronizer_Estimate() {
	s, err := sync.New(sync.DefaultLimits())
	if err != nil {
		panic(err)
	}
	p := pilots(280e-9, 280)
	if err := s.Configure(&p.Group); err != nil {
		panic(err)
	}
	var off nr.Offsets
	if err := s.Estimate(&off, &p); err != nil {
		panic(err)
	}
	fmt.Printf("delay %.0f ns, offset %.0f Hz\n", off.DelaySeconds[0]*1e9, off.CFOHz[0])
	// Output: delay 280 ns, offset 280 Hz
}
