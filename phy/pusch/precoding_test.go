// SPDX-License-Identifier: Apache-2.0

package pusch

import (
	"encoding/csv"
	"math"
	"math/cmplx"
	"os"
	"strconv"
	"testing"

	"github.com/neuroran/neuroran/phy/nr"
)

// Every entry of tables 6.3.1.5-1 and -3 to -7 against a second source.
func TestPrecodingTables(t *testing.T) {
	f, err := os.Open("testdata/precoding.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[[3]int]bool{}
	for _, row := range rows[1:] {
		var v [8]int
		for i, s := range row {
			if v[i], err = strconv.Atoi(s); err != nil {
				t.Fatal(err)
			}
		}
		w := NewPrecoder(&nr.Grant{Codebook: true, NumAntennaPorts: v[0], NumLayers: v[1], TPMI: v[2]})
		want := complex(float64(v[5]), float64(v[6])) / complex(math.Sqrt(float64(v[7])), 0)
		if got := complex128(w[v[3]][v[4]]); cmplx.Abs(got-want) > 1e-6 {
			t.Errorf("%d ports, %d layers, TPMI %d, port %d, layer %d: got %v, want %v", v[0], v[1], v[2], v[3], v[4], got, want)
		}
		seen[[3]int{v[0], v[1], v[2]}] = true
	}
	if len(seen) != 6+28+3+22+7+5 {
		t.Errorf("%d matrices compared, want 71", len(seen))
	}
}

// Without codebook each layer is a port of unit power.
func TestPrecoderWithoutCodebook(t *testing.T) {
	w := NewPrecoder(&nr.Grant{NumAntennaPorts: 3, NumLayers: 3})
	for p := range w {
		for v, x := range w[p] {
			want := complex64(0)
			if p == v && p < 3 {
				want = 1
			}
			if x != want {
				t.Errorf("port %d layer %d: got %v, want %v", p, v, x, want)
			}
		}
	}
}
