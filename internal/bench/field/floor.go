// SPDX-License-Identifier: Apache-2.0

package main

// floorRatio is how much more than "ls" another receiver may lose, where its interval
// does not reach down to what "ls" loses.
const floorRatio = 1.2

// floorRow is the block error rate where noise hardly disturbs.
type floorRow struct {
	Case     string   `json:"case"`
	Receiver string   `json:"receiver"`
	Profile  string   `json:"profile"`
	Doppler  float64  `json:"doppler_hz"`
	PRB      int      `json:"prb"`
	Rx       int      `json:"rx"`
	SNRdB    float64  `json:"snr_db"`
	Trials   int      `json:"trials"`
	BLER     float64  `json:"bler"`
	Low      float64  `json:"bler_low"`
	High     float64  `json:"bler_high"`
	LS       *float64 `json:"ls_bler,omitempty"`
	Met      *bool    `json:"met,omitempty"`
}

// floor plays every receiver beside "ls".
func (b *bench) floor() error {
	o := b.options
	o.receivers = nil // each setup with all receivers
	for p := range o.points() {
		p.receiver = "ls"
		ls, err := b.floorRow(p, nil)
		if err != nil {
			return err
		}
		for _, p.receiver = range b.options.receivers {
			if p.receiver == "ls" {
				continue
			}
			if _, err := b.floorRow(p, &ls); err != nil {
				return err
			}
		}
	}
	return nil
}

// floorRow prints a row and returns the block error rate, which is held against that
// of "ls" where it is given.
func (b *bench) floorRow(p point, ls *float64) (float64, error) {
	profile, err := profileByName(p.profile)
	if err != nil {
		return 0, err
	}
	cfg := b.setup(p.receiver, p.prb, p.rx, 1)
	cfg.UEs[0].Channel.Profile, cfg.UEs[0].Channel.DopplerHz = profile, b.options.doppler
	got, err := b.play(cfg, p.snr, false, b.options.seed)
	if err != nil {
		return 0, err
	}
	r := floorRow{"floor", p.receiver, p.profile, b.options.doppler, p.prb, p.rx, p.snr, got.Trials, round(got.BLER()), round(got.Low), round(got.High), nil, nil}
	if ls != nil {
		base, met := round(*ls), got.BLER() <= floorRatio**ls || got.Low <= *ls
		r.LS, r.Met = &base, &met
	}
	return got.BLER(), b.row(r, r.Met)
}
