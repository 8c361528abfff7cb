// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"math"

	"github.com/neuroran/neuroran/phy/channel"
	"github.com/neuroran/neuroran/phy/link"
)

// point is one SNR on so many PRBs, averaged in dB over fading slots: what the receiver had
// with the true channel, what it had, and what it said.
type point struct {
	Receiver   string  `json:"receiver"`
	PRB        int     `json:"prb"`
	SNRdB      float64 `json:"snr_db"`
	BestDB     float64 `json:"best_db"`
	TrueDB     float64 `json:"true_db"`
	ReportedDB float64 `json:"reported_db"`
}

// sinrFit are the constants of the abstract air that lie nearest: an element of SINR γ becomes
// one of 1/((1 + loss + loss_prb/PRBs)/γ + floor), and gain·γ + offset is reported.
type sinrFit struct {
	Receiver string  `json:"receiver"`
	Loss     float64 `json:"loss"`
	LossPRB  float64 `json:"loss_prb"`
	Floor    float64 `json:"floor"`
	Gain     float64 `json:"gain"`
	Offset   float64 `json:"offset"`
	RMSdB    float64 `json:"true_rms_db"`     // from 0 dB on
	SaidDB   float64 `json:"reported_rms_db"` // from 0 dB on
}

// sinr measures the points of a receiver and fits them.
func (cfg *config) sinr() error {
	var points []point
	for _, prb := range []int{2, 6, 24} {
		for _, snr := range []float64{-4, 0, 6, 12, 18, 24, 30} {
			p, err := cfg.point(prb, snr)
			if err != nil {
				return err
			}
			points = append(points, p)
			if err := cfg.out.Encode(p); err != nil {
				return err
			}
		}
	}
	return cfg.out.Encode(fitSINR(cfg.receiver, points))
}

func (cfg *config) point(prb int, snr float64) (point, error) {
	c, err := carrier(24)
	if err != nil {
		return point{}, err
	}
	g := pattern()
	g.NumPRB, g.MCSIndex = prb, 10
	p, err := link.NewPUSCH(link.PUSCHConfig{Carrier: c, NumRx: 2, Receiver: cfg.receiver, UEs: []link.UE{
		{Grant: g, Channel: channel.Config{Profile: channel.TDLB100(), DopplerHz: 20}},
	}})
	if err != nil {
		return point{}, err
	}
	x := point{Receiver: cfg.receiver, PRB: prb, SNRdB: snr}
	for i := range cfg.slots {
		if _, err := p.Simulate(link.Trial{SNRdB: snr, Index: i, Seed: cfg.seed<<32 + uint64(i)}); err != nil {
			return point{}, fmt.Errorf("%d PRBs at %g dB: %w", prb, snr, err)
		}
		n := float64(cfg.slots)
		x.BestDB += decibel(p.BestSINR(0)) / n
		x.TrueDB += decibel(p.SINR(0)) / n
		x.ReportedDB += decibel(float64(p.Last().Quality[0].SINR)) / n
	}
	return x, nil
}

func decibel(x float64) float64 { return 10 * math.Log10(max(x, 1e-3)) }

// fitSINR searches each constant in turns on ever finer grids.
func fitSINR(receiver string, points []point) sinrFit {
	x := [5]float64{0.05, 0.05, 2e-5, 0.95, 0.1}
	step := [5]float64{0.05, 0.05, 2e-5, 0.05, 0.2}
	for range 400 {
		for i := range x {
			best := x[i]
			for _, to := range []float64{x[i] - step[i], x[i] + step[i]} {
				y := x
				y[i] = max(to, 0)
				if misfit(points, &y) < misfit(points, withValue(x, i, best)) {
					best = y[i]
				}
			}
			if best == x[i] {
				step[i] *= 0.7
			}
			x[i] = best
		}
	}
	f := sinrFit{Receiver: receiver, Loss: x[0], LossPRB: x[1], Floor: x[2], Gain: x[3], Offset: x[4]}
	f.RMSdB, f.SaidDB = rms(points, &x)
	return f
}

func withValue(x [5]float64, i int, v float64) *[5]float64 {
	x[i] = v
	return &x
}

func misfit(points []point, x *[5]float64) float64 {
	a, b := rms(points, x)
	return a*a + b*b
}

// rms returns by how much the model is off, from 0 dB on, where outcomes depend on it. What is
// reported is the mean over the resource elements, which is that of one element on the fewest
// PRBs only, where the channel is flat; so these alone count there.
func rms(points []point, x *[5]float64) (trueDB, reportedDB float64) {
	all, flat := 0.0, 0.0
	for i := range points {
		p := &points[i]
		if p.SNRdB < 0 {
			continue
		}
		gamma := math.Pow(10, p.BestDB/10)
		a := decibel(1/((1+x[0]+x[1]/float64(p.PRB))/gamma+x[2])) - p.TrueDB
		trueDB, all = trueDB+a*a, all+1
		if p.PRB == points[0].PRB {
			b := decibel(x[3]*gamma+x[4]) - p.ReportedDB
			reportedDB, flat = reportedDB+b*b, flat+1
		}
	}
	return math.Sqrt(trueDB / all), math.Sqrt(reportedDB / flat)
}
