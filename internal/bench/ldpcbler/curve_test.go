// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/csv"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/neuroran/neuroran/internal/testvec"
)

// published returns the block error rate of Sionna's tutorial for rate 1/2.
func published(t *testing.T, n int, ebno float64) float64 {
	t.Helper()
	file, err := os.Open(filepath.Join(testvec.Shared(t), "data", "sionna_notebook_curves.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	lines, err := csv.NewReader(file).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range lines[1:] {
		if x, _ := strconv.ParseFloat(l[3], 64); l[2] == fmt.Sprintf("5G LDPC BP-20 (n=%d)", n) && math.Abs(x-ebno) < 1e-9 {
			rate, err := strconv.ParseFloat(l[5], 64)
			if err != nil {
				t.Fatal(err)
			}
			return rate
		}
	}
	t.Fatalf("no point for n = %d at %v dB", n, ebno)
	return 0
}

// TestSharedCurve measures points of Sionna's curves with 200 block errors each:
// the int8 decoder, 20 iterations, must not be worse than the published belief
// propagation beyond what chance explains.
func TestSharedCurve(t *testing.T) {
	for _, tc := range []struct {
		n    int
		ebno float64
	}{{256, 2.25}, {1000, 1.5}, {1000, 1.75}, {2000, 1.25}, {8000, 1.0}} {
		t.Run(fmt.Sprintf("n=%d/ebno=%v", tc.n, tc.ebno), func(t *testing.T) {
			want := published(t, tc.n, tc.ebno)
			s, err := newSimulation(config{k: tc.n / 2, n: tc.n, qm: 2, rvs: "0", decoder: "int8", iters: 20, llrScale: 8, seed: 5})
			if err != nil {
				t.Fatal(err)
			}
			p := s.measure(tc.ebno, 200)
			t.Logf("published %.3e, ours:%v", want, p)
			if lo, _ := p.wilson(); lo > want {
				t.Errorf("seed 5: BLER %v, lower limit above the published %.3e", p, want)
			}
		})
	}
}

// TestPAM compares levels with the constellations of TS 38.211 §5.1 and the
// demapper's signs with the bits that were sent.
func TestPAM(t *testing.T) {
	p, err := newPAM(8)
	if err != nil {
		t.Fatal(err)
	}
	for b, want := range []float64{5, 7, 3, 1, 11, 9, 13, 15, -5, -7, -3, -1, -11, -9, -13, -15} {
		if got := p.level[b] * math.Sqrt(170); math.Abs(got-want) > 1e-9 {
			t.Errorf("level %04b is %v, want %v", b, got, want)
		}
	}
	energy := 0.0
	for _, x := range p.level {
		energy += 2 * x * x / 16
	}
	if math.Abs(energy-1) > 1e-12 {
		t.Errorf("energy %v, want 1", energy)
	}
	rng := rand.New(rand.NewPCG(1, 1))
	bits, llrs := make([]byte, 800), make([]float32, 800)
	for i := range bits {
		bits[i] = byte(rng.IntN(2))
	}
	p.transmit(llrs, bits, rng, 1e-5)
	for i, b := range bits {
		if (llrs[i] < 0) != (b == 1) {
			t.Fatalf("bit %d is %d, LLR %v", i, b, llrs[i])
		}
	}
	if _, err := newPAM(3); err == nil {
		t.Error("newPAM(3): no error")
	}
}

// TestWilson compares with a worked example: 10 errors in 100 blocks.
func TestWilson(t *testing.T) {
	lo, hi := point{errors: 10, blocks: 100}.wilson()
	if math.Abs(lo-0.0552) > 1e-4 || math.Abs(hi-0.1744) > 1e-4 {
		t.Errorf("[%.4f, %.4f], want [0.0552, 0.1744]", lo, hi)
	}
}
