// SPDX-License-Identifier: Apache-2.0

package main

import "github.com/neuroran/neuroran/phy/link"

// What the case part disturbs, and what that may cost.
const (
	partStartPRB = 10
	partNumPRB   = 2
	partLimitDB  = 1
)

// partRow is the ratio of 10 % block errors with and without the interferer.
type partRow struct {
	Case     string  `json:"case"`
	Receiver string  `json:"receiver"`
	PRB      int     `json:"prb"`
	Rx       int     `json:"rx"`
	INRdB    float64 `json:"inr_db"`
	Trials   int     `json:"trials"`
	Without  float64 `json:"without_db"`
	With     float64 `json:"with_db"`
	Low      float64 `json:"with_low_db"`
	High     float64 `json:"with_high_db"`
	Cost     float64 `json:"cost_db"`
	Met      bool    `json:"met"`
}

// part plays curves in steps of half a decibel, on the same channels and noise.
func (b *bench) part() error {
	o := &b.options
	var snr []float64
	for x := -8.0; x <= 16; x += 0.5 {
		snr = append(snr, x)
	}
	for p := range o.points() {
		cfg := b.setup(p.receiver, p.prb, p.rx, 1)
		points, _, err := b.curve(cfg, snr, false, o.seed)
		if err != nil {
			return err
		}
		without, _, _ := link.Crossing(points, 0.1)
		for _, inr := range o.inr {
			cfg.Interferers = []link.Interferer{{INRdB: inr, StartPRB: partStartPRB, NumPRB: partNumPRB}}
			if points, _, err = b.curve(cfg, snr, false, o.seed); err != nil {
				return err
			}
			with, low, high := link.Crossing(points, 0.1)
			r := partRow{"part", p.receiver, p.prb, p.rx, inr, o.trials, round(without), round(with), round(low), round(high), round(with - without), with-without <= partLimitDB}
			if err := b.row(r, &r.Met); err != nil {
				return err
			}
		}
	}
	return nil
}
