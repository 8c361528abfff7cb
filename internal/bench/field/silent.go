// SPDX-License-Identifier: Apache-2.0

package main

import "github.com/neuroran/neuroran/phy/link"

// silentRow counts blocks of UEs that transmit beside others that do not.
type silentRow struct {
	Case      string  `json:"case"`
	Receiver  string  `json:"receiver"`
	DMRSType  int     `json:"dmrs_type"`
	Offsets   bool    `json:"offsets"` // whether each UE has a delay and a carrier offset of its own
	PRB       int     `json:"prb"`
	Rx        int     `json:"rx"`
	SNRdB     float64 `json:"snr_db"`
	Granted   int     `json:"granted"`
	Sending   int     `json:"sending"`
	Blocks    int     `json:"blocks"`
	Passed    int     `json:"passed"`
	Scheduled int     `json:"passed_if_only_these_are_granted"`
	Low       float64 `json:"bler_low"`
	High      float64 `json:"bler_high"`
	Found     int     `json:"silent_found"` // silent UEs that were taken for others, of silent_slots
	Slots     int     `json:"silent_slots"`
	Met       bool    `json:"met"` // at most one block in 100 is lost
}

// silent plays one UE of several alone, and all but one, with and without grants for
// those that do not transmit. Each UE in turn is the one.
func (b *bench) silent() error {
	for p := range b.options.points() {
		for _, dmrsType := range []int{1, 2} {
			for _, offsets := range []bool{false, true} {
				for _, ues := range b.options.ues {
					r := silentRow{Case: "silent", Receiver: p.receiver, DMRSType: dmrsType, Offsets: offsets, PRB: p.prb, Rx: p.rx, SNRdB: p.snr, Granted: ues}
					if err := b.silentRows(r); err != nil {
						return err
					}
				}
			}
		}
	}
	return nil
}

// silentRows prints the row with one UE that transmits, and that with one that does
// not, where this is another.
func (b *bench) silentRows(r silentRow) error {
	r.Sending = 1
	if err := b.silentRow(r, func(u, turn int) bool { return u != turn }); err != nil {
		return err
	}
	if r.Granted < 3 {
		return nil
	}
	r.Sending = r.Granted - 1
	return b.silentRow(r, func(u, turn int) bool { return u == turn })
}

// silentRow plays a row and prints it. The number of trials is shared out over the UEs.
func (b *bench) silentRow(r silentRow, isSilent func(u, turn int) bool) error {
	part := *b
	part.options.trials = max(1, b.options.trials/r.Granted)
	for turn := range r.Granted {
		cfg := b.setup(r.Receiver, r.PRB, r.Rx, r.Granted)
		only := cfg
		only.UEs = nil
		for u := range cfg.UEs {
			ue := &cfg.UEs[u]
			ue.Grant.DMRS.ConfigType, ue.Silent = r.DMRSType, isSilent(u, turn)
			if place := (float64(u) + 0.5) / float64(r.Granted); r.Offsets { // −0.1…0.5 of the cyclic prefix, ±200 Hz
				ue.Channel.DelaySeconds = (0.6*place - 0.1) * 144 / 2048 / 30e3
				ue.Channel.CFOHz = 400*place - 200
			}
			if !ue.Silent {
				only.UEs = append(only.UEs, *ue)
			}
		}
		seed := b.options.seed + uint64(turn)<<32
		with, err := part.play(cfg, r.SNRdB, false, seed)
		if err != nil {
			return err
		}
		without, err := part.play(only, r.SNRdB, false, seed)
		if err != nil {
			return err
		}
		r.Blocks += with.Blocks
		r.Passed += with.Blocks - with.BlockErrors
		r.Scheduled += without.Blocks - without.BlockErrors
		r.Found += with.found
		r.Slots += with.Trials * (r.Granted - r.Sending)
	}
	low, high := link.Interval(r.Blocks-r.Passed, r.Blocks, 0.95)
	r.Low, r.High = round(low), round(high)
	r.Met = 100*(r.Blocks-r.Passed) <= r.Blocks
	return b.row(r, &r.Met)
}
