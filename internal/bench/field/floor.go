// SPDX-License-Identifier: Apache-2.0

package main

// floorRatio is how much more than "ls" another receiver may lose, where its interval
// does not reach down to what "ls" loses.
const floorRatio = 1.2

// floorRow is the block error rate where noise hardly disturbs.
type floorRow struct {
	Case     string  `json:"case"`
	Receiver string  `json:"receiver"`
	Profile  string  `json:"profile"`
	Doppler  float64 `json:"doppler_hz"`
	PRB      int     `json:"prb"`
	Rx       int     `json:"rx"`
	SNRdB    float64 `json:"snr_db"`
	Trials   int     `json:"trials"`
	BLER     float64 `json:"bler"`
	Low      float64 `json:"bler_low"`
	High     float64 `json:"bler_high"`
	LS       float64 `json:"ls_bler"`
	Met      *bool   `json:"met,omitempty"`
}

// floor plays every receiver beside "ls".
func (b *bench) floor() error {
	o := &b.options
	for _, name := range o.profiles {
		profile, err := profileByName(name)
		if err != nil {
			return err
		}
		for _, prb := range o.prb {
			for _, rx := range o.rx {
				for _, snr := range o.snr {
					ls := 0.0
					for i, receiver := range append([]string{"ls"}, o.receivers...) {
						if i > 0 && receiver == "ls" {
							continue
						}
						cfg := b.setup(receiver, prb, rx, 1)
						cfg.UEs[0].Channel.Profile, cfg.UEs[0].Channel.DopplerHz = profile, o.doppler
						got, err := b.play(cfg, snr, false, o.seed)
						if err != nil {
							return err
						}
						r := floorRow{"floor", receiver, name, o.doppler, prb, rx, snr, got.Trials, round(got.BLER()), round(got.Low), round(got.High), round(ls), nil}
						if i == 0 {
							ls, r.LS = got.BLER(), round(got.BLER())
						} else {
							met := got.BLER() <= floorRatio*ls || got.Low <= ls
							r.Met = &met
						}
						if err := b.row(r, r.Met); err != nil {
							return err
						}
					}
				}
			}
		}
	}
	return nil
}
