// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"os"

	"github.com/neuroran/neuroran/phy/link"
	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/phy/sch"
)

// bounds are the numbers of LDPC iterations whose cost in dB is measured.
var bounds = [...]int{2, 3, 4, 5, 6, 7, 8, 10, 12, 16, sch.DefaultIterations}

// boundSize is the transport block that they are measured with, bits.
const boundSize = 3752

// The SINRs of a scan, relative to where half of the blocks fail, dB.
const (
	scanFrom  = -0.75
	scanStep  = 0.25
	scanSteps = 28
)

// scan is how many blocks of one modulation and rate took how many iterations at each SINR.
// A decoder that may make fewer would have done the same up to there, so that one scan holds
// the outcome for every bound.
type scan struct {
	mcs   nr.MCS
	mid   float64                                   // dB, of scanFrom = 0
	took  [scanSteps][sch.DefaultIterations + 1]int // blocks that passed in so many iterations
	wrong [scanSteps]int                            // blocks that did not pass
	fits  [len(bounds)]fit
}

// measure sends so many blocks at each SINR about where curve c falls.
func (s *scan) measure(ctx context.Context, c *curve, blocks int, seed uint64) error {
	chain, err := newChain(c)
	if err != nil {
		return err
	}
	s.mcs, s.mid = c.mcs, c.fit.mid
	for i := range scanSteps {
		one := func(t link.Trial) (link.Outcome, error) {
			o, err := chain.simulate(t)
			if err == nil && o.BlockErrors == 0 {
				s.took[i][chain.got.Iterations]++
			}
			return o, err
		}
		at := s.mid + scanFrom + scanStep*float64(i)
		p, err := link.Run(ctx, link.Config{
			SNRdB: []float64{at}, NewChain: func() (link.Chain, error) { return one, nil },
			MaxTrials: blocks, Seed: seed<<32 + 1<<31 + uint64(i), Workers: 1,
		})
		if err != nil {
			return err
		}
		s.wrong[i] = p[0].BlockErrors
	}
	for k, bound := range bounds {
		s.fits[k] = s.fit(bound)
	}
	return nil
}

// fit fits the curve of a decoder with at most so many iterations.
func (s *scan) fit(bound int) fit {
	var points []link.Point
	for i := range scanSteps {
		p := link.Point{SNRdB: s.mid + scanFrom + scanStep*float64(i)}
		p.Blocks, p.BlockErrors = s.wrong[i], s.wrong[i]
		for n, blocks := range s.took[i] {
			p.Blocks += blocks
			if n > bound {
				p.BlockErrors += blocks
			}
		}
		points = append(points, p)
	}
	f := fit{mid: s.mid, width: usualWidth}
	f.update(points)
	return f
}

// needed returns the SINR at which a tenth of the blocks fail, dB.
func (f *fit) needed() float64 { return f.mid + f.width*math.Sqrt2*math.Erfinv(0.8) }

// writeBounds writes, for each modulation and rate, by how many dB more a tenth of the blocks
// fails with each bound than without one, as package mac reads it, and the largest standard
// deviation of the error. Means over all lines follow as a comment: the iterations without a
// bound over the margin, the SINR above what is needed.
func writeBounds(name, recipe string, scans []scan) error {
	var b bytes.Buffer
	fmt.Fprintln(&b, recipe)
	fmt.Fprint(&b, "qm,rate2048")
	for _, bound := range bounds {
		fmt.Fprintf(&b, ",loss%d_db", bound)
	}
	fmt.Fprintln(&b, ",std_db")
	var means [2*maxMargin + 1]float64
	for i := range scans {
		s := &scans[i]
		all, std := &s.fits[len(bounds)-1], 0.0
		fmt.Fprintf(&b, "%d,%d", s.mcs.Modulation.BitsPerSymbol(), s.mcs.Rate)
		for k := range bounds {
			fmt.Fprintf(&b, ",%.3f", s.fits[k].needed()-all.needed())
			std = max(std, math.Hypot(s.fits[k].midStd, all.midStd))
		}
		fmt.Fprintf(&b, ",%.3f\n", std)
		for k := range means {
			means[k] += s.mean(all.needed()+float64(k-2)/2) / float64(len(scans))
		}
	}
	fmt.Fprint(&b, "# mean iterations at margins from -1 dB on, in steps of 0.5 dB:")
	for _, x := range means {
		fmt.Fprintf(&b, " %.2f", x)
	}
	fmt.Fprintln(&b)
	return os.WriteFile(name, b.Bytes(), 0o666)
}

// maxMargin is the largest margin, less 1, of which the mean is written, dB.
const maxMargin = 5

// mean returns the mean iterations without a bound at a SINR, with straight lines between
// those of the scan.
func (s *scan) mean(at float64) float64 {
	x := min(max((at-s.mid-scanFrom)/scanStep, 0), scanSteps-1)
	i := min(int(x), scanSteps-2)
	a, b := s.meanAt(i), s.meanAt(i+1)
	return a + (x-float64(i))*(b-a)
}

func (s *scan) meanAt(i int) float64 {
	sum, n := s.wrong[i]*sch.DefaultIterations, s.wrong[i]
	for k, blocks := range s.took[i] {
		sum, n = sum+blocks*k, n+blocks
	}
	return float64(sum) / float64(n)
}
