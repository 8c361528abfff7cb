// SPDX-License-Identifier: Apache-2.0

package block_test

import (
	"fmt"

	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/phy/pusch"
	"github.com/neuroran/neuroran/ran/block"
	"github.com/neuroran/neuroran/sfaas"
)

// A receiver up to the channel estimate, as a graph of its own: extraction is
// its only function with state, and takes the schedules.
func Example() {
	cfg := block.Config{
		Carrier: nr.Carrier{CellID: 1, SubcarrierSpacingKHz: 30, NumPRB: 24, FFTSize: 512},
		NumRx:   2,
	}
	algorithms, err := pusch.AlgorithmsOf("ls")
	if err != nil {
		fmt.Println(err)
		return
	}
	meter := block.NewMeter(func() (pusch.Meter, error) { return algorithms.NewMeter(cfg.Limits()) })
	extract := block.NewExtract(cfg)

	g := sfaas.NewGraph("sounder")
	slots := sfaas.Source[nr.Baseband](g, "slots")
	schedules := sfaas.Source[nr.Schedule](g, "schedules")
	pdu := sfaas.Apply(sfaas.Apply(slots, block.NewDemodulate(cfg)), extract.Fn)
	pilots := sfaas.Select(pdu, func(p *block.PDU) *block.Pilots { return &p.Pilots })
	aligned := sfaas.Apply(pilots, block.NewSynchronize(cfg, "ls", meter))
	channel := sfaas.Apply(aligned, block.NewEstimate(cfg, "ls", meter))
	sfaas.Sink(channel, "channels")
	sfaas.Control(schedules, extract.Grants)

	app, err := g.Build()
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(app.Functions())
	fmt.Println(app.Stateful())
	// Output:
	// [phy/demodulate phy/extract phy/synchronize phy/estimate]
	// [phy/extract]
}
