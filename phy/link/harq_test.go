// SPDX-License-Identifier: Apache-2.0

package link_test

import (
	"context"
	"errors"
	"math"
	"testing"

	"github.com/neuroran/neuroran/phy/channel"
	"github.com/neuroran/neuroran/phy/link"
	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/tensor"
)

// simple is a link of one UE on 12 PRB with MCS 9 of table 1, DM-RS in two symbols.
func simple(receiver string, path channel.Config) link.PUSCHConfig {
	g := grant(nr.MCSTable64QAM, 9, 1, 1)
	g.RNTI, g.NumPRB = 100, 12
	return link.PUSCHConfig{
		Carrier: nr.Carrier{CellID: 1, SubcarrierSpacingKHz: 30, NumPRB: 12, FFTSize: 256},
		NumRx:   2, Receiver: receiver, UEs: []link.UE{{Grant: g, Channel: path}},
	}
}

// harq runs a HARQ simulation at one signal to noise ratio.
func harq(t *testing.T, cfg link.HARQConfig, snr float64, trials int) link.Point {
	t.Helper()
	points, err := link.Run(context.Background(), link.Config{
		SNRdB: []float64{snr}, MaxTrials: trials, Seed: 4,
		NewChain: func() (link.Chain, error) {
			h, err := link.NewHARQ(cfg)
			if err != nil {
				return nil, err
			}
			return h.Chain(), nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return points[0]
}

// TestHARQ sends over white noise, where the number of transmissions that a block
// needs follows from the signal to noise ratio: throughput is one over it.
func TestHARQ(t *testing.T) {
	cfg := link.HARQConfig{PUSCH: simple("perfect", channel.Config{Static: true}), Rounds: 12}
	for _, c := range []struct {
		snr, throughput float64
		errors          bool
	}{{5, 1, false}, {-2.5, 0.5, false}, {-6.4, 0.25, false}, {-25, 0, true}} {
		p := harq(t, cfg, c.snr, 8)
		if math.Abs(p.Throughput()-c.throughput) > 0.04 || c.errors != (p.BlockErrors == p.Blocks) {
			t.Errorf("%g dB: throughput %.3f, %d of %d blocks lost, want %g", c.snr, p.Throughput(), p.BlockErrors, p.Blocks, c.throughput)
		}
		if p.Offered != 8*12*p.Bits/max(p.Blocks, 1) {
			t.Errorf("%g dB: %d bits offered in 96 transmissions of %d", c.snr, p.Offered, p.Bits/p.Blocks)
		}
	}
}

// TestHARQFading compares with sending each block once: retransmissions gain, and the
// standard deviation says how sure that is.
func TestHARQFading(t *testing.T) {
	path := channel.Config{Profile: channel.TDLB100(), DopplerHz: 100}
	cfg := link.HARQConfig{PUSCH: simple("lmmse", path), Rounds: 16}
	once := cfg
	once.RVs = []int{0}
	a, b := harq(t, cfg, -2, 24), harq(t, once, -2, 24)
	if a.Throughput() < b.Throughput()+0.05 || a.ThroughputStd <= 0 || a.ThroughputStd > 0.1 {
		t.Errorf("throughput %.3f ± %.3f with retransmissions, %.3f without", a.Throughput(), a.ThroughputStd, b.Throughput())
	}
	if math.Abs(b.Throughput()-1+b.BLER()) > 1e-12 {
		t.Errorf("throughput %.3f without retransmissions, BLER %.3f", b.Throughput(), b.BLER())
	}
}

func TestHARQConfig(t *testing.T) {
	for name, change := range map[string]func(*link.HARQConfig){
		"link.rvs":                        func(c *link.HARQConfig) { c.RVs = []int{2} },
		"link.round_trip and link.rounds": func(c *link.HARQConfig) { c.Rounds = -1 },
		"link.precoder[1]":                func(c *link.HARQConfig) { c.PUSCH.UEs[0].Precoder = link.Precoder{{1}, {1, 1}} },
	} {
		cfg := link.HARQConfig{PUSCH: simple("ls", channel.Config{})}
		change(&cfg)
		var field *nr.FieldError
		if _, err := link.NewHARQ(cfg); !errors.As(err, &field) || field.Field != name {
			t.Errorf("got %v, want an error of %s", err, name)
		}
	}
}

// TestPrecoder sends one layer over two antennas of a channel that is 1 everywhere:
// in phase they add up, in opposition nothing arrives.
func TestPrecoder(t *testing.T) {
	const half = 0.70710678
	for _, c := range []struct {
		w    link.Precoder
		gain float64
	}{{nil, 1}, {link.Precoder{{half}, {half}}, math.Sqrt2}, {link.Precoder{{half}, {-half}}, 0}} {
		cfg := simple("lmmse", channel.Config{Static: true})
		cfg.UEs[0].Precoder = c.w
		p, err := link.NewPUSCH(cfg)
		if err != nil {
			t.Fatal(err)
		}
		out, err := p.Simulate(link.Trial{SNRdB: 10, Seed: 1})
		if err != nil {
			t.Fatal(err)
		}
		var h tensor.Tensor[complex64]
		p.TrueChannel(&h)
		if got := float64(real(h.Row(0, 1, 5)[77])); math.Abs(got-c.gain) > 1e-5 || h.Dim(2) != 14 || h.Dim(3) != 144 {
			t.Errorf("%v: channel %v of dimensions %v, want %v", c.w, got, h.Dims(), c.gain)
		}
		if (c.gain == 0) != (out.BlockErrors == 1) {
			t.Errorf("%v: %d blocks lost", c.w, out.BlockErrors)
		}
	}
}

// TestNMSE compares estimates with the channel: told, it is exact; measured, it
// follows the noise, and LMMSE is better than LS.
func TestNMSE(t *testing.T) {
	path := channel.Config{Profile: channel.TDLA30(), DopplerHz: 10, DelaySeconds: 3e-7, CFOHz: 80}
	mean := func(receiver string, snr float64) float64 {
		p, err := link.NewPUSCH(simple(receiver, path))
		if err != nil {
			t.Fatal(err)
		}
		sum := 0.0
		for i := range 20 {
			if _, err := p.Simulate(link.Trial{SNRdB: snr, Index: i, Seed: uint64(i)}); err != nil {
				t.Fatal(err)
			}
			sum += p.NMSE(0)
		}
		return 10 * math.Log10(sum/20)
	}
	if got := mean("perfect", 0); got > -100 {
		t.Errorf("told the channel: %.1f dB", got)
	}
	ls, lmmse, high := mean("ls", 5), mean("lmmse", 5), mean("lmmse", 25)
	if !(lmmse < ls-1 && lmmse < -10 && high < lmmse-12) {
		t.Errorf("ls %.1f dB, lmmse %.1f dB at 5 dB; lmmse %.1f dB at 25 dB", ls, lmmse, high)
	}
	t.Logf("ls %.1f dB, lmmse %.1f dB at 5 dB; lmmse %.1f dB at 25 dB", ls, lmmse, high)
}
