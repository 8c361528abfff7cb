// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"io"
	"math"
	"slices"

	"github.com/neuroran/neuroran/phy/link"
)

const (
	target   = 0.7 // of the largest throughput
	guessDB  = 3   // margin that is tried first
	furthest = 12  // dB from the requirement
)

// point is the throughput at one signal to noise ratio.
type point struct {
	snrDB      float64
	throughput float64
	std        float64 // standard deviation of the throughput
	slots      int     // transmissions
}

// measure simulates a row at its requirement, and then in steps of 1 dB until the
// target lies between two neighbours: from below where the requirement is met with
// room to spare, and upwards where it is not.
func (o *options) measure(ctx context.Context, r *row, b *book) error {
	p, err := o.point(ctx, r, b, r.snrDB)
	if err != nil {
		return err
	}
	start := r.snrDB
	if p.throughput >= target {
		start -= guessDB
		if p, err = o.point(ctx, r, b, start); err != nil {
			return err
		}
	}
	reached := p.throughput >= target
	step := 1.0
	if reached {
		step = -1
	}
	for snr := start + step; math.Abs(snr-r.snrDB) < furthest; snr += step {
		if p, err = o.point(ctx, r, b, snr); err != nil || (p.throughput >= target) != reached {
			return err
		}
	}
	return nil
}

// point returns a point of the book, or simulates it.
func (o *options) point(ctx context.Context, r *row, b *book, snr float64) (point, error) {
	key := r.key(o)
	for _, p := range b.points[key] {
		if math.Abs(p.snrDB-snr) < 1e-6 {
			return p, nil
		}
	}
	cfg, err := r.config(o)
	if err != nil {
		return point{}, err
	}
	points, err := link.Run(ctx, link.Config{
		SNRdB: []float64{snr}, MaxTrials: o.trials, Seed: o.seed, Workers: o.workers,
		NewChain: func() (link.Chain, error) {
			h, err := link.NewHARQ(cfg)
			if err != nil {
				return nil, err
			}
			return h.Chain(), nil
		},
	})
	if err != nil {
		return point{}, err
	}
	p := point{snr, points[0].Throughput(), points[0].ThroughputStd, o.trials * o.rounds}
	return p, b.add(key, p)
}

// key names the points of a row under the options that change them.
func (r *row) key(o *options) string {
	return fmt.Sprintf("%s|%s|%dx%d/%d|seed %d|time %t", r.ref, o.receiver, o.trials, o.rounds, o.step, o.seed, o.time)
}

// margin returns the requirement less the signal to noise ratio at which the target is
// reached, by linear interpolation, and the half width of its 95 % interval from the
// slope there. Both are NaN where the points do not enclose the target.
func (r *row) margin(points []point) (db, half float64) {
	points = slices.Clone(points)
	slices.SortFunc(points, func(a, b point) int { return int(math.Copysign(1, a.snrDB-b.snrDB)) })
	for i := 1; i < len(points); i++ {
		a, b := points[i-1], points[i]
		if a.throughput >= target || b.throughput < target {
			continue
		}
		slope := (b.throughput - a.throughput) / (b.snrDB - a.snrDB)
		at := a.snrDB + (target-a.throughput)/slope
		return r.snrDB - at, 1.96 * max(a.std, b.std) / slope
	}
	return math.NaN(), math.NaN()
}

// print writes a line of the table.
func (r *row) print(w io.Writer, points []point) {
	for _, p := range points {
		if p.snrDB == r.snrDB {
			db, half := r.margin(points)
			fmt.Fprintf(w, "| %s | %s-%.0f %dT%dR %d PRB | %.1f | %.3f ± %.3f | %.1f ± %.1f | %d |\n",
				r.ref, r.profile, r.dopplerHz, r.layers, r.rx, r.frc.prb, r.snrDB, p.throughput, 1.96*p.std, db, half, p.slots)
		}
	}
}
