// SPDX-License-Identifier: Apache-2.0

package accel_test

import (
	"testing"

	"github.com/neuroran/neuroran/accel"
	"github.com/neuroran/neuroran/accel/acceltest"
)

// convNet builds a network of the shape of neural receivers.
func convNet(tb testing.TB, blocks, channels, subcarriers int) *accel.Model {
	tb.Helper()
	m, err := acceltest.DeepRx(blocks, channels, subcarriers)
	if err != nil {
		tb.Fatal(err)
	}
	return m
}

// bind binds a model of one input and one output to fresh memory.
func bind(tb testing.TB, m *accel.Model, d accel.Device, in, out []int) *accel.Binding {
	tb.Helper()
	x, y := filled(1, in...), filled(2, out...)
	b, err := open(tb, m, d).Bind([]accel.Buffer{accel.Of(&x)}, []accel.Buffer{accel.Of(&y)})
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

func BenchmarkRun(b *testing.B) {
	nets := []struct {
		name    string
		model   *accel.Model
		in, out []int
	}{
		{"llrnet", mlp(b, 32, 8), []int{3276, 2}, []int{3276, 8}},
		{"conv", convNet(b, 11, 64, 312), []int{1, 10, 14, 312}, []int{1, 8, 14, 312}},
	}
	for _, net := range nets {
		for _, device := range []accel.Device{accel.Ref, accel.CPU} {
			b.Run("net="+net.name+"/device="+string(device), func(b *testing.B) {
				run := bind(b, net.model, device, net.in, net.out)
				b.ReportAllocs()
				for b.Loop() {
					if err := run.Run(); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

func BenchmarkBind(b *testing.B) {
	for _, device := range []accel.Device{accel.Ref, accel.CPU} {
		b.Run("device="+string(device), func(b *testing.B) {
			s := open(b, mlp(b, 32, 8), device)
			x, y := filled(1, 1024, 2), filled(2, 1024, 8)
			in, out := []accel.Buffer{accel.Of(&x)}, []accel.Buffer{accel.Of(&y)}
			b.ReportAllocs()
			for b.Loop() {
				run, err := s.Bind(in, out)
				if err != nil {
					b.Fatal(err)
				}
				if err := run.Close(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
