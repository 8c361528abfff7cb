// SPDX-License-Identifier: Apache-2.0

package main

import (
	"github.com/neuroran/neuroran/phy/channel"
	"github.com/neuroran/neuroran/phy/link"
)

// noInterferer is a ratio that stands for none.
const noInterferer = -99

// orderRow is the block error rate with some antennas.
type orderRow struct {
	Case     string  `json:"case"`
	Receiver string  `json:"receiver"`
	Profile  string  `json:"interferer"`
	PRB      int     `json:"prb"`
	SNRdB    float64 `json:"snr_db"`
	INRdB    float64 `json:"inr_db"`
	Rx       int     `json:"rx"`
	Trials   int     `json:"trials"`
	BLER     float64 `json:"bler"`
	Low      float64 `json:"bler_low"`
	High     float64 `json:"bler_high"`
	Met      bool    `json:"met"` // not above the row with fewer antennas, beyond the intervals
}

// order plays more and more antennas.
func (b *bench) order() error {
	o := b.options
	o.rx = nil // each row with all numbers of antennas
	for p := range o.points() {
		profile, err := profileByName(p.profile)
		if err != nil {
			return err
		}
		for _, inr := range o.inr {
			r := orderRow{Case: "order", Receiver: p.receiver, Profile: p.profile, PRB: p.prb, SNRdB: p.snr, INRdB: inr}
			if err := b.orderRows(r, channel.Config{Profile: profile, DopplerHz: o.doppler}); err != nil {
				return err
			}
		}
	}
	return nil
}

// orderRows prints a row for each number of antennas.
func (b *bench) orderRows(r orderRow, path channel.Config) error {
	fewer := 1.0 // upper end of the interval with fewer antennas
	for _, rx := range b.options.rx {
		cfg := b.setup(r.Receiver, r.PRB, rx, 1)
		if r.INRdB > noInterferer {
			cfg.Interferers = []link.Interferer{{Channel: path, INRdB: r.INRdB}}
		}
		got, err := b.play(cfg, r.SNRdB, false, b.options.seed)
		if err != nil {
			return err
		}
		r.Rx, r.Trials, r.BLER, r.Low, r.High = rx, got.Trials, round(got.BLER()), round(got.Low), round(got.High)
		r.Met, fewer = got.Low <= fewer, got.High
		if err := b.row(r, &r.Met); err != nil {
			return err
		}
	}
	return nil
}
