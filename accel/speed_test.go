// SPDX-License-Identifier: Apache-2.0

package accel_test

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/neuroran/neuroran/accel"
)

// model builds the network.
func (n speedNet) model(tb testing.TB) *accel.Model {
	tb.Helper()
	g := newGen(5)
	g.Output("y", n.build(g, g.input(n.in...)))
	graph, err := g.Model()
	if err != nil {
		tb.Fatalf("%s: %v", n.name, err)
	}
	if n.edit != nil {
		n.edit(graph)
	}
	m, err := accel.BuildModel(graph)
	if err != nil {
		tb.Fatalf("%s: %v", n.name, err)
	}
	return m
}

// BenchmarkSpeed times ref and ONNX Runtime on one thread. impl=both runs them
// in turns and reports the least time of each, of the thread alone, and their
// ratio, which a busy machine spoils least: quote that.
func BenchmarkSpeed(b *testing.B) {
	impls := []struct {
		name   string
		device accel.Device
	}{{"ref", accel.Ref}, {"ort", accel.CPU}}
	for _, net := range speedNets {
		m := net.model(b)
		for _, impl := range impls {
			b.Run(net.name+"/impl="+impl.name, func(b *testing.B) {
				run := bind(b, m, impl.device, net.in, net.out)
				b.ReportAllocs()
				for b.Loop() {
					runOnce(b, run)
				}
			})
		}
		b.Run(net.name+"/impl=both", func(b *testing.B) {
			ref, ort := bind(b, m, accel.Ref, net.in, net.out), bind(b, m, accel.CPU, net.in, net.out)
			least := [2]time.Duration{time.Hour, time.Hour}
			for b.Loop() {
				for i, run := range []*accel.Binding{ref, ort} {
					least[i] = min(least[i], timed(b, run))
				}
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(least[0].Seconds()*1e6, "ref-µs")
			b.ReportMetric(least[1].Seconds()*1e6, "ort-µs")
			b.ReportMetric(least[0].Seconds()/least[1].Seconds(), "ratio")
		})
	}
}

func runOnce(tb testing.TB, run *accel.Binding) {
	if err := run.Run(); err != nil {
		tb.Fatal(err)
	}
}

// timed returns the time of the thread for one run, the mean of so many as take a
// while. Both devices run on the calling thread.
func timed(tb testing.TB, run *accel.Binding) time.Duration {
	const while = 200 * time.Microsecond
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	begin := cpuTime()
	for n := 1; ; n++ {
		runOnce(tb, run)
		if d := cpuTime() - begin; d > while {
			return d / time.Duration(n)
		}
	}
}

// TestSpeedNetsAgree holds the devices to each other on the networks whose
// speed is quoted, which use the kernels at their full lengths. ref does not
// allocate.
func TestSpeedNetsAgree(t *testing.T) {
	if testing.Short() {
		t.Skip("not in short mode")
	}
	for _, net := range speedNets {
		t.Run(net.name, func(t *testing.T) {
			m := net.model(t)
			x, got := filled(1, net.in...), filled(2, net.out...)
			b, err := open(t, m, accel.Ref).Bind([]accel.Buffer{accel.Of(&x)}, []accel.Buffer{accel.Of(&got)})
			if err != nil {
				t.Fatal(err)
			}
			if allocs := testing.AllocsPerRun(10, func() { runOnce(t, b) }); allocs != 0 {
				t.Errorf("%v allocations per run, want 0", allocs)
			}
			if err := deviation(got.Data(), run(t, open(t, m, accel.CPU), x, net.out...), net.step); err != nil {
				t.Error(err)
			}
		})
	}
}

// deviation says where two results differ by more than 1e-4 of the greatest and a
// step.
func deviation(got, want []float32, step float32) error {
	scale := float32(1)
	for _, w := range want {
		if w == w {
			scale = max(scale, w, -w)
		}
	}
	for i, w := range want {
		if d := got[i] - w; !(max(d, -d) <= 1e-4*scale+step) && (w == w || got[i] == got[i]) {
			return fmt.Errorf("element %d: got %g, want %g (greatest %g)", i, got[i], w, scale)
		}
	}
	return nil
}
