// SPDX-License-Identifier: Apache-2.0

package block_test

import (
	"testing"

	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/phy/pusch"
	"github.com/neuroran/neuroran/ran/block"
	"github.com/neuroran/neuroran/sfaas"
)

// closing is an estimator that notes that it is closed.
type closing struct {
	pusch.Estimator
	closed *int
}

func (c closing) Close() error { *c.closed++; return nil }

// TestMeterIsOnePerWorker: synchronization and estimation of a worker have one meter,
// and with it one reference signal.
func TestMeterIsOnePerWorker(t *testing.T) {
	cfg := block.Config{Carrier: nr.Carrier{SubcarrierSpacingKHz: 30, NumPRB: 24, FFTSize: 512}, NumRx: 1}
	a, err := pusch.AlgorithmsOf("ls")
	if err != nil {
		t.Fatal(err)
	}
	opened, closed := 0, 0
	meter := block.NewMeter(func() (pusch.Meter, error) {
		opened++
		m, err := a.NewMeter(cfg.Limits())
		m.Estimator = closing{m.Estimator, &closed}
		return m, err
	})
	g := sfaas.NewGraph("sounder")
	aligned := sfaas.Apply(sfaas.Source[block.Pilots](g, "pilots"), block.NewSynchronize(cfg, "ls", meter))
	sfaas.Sink(sfaas.Apply(aligned, block.NewEstimate(cfg, "ls", meter)), "channels")
	app, err := g.Build()
	if err != nil {
		t.Fatal(err)
	}
	const workers = 3
	rt, err := sfaas.NewRuntime(app, sfaas.WithWorkers(workers))
	if err != nil {
		t.Fatal(err)
	}
	if err := rt.Close(); err != nil {
		t.Fatal(err)
	}
	if opened != workers || closed != workers {
		t.Errorf("%d meters opened and %d closed, want %d", opened, closed, workers)
	}
}
