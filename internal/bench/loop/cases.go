// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"

	"github.com/neuroran/neuroran/mac"
	"github.com/neuroran/neuroran/ran/gnb"
)

// cases returns the runs of every case.
func cases() map[string][]run {
	return map[string][]run{
		"outer": outer(), "air": air(), "harq": harq(), "combine": combine(),
		"feedback": feedback(), "receiver": receiver(), "policy": policy(), "speed": speed(), "pair": pair(),
	}
}

// base is the scenario of which most runs change one thing.
func base() gnb.Scenario {
	s := gnb.DefaultScenario()
	s.Scheduler = "rr"
	return s
}

// outer are the runs of the outer loop over waveforms, of UEs that are not at an end of the
// MCS table.
func outer() []run {
	var runs []run
	for _, hz := range []float64{3, 20, 100} {
		for _, bias := range []float64{-3, 0, 3} {
			s := base()
			s.Air, s.DopplerHz, s.BiasDB, s.SNRTo = "waveform", hz, bias, 14
			runs = append(runs, run{Name: fmt.Sprintf("doppler %g Hz, bias %g dB", hz, bias), scenario: s, slots: 5000})
		}
	}
	return runs
}

// air are ten scenarios, each over both airs.
func air() []run {
	var runs []run
	for i, c := range []struct {
		ues       int
		scheduler string
		receiver  string
		traffic   gnb.Traffic
		hz        float64
		from, to  float64
	}{
		{1, "rr", "lmmse", gnb.Traffic{}, 20, 10, 10},
		{4, "rr", "lmmse", gnb.Traffic{}, 3, 4, 22},
		{4, "rr", "lmmse", gnb.Traffic{}, 20, 4, 22},
		{4, "rr", "lmmse", gnb.Traffic{}, 100, 4, 22},
		{4, "rr", "ls", gnb.Traffic{}, 20, 4, 22},
		{4, "pf", "lmmse", gnb.Traffic{}, 20, 4, 22},
		{4, "max", "lmmse", gnb.Traffic{}, 20, 4, 22},
		{8, "pf", "lmmse", gnb.Traffic{}, 20, 0, 20},
		{4, "pf", "lmmse", gnb.Traffic{Pattern: gnb.Poisson, Mbps: 2}, 20, 4, 22},
		{8, "pf", "ls", gnb.Traffic{Pattern: gnb.OnOff, Mbps: 4}, 3, 0, 20},
	} {
		s := base()
		s.UEs, s.Scheduler, s.Receiver, s.Traffic, s.DopplerHz, s.SNRFrom, s.SNRTo = c.ues, c.scheduler, c.receiver, c.traffic, c.hz, c.from, c.to
		for _, a := range []string{"abstract", "waveform"} {
			s.Air = a
			runs = append(runs, run{Name: fmt.Sprintf("%d %s: %d UEs %s %s %s %g Hz", i+1, a, c.ues, c.scheduler, c.receiver, c.traffic.Pattern, c.hz), scenario: s, slots: 3000})
		}
	}
	return runs
}

// harq lets grants and feedback get lost and feedback come late and out of order.
func harq() []run {
	s := base()
	s.Check, s.UEs, s.Scheduler = true, 6, "pf"
	s.Traffic = gnb.Traffic{Pattern: gnb.OnOff, Mbps: 6}
	return []run{{Name: "losses 1 %, jitter 12 slots", scenario: s, slots: 1_000_000, change: func(c *gnb.Config) {
		c.Impairments = gnb.Impairments{GrantLoss: 0.01, FeedbackLoss: 0.01, FeedbackJitter: 12}
	}}}
}

// combine compares soft combining with none, at several targets of the first transmission.
func combine() []run {
	var runs []run
	for _, target := range []float64{0.1, 0.3, 0.5} {
		for _, none := range []bool{false, true} {
			s := base()
			name := fmt.Sprintf("target %g, soft combining", target)
			if none {
				name = fmt.Sprintf("target %g, no combining", target)
			}
			runs = append(runs, run{Name: name, scenario: s, slots: 20000, change: func(c *gnb.Config) {
				c.MAC.TargetBLER, c.NoCombining = target, none
			}})
		}
	}
	return runs
}

// feedback delays what comes back by 1 to 32 ms. Soundings come as late as feedback.
func feedback() []run {
	var runs []run
	for _, slots := range []int{2, 4, 8, 16, 24, 32, 48, 64} {
		s := base()
		s.Scheduler, s.FeedbackSlots = "pf", slots
		runs = append(runs, run{Name: fmt.Sprintf("%g ms", float64(slots)/2), scenario: s, slots: 40000})
	}
	return runs
}

// receiver judges receivers by what they carry.
func receiver() []run {
	var runs []run
	for _, name := range []string{"ls", "lmmse", "neural"} {
		s := base()
		s.Air, s.Receiver = "waveform", name
		runs = append(runs, run{Name: name, scenario: s, slots: 3000})
	}
	return runs
}

// policy compares policies; qos serves conversational video, 5QI 2, with a budget of 150 ms,
// at about 80 % of what the cell carries.
func policy() []run {
	var runs []run
	for _, name := range []string{"rr", "pf", "max"} {
		s := base()
		s.UEs, s.Scheduler = 8, name
		runs = append(runs, run{Name: name + ", full buffers", scenario: s, slots: 40000})
	}
	for _, name := range []string{"qos", "pf"} {
		s := base()
		s.UEs, s.Scheduler = 8, name
		s.Traffic = gnb.Traffic{Pattern: gnb.Poisson, Mbps: 2.1}
		runs = append(runs, run{Name: name + ", 2.1 Mbit/s each", scenario: s, slots: 40000, change: func(c *gnb.Config) {
			for i := range c.UEs {
				c.UEs[i].MAC.LCGs[0] = mac.LCGConfig{FiveQI: 2, GuaranteedBps: 2.1e6}
			}
		}})
	}
	return runs
}

// speed has eight UEs with full buffers over the abstract air.
func speed() []run {
	var runs []run
	for _, hz := range []float64{3, 20, 100} {
		for _, name := range []string{"rr", "pf"} {
			s := base()
			s.UEs, s.Scheduler, s.DopplerHz = 8, name, hz
			runs = append(runs, run{Name: fmt.Sprintf("%s, %g Hz", name, hz), scenario: s, slots: 200000})
		}
	}
	return runs
}

// pair lets two UEs share PRBs over waveforms, detected jointly, or gives each its own.
func pair() []run {
	var runs []run
	for _, rx := range []int{2, 4} {
		for _, on := range []bool{false, true} {
			s := base()
			s.Air, s.Scheduler, s.SNRFrom, s.SNRTo, s.Check = "waveform", "pf", 10, 22, true
			name := fmt.Sprintf("%d antennas, PRBs of their own", rx)
			if on {
				name = fmt.Sprintf("%d antennas, pairs", rx)
			}
			runs = append(runs, run{Name: name, scenario: s, slots: 3000, change: func(c *gnb.Config) {
				c.NumRx = rx
				c.MAC.Pairing = mac.PairingConfig{Enabled: on, MinSINRdB: 3, LossDB: 3}
			}})
		}
	}
	return runs
}
