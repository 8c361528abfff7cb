// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"math"
	"testing"

	"github.com/neuroran/neuroran/mac/coord"
)

// TestMap learns the map that is committed: not to the bit, since processors round
// differently, but to a fraction of a dB everywhere.
func TestMap(t *testing.T) {
	if testing.Short() {
		t.Skip("two seconds")
	}
	b, err := learn()
	if err != nil {
		t.Fatal(err)
	}
	var learned, committed coord.Map
	if err := errors.Join(learned.UnmarshalBinary(b), committed.UnmarshalBinary(siteMap)); err != nil || len(b) > 1000 {
		t.Fatalf("%d bytes, %v", len(b), err)
	}
	most := 0.0
	for x := -half; x <= half; x += 7 {
		for y := -half; y <= half; y += 7 {
			most = max(most, math.Abs(float64(learned.SINRdB(x, y)-committed.SINRdB(x, y))))
		}
	}
	t.Logf("%.3f dB at most from the map that is committed", most)
	if most > 0.5 {
		t.Errorf("%.2f dB from site.map: go run ./internal/bench/coordinates -train", most)
	}
}

// TestMeasure compares two seconds of driving: coordinates are near what reports give, off by
// a few dB at most, and keep the target.
func TestMeasure(t *testing.T) {
	var m coord.Map
	if err := m.UnmarshalBinary(siteMap); err != nil {
		t.Fatal(err)
	}
	var rates []float64
	for _, s := range []source{{name: "reports", every: 20}, {name: "coordinates", m: &m, every: positionSlots}, {name: "coordinates", m: &m, offM: 20, every: positionSlots}} {
		r, err := measure(s, 10, 4000)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%+v", *r)
		if r.BLER1 < 0.05 || r.BLER1 > 0.16 || r.ErrorDB > 4 || (s.m != nil) != (r.ErrorDB > 0) {
			t.Errorf("%+v", *r)
		}
		rates = append(rates, r.Mbps)
	}
	if rates[1] < 0.9*rates[0] || rates[2] > 1.05*rates[1] {
		t.Errorf("%.2f Mbit/s by reports, %.2f by coordinates, %.2f where they are wrong by 20 m", rates[0], rates[1], rates[2])
	}
}
