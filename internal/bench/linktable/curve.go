// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"context"
	"math"
	"slices"

	"github.com/neuroran/neuroran/phy/link"
	"github.com/neuroran/neuroran/phy/nr"
)

// sizes are the transport blocks that are measured, in bits: one code block each, from
// the smallest ones to the largest of either base graph.
var sizes = [...]int{96, 256, 736, 1928, 3752, 8424}

// again are the sizes that are measured after retransmissions too.
var again = [...]int{736, 3752}

// versions are the redundancy versions in the order of transmission.
var versions = [...]int{0, 2, 3, 1}

// lowRate is the code rate up to which base graph 2, whose code blocks end at 3840
// bits, has transport blocks of all sizes (TS 38.212 §6.2.2), in units of 1/2048.
const lowRate = 512

// curve is one line of the table.
type curve struct {
	mcs           nr.MCS
	tbs           int
	transmissions int
	blockBits     int // K', bits of the only code block with its CRC
	fit           fit
}

// plan returns the curves of all modulations and code rates, each once.
func plan() []curve {
	var all []nr.MCS
	for _, t := range []nr.MCSTable{nr.MCSTable64QAM, nr.MCSTable256QAM, nr.MCSTableLowSE} {
		for i := range nr.MaxMCSIndex + 1 {
			if m, err := t.Row(i); err == nil && !m.Reserved() {
				all = append(all, m)
			}
		}
	}
	slices.SortFunc(all, func(a, b nr.MCS) int {
		return cmp.Or(cmp.Compare(a.Modulation, b.Modulation), cmp.Compare(a.Rate, b.Rate))
	})
	var curves []curve
	for _, m := range slices.Compact(all) {
		for _, tbs := range sizes {
			if m.Rate <= lowRate && tbs > 3824 {
				continue
			}
			for n := 1; n <= len(versions); n++ {
				if n == 1 || slices.Contains(again[:], tbs) {
					curves = append(curves, curve{mcs: m, tbs: tbs, transmissions: n})
				}
			}
		}
	}
	return curves
}

// Batches of a curve: scouts find where the block error rate falls, the others fit it.
const (
	batch     = 40
	minBlocks = 4 * batch
)

// measure sends the blocks of the curve and fits it.
func (c *curve) measure(ctx context.Context, blocks int, seed uint64) error {
	chain, err := newChain(c)
	if err != nil {
		return err
	}
	c.blockBits = chain.code.Segmentation.KPrime
	// From the SINR at which capacity is the rate of all transmissions together, up or
	// down until some blocks are right and some are wrong.
	rate := c.mcs.Rate.Float() * float64(c.mcs.Modulation.BitsPerSymbol()) / float64(c.transmissions)
	c.fit = fit{mid: 10*math.Log10(math.Exp2(rate)-1) + 1, width: 0.5}
	var points []link.Point
	for sent := 0; sent < blocks; sent += batch {
		at := c.fit.mid + c.fit.width*[...]float64{0, -1, 1}[sent/batch%3]
		p, err := link.Run(ctx, link.Config{
			SNRdB: []float64{at}, NewChain: func() (link.Chain, error) { return chain.simulate, nil },
			MaxTrials: batch, Seed: seed<<32 + uint64(sent), Workers: 1,
		})
		if err != nil {
			return err
		}
		if points = append(points, p...); mixed(points) {
			c.fit.update(points)
			continue
		}
		if p[0].BlockErrors > 0 {
			c.fit.mid++
		} else {
			c.fit.mid--
		}
	}
	return nil
}

// mixed reports whether some blocks were wrong and some were right.
func mixed(points []link.Point) bool {
	wrong, all := 0, 0
	for i := range points {
		wrong, all = wrong+points[i].BlockErrors, all+points[i].Blocks
	}
	return wrong > 0 && wrong < all
}
