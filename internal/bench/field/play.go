// SPDX-License-Identifier: Apache-2.0

package main

import (
	"iter"
	"math"

	"github.com/neuroran/neuroran/phy/channel"
	"github.com/neuroran/neuroran/phy/link"
	"github.com/neuroran/neuroran/phy/nr"
)

// point is one combination of what the flags list.
type point struct {
	receiver, profile string
	prb, rx           int
	snr               float64
}

// points returns all combinations; a list that is empty stands for one zero value.
func (o *options) points() iter.Seq[point] {
	return func(yield func(point) bool) {
		for _, receiver := range o.receivers.orZero() {
			for _, profile := range o.profiles.orZero() {
				for _, prb := range o.prb.orZero() {
					for _, rx := range o.rx.orZero() {
						for _, snr := range o.snr.orZero() {
							if !yield(point{receiver, profile, prb, rx, snr}) {
								return
							}
						}
					}
				}
			}
		}
	}
}

// setup returns a link of UEs on the same PRBs, on successive DM-RS ports, whose
// channels are flat and stand still within a slot.
func (b *bench) setup(receiver string, prb, rx, ues int) link.PUSCHConfig {
	c := nr.Carrier{CellID: 7, SubcarrierSpacingKHz: 30, NumPRB: prb, FFTSize: 512}
	cfg := link.PUSCHConfig{Carrier: c, NumRx: rx, Receiver: receiver}
	for u := range ues {
		g := nr.Grant{
			RNTI: uint16(100 + u), NID: 10 + u, NumLayers: 1, NumAntennaPorts: 1, Mapping: nr.MappingA, NumSymbols: 14, NumPRB: prb,
			MCSTable: nr.MCSTable(b.options.table), MCSIndex: b.options.mcs, NewData: true,
			DMRS: nr.DMRS{
				ConfigType: 1, Length: 1, AdditionalPosition: 1, TypeAPosition: 2, NumCDMGroupsWithoutData: 2, NID: [2]int{6, 7},
			},
		}
		g.DMRS.Ports[0] = uint8(u)
		cfg.UEs = append(cfg.UEs, link.UE{Grant: g, Channel: channel.Config{Profile: channel.Flat()}})
	}
	return cfg
}

// result is what became of the trials of one link at one ratio.
type result struct {
	link.Point
	found int       // how often a silent UE was taken for one that transmits
	sinr  []float64 // of the first UE in each trial, dB
	best  []float64 // closed form of its largest value, dB
}

// play simulates a link, and with truth also what its first UE's SINR is and could be.
func (b *bench) play(cfg link.PUSCHConfig, snrDB float64, truth bool, seed uint64) (result, error) {
	points, r, err := b.curve(cfg, []float64{snrDB}, truth, seed)
	if err != nil {
		return result{}, err
	}
	r.Point = points[0]
	return r, nil
}

// curve simulates a link at several ratios, until fewer than one block in 20 is lost
// where it is more than one.
func (b *bench) curve(cfg link.PUSCHConfig, snrDB []float64, truth bool, seed uint64) ([]link.Point, result, error) {
	o := &b.options
	r := result{sinr: make([]float64, o.trials), best: make([]float64, o.trials)}
	found := make([]int, o.trials) // an entry per trial, whichever worker plays it
	points, err := link.Run(b.ctx, link.Config{
		SNRdB: snrDB, MaxTrials: o.trials, Seed: seed, Workers: o.workers, StopBLER: 0.05,
		NewChain: func() (link.Chain, error) {
			p, err := link.NewPUSCH(cfg)
			if err != nil {
				return nil, err
			}
			return func(t link.Trial) (link.Outcome, error) {
				outcome, err := p.Simulate(t)
				if err != nil {
					return outcome, err
				}
				if truth {
					r.sinr[t.Index], r.best[t.Index] = toDB(max(p.SINR(0), hopeless)), toDB(max(p.BestSINR(0), hopeless))
				}
				found[t.Index] = 0
				for u := range cfg.UEs {
					if cfg.UEs[u].Silent && !p.Last().Absent[u] {
						found[t.Index]++
					}
				}
				return outcome, nil
			}, nil
		},
	})
	for _, n := range found {
		r.found += n
	}
	return points, r, err
}

// hopeless is the SINR below which nothing is received: how far below would decide over
// the mean in decibels.
const hopeless = 0.1

// lost returns the mean by which the SINR stays below its closed form, in dB, and the
// standard deviation of that mean.
func (r *result) lost() (mean, std float64) { return meanStd(difference(r.best, r.sinr)) }

// difference returns a − b.
func difference(a, b []float64) []float64 {
	d := make([]float64, len(a))
	for i := range a {
		d[i] = a[i] - b[i]
	}
	return d
}

// meanStd returns the mean of independent values, and its standard deviation.
func meanStd(x []float64) (mean, std float64) {
	n := float64(len(x))
	for _, v := range x {
		mean += v / n
	}
	for _, v := range x {
		std += (v - mean) * (v - mean)
	}
	return mean, math.Sqrt(std / (n - 1) / n)
}

func toDB(x float64) float64 { return 10 * math.Log10(x) }

// round keeps three digits behind the point: a row is read by people too. What is no
// number, such as the deviation of a single value, becomes 0, since JSON has no other.
func round(x float64) float64 {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return 0
	}
	return math.Round(1000*x) / 1000
}
