// SPDX-License-Identifier: Apache-2.0

// Command extend decodes the shipped recording with a receiver to which it has added an
// estimator of a third party, a function with a port of its own, and a tap.
package main

import (
	"context"
	"fmt"
	"log"

	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/phy/pusch"
	"github.com/neuroran/neuroran/phy/sigmf"
	"github.com/neuroran/neuroran/ran/block"
	"github.com/neuroran/neuroran/ran/uplink"
	"github.com/neuroran/neuroran/sfaas"
)

// smooth is a third party's estimator: what another says, averaged over neighbours.
type smooth struct{ pusch.Estimator }

func (s smooth) Estimate(dst *nr.Channel, pilots *nr.Pilots, offsets *nr.Offsets) error {
	err := s.Estimator.Estimate(dst, pilots, offsets)
	h, n := dst.Anchors.Data(), dst.Anchors.Dim(3)
	for row := 0; err == nil && row < len(h); row += n {
		for before, k := h[row], row+1; k < row+n-1; k++ {
			before, h[k] = h[k], (before+2*h[k]+h[k+1])/4
		}
	}
	return err
}

// gain is what the further function says of each channel.
type gain struct{ Mean, Threshold float64 }

func main() {
	rec := sigmf.Sample()
	cfg := block.Config{Carrier: rec.Carrier, NumRx: rec.NumChannels}
	meter := block.NewMeter(func() (pusch.Meter, error) {
		m, err := pusch.Algorithms{Synchronizer: "correlator", Estimator: "ls"}.NewMeter(cfg.Limits())
		m.Estimator = smooth{m.Estimator}
		return m, err
	})
	threshold := sfaas.NewValue[float64]("threshold", sfaas.Volatile)
	measure := sfaas.Define("own/gain", func(c *sfaas.Ctx, g *gain, in *block.Channel) error {
		*g = gain{}
		g.Threshold, _ = threshold.Get(c)
		for _, h := range in.Anchors.Data() {
			g.Mean += float64(real(h)*real(h)+imag(h)*imag(h)) / float64(in.Anchors.Len())
		}
		return nil
	}, sfaas.FunctionConfig{}, threshold)
	thresholds := sfaas.OnSetting(measure, func(c *sfaas.Ctx, t *float64) error { threshold.Set(c, *t); return nil })

	g := sfaas.NewGraph("extended")
	e, err := uplink.Compose(g, uplink.Config{Config: cfg, Steps: uplink.Steps{Estimate: block.NewEstimate(cfg, "smooth", meter)}})
	if err != nil {
		log.Fatal(err)
	}
	gains := sfaas.Apply(e.Channel, measure)                          // a function
	sfaas.Control(sfaas.Source[float64](g, "thresholds"), thresholds) // a port
	uplink.Tap(e, gains, "gains", func(h sfaas.Header, m *gain) {     // a tap
		fmt.Printf("slot %d %v: gain %.2f, strong %t\n", h.Slot, h.Key, m.Mean, m.Mean > m.Threshold)
	})
	chain, err := e.Build()
	if err != nil {
		log.Fatal(err)
	}
	report, err := chain.Play(context.Background(), rec, uplink.PlayConfig{Workers: 1})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%d of %d passed\n", report.Passed(), len(report.Transmissions))
	if err := chain.Close(); err != nil {
		log.Fatal(err)
	}
}
