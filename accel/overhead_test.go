// SPDX-License-Identifier: Apache-2.0

//go:build cgo

package accel_test

import (
	"errors"
	"runtime"
	"slices"
	"testing"
	"time"

	ort "github.com/yalue/onnxruntime_go"

	"github.com/neuroran/neuroran/accel"
)

// BenchmarkOverhead runs one model by the wrapper's own Run and through a
// binding, in turns, so that both see the same machine, and reports the median
// of each and what the binding adds.
func BenchmarkOverhead(b *testing.B) {
	nets := []struct {
		name   string
		hidden int
		rows   int
	}{{"tiny", 1, 1}, {"llrnet", 32, 3276}}
	for _, net := range nets {
		b.Run("net="+net.name, func(b *testing.B) {
			m := mlp(b, net.hidden, 8)
			in, out := []int{net.rows, 2}, []int{net.rows, 8}
			run := bind(b, m, accel.CPU, in, out) // loads the library
			session := wrapper(b, m, in, out)
			calls := []func() error{session.Run, run.Run}
			times := make([][]time.Duration, len(calls))
			b.ReportAllocs()
			for turn := 0; b.Loop(); turn++ {
				for k := range calls {
					c := (k + turn) % len(calls)
					start := time.Now()
					if err := calls[c](); err != nil {
						b.Fatal(err)
					}
					times[c] = append(times[c], time.Since(start))
				}
			}
			var median [2]float64
			for i := range times {
				slices.Sort(times[i])
				median[i] = float64(times[i][len(times[i])/2])
			}
			b.ReportMetric(median[0], "wrapper-ns")
			b.ReportMetric(median[1], "binding-ns")
			b.ReportMetric(100*(median[1]/median[0]-1), "overhead-%")
		})
	}
}

// wrapper opens the model with the wrapper alone, one thread, no spinning.
func wrapper(b *testing.B, m *accel.Model, in, out []int) *ort.AdvancedSession {
	b.Helper()
	x, y := filled(1, in...), filled(2, out...)
	var pin runtime.Pinner
	pin.Pin(&x.Data()[0])
	pin.Pin(&y.Data()[0])
	tx, err := ort.NewTensor(ort.NewShape(int64(in[0]), int64(in[1])), x.Data())
	if err != nil {
		b.Fatal(err)
	}
	ty, err := ort.NewTensor(ort.NewShape(int64(out[0]), int64(out[1])), y.Data())
	if err != nil {
		b.Fatal(err)
	}
	opts, err := ort.NewSessionOptions()
	if err != nil {
		b.Fatal(err)
	}
	if err := opts.SetIntraOpNumThreads(1); err != nil {
		b.Fatal(err)
	}
	s, err := ort.NewAdvancedSessionWithONNXData(m.Bytes(), []string{"iq"}, []string{"llr"}, []ort.Value{tx}, []ort.Value{ty}, opts)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := errors.Join(s.Destroy(), opts.Destroy(), tx.Destroy(), ty.Destroy()); err != nil {
			b.Error(err)
		}
		pin.Unpin()
		runtime.KeepAlive(&x)
		runtime.KeepAlive(&y)
	})
	return s
}
