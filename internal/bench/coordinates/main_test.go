// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"testing"

	"github.com/neuroran/neuroran/mac/coord"
)

// TestMap learns the map that is committed.
func TestMap(t *testing.T) {
	if testing.Short() {
		t.Skip("two seconds")
	}
	b, err := learn()
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(b, siteMap) || len(b) > 1024 {
		t.Errorf("%d bytes, not those of site.map: go run ./internal/bench/coordinates -train", len(b))
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
