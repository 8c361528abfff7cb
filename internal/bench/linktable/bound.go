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

// writeBounds writes by how many dB more a tenth of the blocks fails with each bound than
// with [sch.DefaultIterations], and what iterations are expected with it over the margin:
// the SINR above what is needed without a bound.
func writeBounds(name, recipe string, scans []scan) error {
	var b bytes.Buffer
	fmt.Fprintln(&b, recipe)
	fmt.Fprintln(&b, "qm,rate2048,iterations,loss_db,std_db,mean_m1db,mean_0db,mean_1db,mean_2db,mean_3db,mean_4db")
	for i := range scans {
		s := &scans[i]
		all := &s.fits[len(bounds)-1]
		for k, bound := range bounds {
			fmt.Fprintf(&b, "%d,%d,%d,%.3f,%.3f", s.mcs.Modulation.BitsPerSymbol(), s.mcs.Rate, bound,
				s.fits[k].needed()-all.needed(), math.Hypot(s.fits[k].midStd, all.midStd))
			for margin := -1; margin <= 4; margin++ {
				fmt.Fprintf(&b, ",%.2f", s.mean(bound, all.needed()+float64(margin)))
			}
			fmt.Fprintln(&b)
		}
	}
	return os.WriteFile(name, b.Bytes(), 0o666)
}

// mean returns the mean iterations with a bound at a SINR, with straight lines between those
// of the scan.
func (s *scan) mean(bound int, at float64) float64 {
	x := min(max((at-s.mid-scanFrom)/scanStep, 0), scanSteps-1)
	i := min(int(x), scanSteps-2)
	a, b := s.meanAt(bound, i), s.meanAt(bound, i+1)
	return a + (x-float64(i))*(b-a)
}

func (s *scan) meanAt(bound, i int) float64 {
	sum, n := s.wrong[i]*bound, s.wrong[i]
	for k, blocks := range s.took[i] {
		sum, n = sum+blocks*min(k, bound), n+blocks
	}
	return float64(sum) / float64(n)
}
