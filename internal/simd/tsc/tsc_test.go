// SPDX-License-Identifier: Apache-2.0

package tsc_test

import (
	"testing"
	"time"

	"github.com/neuroran/neuroran/internal/simd/tsc"
)

// TestRate finds the same rate over two intervals, whatever it is.
func TestRate(t *testing.T) {
	if !tsc.Stable() {
		t.Skip("the system does not keep time by the counter")
	}
	// read returns the reading, of several, that was interrupted least.
	read := func() (tick uint64, at time.Time) {
		gap := ^uint64(0)
		for range 100 {
			before := tsc.Read()
			now := time.Now()
			if after := tsc.Read(); after-before < gap {
				gap, tick, at = after-before, before+(after-before)/2, now
			}
		}
		return tick, at
	}
	// rate returns ticks a nanosecond.
	rate := func(pause time.Duration) float64 {
		t0, a := read()
		time.Sleep(pause)
		t1, b := read()
		return float64(t1-t0) / float64(b.Sub(a))
	}
	short, long := rate(10*time.Millisecond), rate(50*time.Millisecond)
	if r := short / long; r < 0.999 || r > 1.001 {
		t.Errorf("%g ticks a nanosecond over 10 ms, %g over 50 ms", short, long)
	}
}

func TestNoAllocs(t *testing.T) {
	if n := testing.AllocsPerRun(100, func() { tsc.Read() }); n != 0 {
		t.Errorf("Read allocates %g times", n)
	}
}

func BenchmarkRead(b *testing.B) {
	b.Run("clock=tsc", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			tsc.Read()
		}
	})
	b.Run("clock=system", func(b *testing.B) {
		b.ReportAllocs()
		start := time.Now()
		for b.Loop() {
			_ = time.Since(start)
		}
	})
}
