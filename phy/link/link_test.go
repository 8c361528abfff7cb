// SPDX-License-Identifier: Apache-2.0

package link_test

import (
	"context"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/neuroran/neuroran/phy/link"
)

func TestInterval(t *testing.T) {
	for _, c := range []struct {
		errors, n int
		low, high float64
	}{{0, 0, 0, 1}, {0, 10, 0, 0.3085}, {10, 10, 0.6915, 1}, {5, 10, 0.1871, 0.8129}, {10, 100, 0.0490, 0.1762}} {
		low, high := link.Interval(c.errors, c.n, 0.95)
		if math.Abs(low-c.low) > 1e-4 || math.Abs(high-c.high) > 1e-4 {
			t.Errorf("%d of %d: %.4f…%.4f, want %.4f…%.4f", c.errors, c.n, low, high, c.low, c.high)
		}
	}
}

// TestWorkersDoNotMatter runs a PUSCH simulation with one and with three workers.
func TestWorkersDoNotMatter(t *testing.T) {
	s := scenarios()[0]
	var got [2][]link.Point
	for i, workers := range []int{1, 3} {
		var err error
		got[i], err = link.Run(context.Background(), link.Config{
			SNRdB: []float64{4, 8}, MaxTrials: 48, TargetErrors: 4, Seed: 9, Workers: workers,
			NewChain: func() (link.Chain, error) {
				p, err := link.NewPUSCH(s.config("ls"))
				if err != nil {
					return nil, err
				}
				return p.Chain(), nil
			},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if d := cmp.Diff(got[0], got[1]); d != "" {
		t.Errorf("results differ by the number of workers:\n%s", d)
	}
}
