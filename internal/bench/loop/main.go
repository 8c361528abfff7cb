// SPDX-License-Identifier: Apache-2.0

// Command loop measures the closed loop of ran/gnb: what docs/mac.md states.
//
//	go run ./internal/bench/loop -case outer    the outer loop, waveform: bias and Doppler
//	go run ./internal/bench/loop -case air      ten scenarios over both airs
//	go run ./internal/bench/loop -case harq     10⁶ slots with lost, late and reordered feedback, every schedule checked
//	go run ./internal/bench/loop -case combine  soft combining against none
//	go run ./internal/bench/loop -case feedback feedback delay against rate
//	go run ./internal/bench/loop -case receiver ls, lmmse and neural by throughput
//	go run ./internal/bench/loop -case policy   rr, pf and max with full buffers; qos at 80 % load
//	go run ./internal/bench/loop -case pair     two UEs on the same PRBs against none, waveform
//	go run ./internal/bench/loop -case speed    8 UEs over the abstract air: computing time of a slot
//
// It prints one JSON object for each run. Everything follows from -seed.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"runtime/pprof"
	"strings"
	"syscall"
	"time"

	"github.com/neuroran/neuroran/ran/gnb"
)

func main() {
	name := flag.String("case", "", "what to measure")
	only := flag.String("only", "", "measure only runs whose names contain this")
	profile := flag.String("cpuprofile", "", "file for a profile of the computing time")
	slots := flag.Int("slots", 0, "slots of each run; 0 stands for those of the case")
	seed := flag.Uint64("seed", 1, "seed")
	flag.Parse()
	err := profiled(*profile, func() error { return measure(*name, *only, *slots, *seed) })
	if err != nil {
		fmt.Fprintln(os.Stderr, "loop:", err)
		os.Exit(2)
	}
}

// profiled runs do and writes a profile of its computing time to a file, where one is named.
func profiled(file string, do func() error) error {
	if file == "" {
		return do()
	}
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return errors.Join(err, f.Close())
	}
	err = do()
	pprof.StopCPUProfile()
	return errors.Join(err, f.Close())
}

// run is one measurement.
type run struct {
	Name     string
	scenario gnb.Scenario
	slots    int
	change   func(*gnb.Config) // what no scenario says; may be nil
}

// result is what is printed of a run.
type result struct {
	Name     string    `json:"name"`
	Mbps     float64   `json:"mbps"`
	Jain     float64   `json:"jain"`
	BLER1    []float64 `json:"bler1"`
	First    []int     `json:"first"`
	MCS      []float64 `json:"mcs"`
	OLLAdB   []float64 `json:"olla_db"`
	Residual []float64 `json:"residual"`
	UEMbps   []float64 `json:"ue_mbps"`
	P99      []float64 `json:"delay_ms_p99"`
	PRBUse   float64   `json:"prb_use"`
	RxMicros float64   `json:"rx_us_p50"`
	Micros   float64   `json:"us_per_slot"`     // wall time of everything
	CPU      float64   `json:"cpu_us_per_slot"` // computing time of everything
	History  string    `json:"history"`
}

// measure runs a case, of it the runs whose names contain only.
func measure(name, only string, slots int, seed uint64) error {
	runs, ok := cases()[name]
	if !ok {
		return fmt.Errorf("-case: got %q, want outer, air, harq, combine, feedback, receiver, policy, speed or pair", name)
	}
	out := json.NewEncoder(os.Stdout)
	for _, r := range runs {
		if !strings.Contains(r.Name, only) {
			continue
		}
		if slots > 0 {
			r.slots = slots
		}
		r.scenario.Seed = seed
		x, err := r.measure()
		if err != nil {
			return fmt.Errorf("%s: %w", r.Name, err)
		}
		if err := out.Encode(x); err != nil {
			return err
		}
	}
	return nil
}

// measure runs one cell.
func (r *run) measure() (*result, error) {
	cfg, err := r.scenario.Config(0)
	if err != nil {
		return nil, err
	}
	cfg.NewAir = gnb.NewAbstract
	if r.scenario.Air == "waveform" {
		cfg.NewAir = gnb.NewWaveform
	}
	if r.change != nil {
		r.change(&cfg)
	}
	l, err := gnb.New(cfg)
	if err != nil {
		return nil, err
	}
	defer l.Close()
	began, cpu := time.Now(), cpuTime()
	if err := l.Run(r.slots); err != nil {
		return nil, err
	}
	took, computed := time.Since(began), cpuTime()-cpu
	ues, s := l.Report()
	x := &result{
		Name: r.Name, Mbps: s.Mbps, Jain: s.Jain, PRBUse: s.PRBUse, RxMicros: s.RxMicros50,
		Micros: float64(took.Microseconds()) / float64(r.slots), History: s.History[:16],
		CPU: float64(computed.Microseconds()) / float64(r.slots),
	}
	for _, u := range ues {
		x.BLER1, x.First = append(x.BLER1, u.BLER1), append(x.First, u.First)
		x.MCS, x.OLLAdB = append(x.MCS, u.MCSMean), append(x.OLLAdB, u.OLLAdB)
		x.Residual, x.UEMbps, x.P99 = append(x.Residual, u.Residual), append(x.UEMbps, u.Mbps), append(x.P99, u.DelayMsP99)
	}
	return x, nil
}

// cpuTime returns what the process has computed so far.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
