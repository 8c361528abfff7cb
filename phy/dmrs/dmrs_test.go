// SPDX-License-Identifier: Apache-2.0

package dmrs

import (
	"encoding/csv"
	"math"
	"os"
	"strconv"
	"testing"

	"github.com/neuroran/neuroran/phy/nr"
)

// TestAgainstSecondSource compares elements of the signal of random
// configurations: sequence, cover codes, combs.
func TestAgainstSecondSource(t *testing.T) {
	f, err := os.Open("testdata/dmrs.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil || len(rows) < 2 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	for _, row := range rows[1:] {
		v := map[string]int{}
		for i, name := range rows[0] {
			if v[name], err = strconv.Atoi(row[i]); err != nil {
				t.Fatal(err)
			}
		}
		mu, err := nr.NumerologyOf(v["scs"])
		if err != nil {
			t.Fatal(err)
		}
		for _, start := range []int{0, v["k"] / 12} { // the whole grid, and from the element's own PRB
			dst := make([]complex64, 12*(v["prb"]-start))
			r := make([]complex64, PilotsPerPRB(v["type"])*(v["prb"]-start))
			Sequence(r, v["type"], start, CInit(mu, nr.Slot(v["slot"]), v["symbol"], v["nid"], v["scid"]))
			Map(dst, r, v["type"], v["port"], v["lprime"], complex(math.Sqrt2, 0))
			got := dst[v["k"]-12*start]
			want := complex(float32(v["re"]), float32(v["im"]))
			if d := got - want; math.Hypot(float64(real(d)), float64(imag(d))) > 1e-5 {
				t.Fatalf("%v from CRB %d: got %v, want %v", v, start, got, want)
			}
		}
	}
}

// Ports of one CDM group are orthogonal over a pair of pilots and of symbols,
// and ports of different groups share no element.
func TestPortsAreOrthogonal(t *testing.T) {
	for _, configType := range []int{1, 2} {
		r := []complex64{1, 1}
		signal := func(port int) []complex64 {
			x := make([]complex64, 24)
			for lPrime := range 2 {
				Map(x[12*lPrime:][:12], r, configType, port, lPrime, 1)
			}
			return x
		}
		numPorts := 4 * (1 + configType)
		for p := range numPorts {
			for q := range numPorts {
				dot, want := complex64(0), complex64(0)
				for i, x := range signal(p) {
					dot += x * signal(q)[i]
				}
				if p == q {
					want = 4
				}
				if dot != want {
					t.Errorf("type %d, ports %d and %d: product %v, want %v", configType, p, q, dot, want)
				}
			}
		}
	}
}

// The elements are those that nr.Group leaves out of the data.
func TestCombsMatchDataMask(t *testing.T) {
	for _, configType := range []int{1, 2} {
		for port := range 2 * (1 + configType) {
			d := nr.DMRS{ConfigType: configType}
			mask := uint16(0)
			for i := range PilotsPerPRB(configType) {
				mask |= 1 << Subcarrier(configType, Delta(configType, port), i)
			}
			if want := nr.CDMGroupMask(configType, d.CDMGroup(port)); mask != want {
				t.Errorf("type %d port %d: elements %012b, want %012b", configType, port, mask, want)
			}
		}
	}
}

// β² per CDM group without data is 0, 3 and 4.77 dB (TS 38.214 table 6.2.2-1).
func TestBeta(t *testing.T) {
	for groups, want := range map[int]float64{1: 0, 2: 3, 3: 4.77} {
		if got := 20 * math.Log10(float64(Beta(groups))); math.Abs(got-want) > 0.02 {
			t.Errorf("%d CDM groups: %.2f dB, want %.2f dB", groups, got, want)
		}
	}
}

func TestNoAllocs(t *testing.T) {
	r, dst := make([]complex64, 6*100), make([]complex64, 1200)
	if n := testing.AllocsPerRun(10, func() {
		Sequence(r, 1, 7, 12345)
		Map(dst, r, 1, 1, 0, 1)
	}); n != 0 {
		t.Errorf("got %v allocations, want 0", n)
	}
}

func BenchmarkSequence(b *testing.B) {
	r := make([]complex64, 6*273)
	b.ReportAllocs()
	for b.Loop() {
		Sequence(r, 1, 0, 12345)
	}
}
