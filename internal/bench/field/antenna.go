// SPDX-License-Identifier: Apache-2.0

package main

import "github.com/neuroran/neuroran/phy/link"

// antennaLimitDB is how far below maximum ratio combining a receiver may stay.
const antennaLimitDB = 0.7

// antennaRow is the distance of the true SINR from maximum ratio combining, where the
// last antenna is not like the others.
type antennaRow struct {
	Case     string  `json:"case"`
	Receiver string  `json:"receiver"`
	PRB      int     `json:"prb"`
	Rx       int     `json:"rx"`
	SNRdB    float64 `json:"snr_db"`
	NoiseDB  float64 `json:"more_noise_db"`
	GainDB   float64 `json:"gain_db"`
	Trials   int     `json:"trials"`
	BLER     float64 `json:"bler"`
	MRC      float64 `json:"mrc_db"`
	Lost     float64 `json:"lost_db"`
	Std      float64 `json:"lost_std_db"`
	Met      bool    `json:"met"`
}

// antenna plays antennas that are alike first.
func (b *bench) antenna() error {
	o := &b.options
	unlike := []link.Antenna{{}, {NoiseDB: 10}, {NoiseDB: 20}, {NoiseDB: 30}, {NoiseDB: 40}, {GainDB: -10}, {GainDB: -20}, {GainDB: -30}}
	for p := range o.points() {
		for _, a := range unlike {
			cfg := b.setup(p.receiver, p.prb, p.rx, 1)
			cfg.Antennas = make([]link.Antenna, p.rx)
			cfg.Antennas[p.rx-1] = a
			got, err := b.play(cfg, p.snr, true, o.seed)
			if err != nil {
				return err
			}
			best, _ := meanStd(got.best)
			lost, std := got.lost()
			r := antennaRow{
				"antenna", p.receiver, p.prb, p.rx, p.snr, a.NoiseDB, a.GainDB, got.Trials, round(got.BLER()),
				round(best), round(lost), round(std), lost <= antennaLimitDB,
			}
			if err := b.row(r, &r.Met); err != nil {
				return err
			}
		}
	}
	return nil
}
