// SPDX-License-Identifier: Apache-2.0

package core

import (
	"testing"
	"time"
)

// TestQuantile: the q-quantile is the smallest value that q of all values do
// not exceed, told up to the width of a bucket.
func TestQuantile(t *testing.T) {
	for _, c := range []struct {
		name   string
		values []time.Duration
		q      float64
		want   time.Duration
	}{
		{"none", nil, 0.5, 0},
		{"one", []time.Duration{7000}, 0.99, 7000},
		{"p99 of two is the larger", []time.Duration{100, 9000}, 0.99, 9000},
		{"median of two is the smaller", []time.Duration{100, 9000}, 0.5, 100},
		{"median of three", []time.Duration{100, 500, 9000}, 0.5, 500},
		{"p99 of twenty is the largest", []time.Duration{
			1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 9000}, 0.99, 9000},
	} {
		t.Run(c.name, func(t *testing.T) {
			var h Histogram
			for _, v := range c.values {
				h.add(v)
			}
			if got := h.Quantile(c.q); got < c.want || float64(got) > 1.0625*float64(c.want) {
				t.Errorf("quantile %g of %v: got %v, want %v", c.q, c.values, got, c.want)
			}
		})
	}
}
