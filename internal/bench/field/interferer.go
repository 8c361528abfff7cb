// SPDX-License-Identifier: Apache-2.0

package main

import (
	"github.com/neuroran/neuroran/phy/channel"
	"github.com/neuroran/neuroran/phy/link"
)

// interfererLimitDB is what a flat interferer may cost beyond the closed form, on
// interfererLimitPRB and more.
const (
	interfererLimitDB  = 0.5
	interfererLimitPRB = 24
)

// interfererRow compares what an interferer costs a receiver with what it costs the
// best one.
type interfererRow struct {
	Case     string  `json:"case"`
	Receiver string  `json:"receiver"`
	Profile  string  `json:"interferer"`
	PRB      int     `json:"prb"`
	Rx       int     `json:"rx"`
	SNRdB    float64 `json:"snr_db"`
	INRdB    float64 `json:"inr_db"`
	Trials   int     `json:"trials"`
	BLER     float64 `json:"bler"`
	Low      float64 `json:"bler_low"`
	High     float64 `json:"bler_high"`
	SINR     float64 `json:"sinr_db"`
	Cost     float64 `json:"cost_db"`       // mean SINR without the interferer less that with it
	Closed   float64 `json:"least_cost_db"` // the same in the closed form
	Beyond   float64 `json:"beyond_db"`     // the difference of both, and its standard deviation
	Std      float64 `json:"beyond_std_db"`
	Met      *bool   `json:"met,omitempty"` // of flat interferers on the whole band
}

// interferer plays every ratio against the same slots without interference.
func (b *bench) interferer() error {
	for p := range b.options.points() {
		profile, err := profileByName(p.profile)
		if err != nil {
			return err
		}
		r := interfererRow{Case: "interferer", Receiver: p.receiver, Profile: p.profile, PRB: p.prb, Rx: p.rx, SNRdB: p.snr}
		if err := b.interfererRows(r, profile); err != nil {
			return err
		}
	}
	return nil
}

// interfererRows prints a row for each strength.
func (b *bench) interfererRows(r interfererRow, profile channel.Profile) error {
	cfg := b.setup(r.Receiver, r.PRB, r.Rx, 1)
	without, err := b.play(cfg, r.SNRdB, true, b.options.seed)
	if err != nil {
		return err
	}
	for _, inr := range b.options.inr {
		path := channel.Config{Profile: profile}
		if r.Profile != "flat" {
			path.DopplerHz = b.options.doppler
		}
		cfg.Interferers = []link.Interferer{{Channel: path, INRdB: inr}}
		with, err := b.play(cfg, r.SNRdB, true, b.options.seed)
		if err != nil {
			return err
		}
		sinr, _ := meanStd(with.sinr)
		cost, _ := meanStd(difference(without.sinr, with.sinr))
		closed, _ := meanStd(difference(without.best, with.best))
		beyond, std := meanStd(difference(difference(with.best, with.sinr), difference(without.best, without.sinr)))
		r.INRdB, r.Trials, r.BLER, r.Low, r.High = inr, with.Trials, round(with.BLER()), round(with.Low), round(with.High)
		r.SINR, r.Cost, r.Closed, r.Beyond, r.Std = round(sinr), round(cost), round(closed), round(beyond), round(std)
		if r.Met = nil; r.Profile == "flat" && r.PRB >= interfererLimitPRB {
			met := beyond <= interfererLimitDB
			r.Met = &met
		}
		if err := b.row(r, r.Met); err != nil {
			return err
		}
	}
	return nil
}

func profileByName(name string) (channel.Profile, error) {
	if name == "flat" {
		return channel.Flat(), nil
	}
	return channel.ProfileByName(name)
}
