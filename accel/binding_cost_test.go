// SPDX-License-Identifier: Apache-2.0

package accel_test

import (
	"runtime"
	"testing"

	"github.com/neuroran/neuroran/accel"
	"github.com/neuroran/neuroran/accel/onnx"
)

// TestBindingsShareWeights bounds what a binding of ref keeps: room for what
// lies between its nodes, not another copy of the weights.
func TestBindingsShareWeights(t *testing.T) {
	const channels, bindings = 256, 20
	nets := map[string]speedNet{
		"conv": {in: []int{1, channels, 4, 4}, out: []int{1, channels, 4, 4}, build: func(g *gen, x onnx.Ref) onnx.Ref {
			return g.convolve(x, channels, channels, 3, 1, 1)
		}},
		"dense": {in: []int{16, channels}, out: []int{16, channels}, build: dense(channels, 4*channels, channels)},
	}
	for name, net := range nets {
		t.Run(name, func(t *testing.T) {
			m := net.model(t)
			s := open(t, m, accel.Ref)
			x, y := filled(1, net.in...), filled(2, net.out...)
			in, out := []accel.Buffer{accel.Of(&x)}, []accel.Buffer{accel.Of(&y)}
			heap := func() uint64 {
				var m runtime.MemStats
				runtime.GC()
				runtime.ReadMemStats(&m)
				return m.HeapAlloc
			}
			before := heap()
			var keep []*accel.Binding
			for range bindings {
				b, err := s.Bind(in, out)
				if err != nil {
					t.Fatal(err)
				}
				keep = append(keep, b)
			}
			each, weights := int(heap()-before)/bindings, len(m.Bytes())
			t.Logf("a binding keeps %d kB, the model has %d kB", each>>10, weights>>10)
			if each > weights/8 {
				t.Errorf("a binding keeps %d bytes, want less than an eighth of the %d of the model", each, weights)
			}
			runtime.KeepAlive(keep)
		})
	}
}
