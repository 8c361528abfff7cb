// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"time"

	"github.com/neuroran/neuroran/accel"
	"github.com/neuroran/neuroran/accel/acceltest"
	"github.com/neuroran/neuroran/accel/onnx"
)

const (
	maxRuns = 5000
	seed    = 1 // of the inputs
)

func micros(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e3 }

// bound opens a model, binds it to memory of its own and measures it.
func (t target) bound(m *accel.Model, batch int) (acceltest.Times, error) {
	s, err := t.options.Open(t.ctx, m, t.device)
	if err != nil {
		return acceltest.Times{}, err
	}
	defer s.Close()
	return t.measure(s, batch)
}

func (t target) measure(s *accel.Session, batch int) (acceltest.Times, error) {
	p, err := acceltest.NewPorts(s.Model(), batch, seed)
	if err != nil {
		return acceltest.Times{}, err
	}
	run, err := s.Bind(p.Inputs, p.Outputs)
	if err != nil {
		return acceltest.Times{}, err
	}
	defer run.Close()
	return acceltest.Measure(run, maxRuns, t.each)
}

// llrnet measures the neural demapper over one OFDM symbol of 273 PRBs.
func (t target) llrnet() error {
	m, err := acceltest.LLRNet(32, 8)
	if err != nil {
		return err
	}
	fmt.Fprintf(t.w, "\n| LLRnet 2-32-8, symbols | min µs | p50 µs | p99 µs | symbols/s at p50 | allocations |\n|---|---|---|---|---|---|\n")
	for _, n := range []int{3276, 14 * 3276} {
		times, err := t.bound(m, n)
		if err != nil {
			return err
		}
		fmt.Fprintf(t.w, "| %d | %.1f | %.1f | %.1f | %.3g | %d |\n", n, micros(times.Min), micros(times.P50), micros(times.P99),
			float64(n)/times.P50.Seconds(), times.Allocs)
	}
	return nil
}

// deepRx measures a DeepRx-like net at each batch, until the time is over.
func (t target) deepRx() error {
	m, err := acceltest.DeepRx(11, 64, 312)
	if err != nil {
		return err
	}
	s, err := t.options.Open(t.ctx, m, t.device)
	if err != nil {
		return err
	}
	defer s.Close()
	fmt.Fprintf(t.w, "\n| DeepRx-like, 11 blocks, 64 channels, 26 PRBs: batch | min ms | p50 ms | p99 ms | slots/s at p50 |\n|---|---|---|---|---|\n")
	for batch := 1; batch <= 64; batch *= 2 {
		if t.ctx.Err() != nil {
			fmt.Fprintf(t.w, "| %d and more | not reached: the time is over |\n", batch)
			return nil
		}
		times, err := t.measure(s, batch)
		if err != nil {
			return err
		}
		fmt.Fprintf(t.w, "| %d | %.2f | %.2f | %.2f | %.0f |\n", batch, micros(times.Min)/1e3, micros(times.P50)/1e3, micros(times.P99)/1e3,
			float64(batch)/times.P50.Seconds())
	}
	return nil
}

// costs measures what opening again, binding and copying cost.
func (t target) costs() error {
	m, err := acceltest.LLRNet(32, 8)
	if err != nil {
		return err
	}
	start := time.Now()
	s, err := t.options.Open(t.ctx, m, t.device)
	if err != nil {
		return err
	}
	defer s.Close()
	again := time.Since(start)
	p, err := acceltest.NewPorts(m, 3276, seed)
	if err != nil {
		return err
	}
	const binds = 100
	start = time.Now()
	for range binds {
		b, err := s.Bind(p.Inputs, p.Outputs)
		if err != nil {
			return err
		}
		if err := b.Close(); err != nil {
			return err
		}
	}
	bind := time.Since(start) / binds
	fmt.Fprintf(t.w, "\n| cost | |\n|---|---|\n| opening LLRnet again | %v |\n| binding and releasing | %.1f µs |\n", again.Round(10*time.Microsecond), micros(bind))
	return t.copying()
}

// copying measures a net that does nothing but take memory in and give it back.
func (t target) copying() error {
	b := onnx.NewBuilder("copy")
	b.Output("y", b.Relu(b.Input("x", onnx.Float32, -1)))
	graph, err := b.Model()
	if err != nil {
		return err
	}
	m, err := accel.BuildModel(graph)
	if err != nil {
		return err
	}
	for _, kib := range []int{1, 64, 1024, 16384} {
		times, err := t.bound(m, kib*1024/4)
		if err != nil {
			return err
		}
		fmt.Fprintf(t.w, "| %d KiB in and out through one Relu | %.1f µs, %.2f GB/s each way |\n", kib, micros(times.P50), float64(kib)*1024/times.P50.Seconds()/1e9)
	}
	return nil
}
