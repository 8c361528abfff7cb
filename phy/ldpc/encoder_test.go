// SPDX-License-Identifier: Apache-2.0

package ldpc

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

func randomBits(rng *rand.Rand, n int) []byte {
	bits := make([]byte, n)
	for i := range bits {
		bits[i] = byte(rng.IntN(2))
	}
	return bits
}

// encode returns the codeword of src with the punctured bits in front.
func encode(tb testing.TB, c Config, src []byte) []byte {
	tb.Helper()
	e, err := NewEncoder(Limits{})
	if err != nil {
		tb.Fatal(err)
	}
	if err := e.Configure(c); err != nil {
		tb.Fatal(err)
	}
	word := make([]byte, 2*c.Z+c.N())
	copy(word, src[:min(2*c.Z, len(src))])
	if err := e.Encode(word[2*c.Z:], src); err != nil {
		tb.Fatal(err)
	}
	return word
}

// TestParity encodes random blocks with every pair of base graph and lifting
// size and multiplies by the whole parity-check matrix.
func TestParity(t *testing.T) {
	const seed = 4
	rng := rand.New(rand.NewPCG(seed, 0))
	pairs := 0
	for _, bg := range []BaseGraph{BG1, BG2} {
		for _, z := range LiftingSizes() {
			pairs++
			var g graph
			g.fill(bg, z)
			for _, filler := range []int{0, z / 2, 2*z + 1, bg.K(z) - 1} {
				c := Config{BaseGraph: bg, Z: z, Filler: filler}
				word := encode(t, c, randomBits(rng, c.PayloadBits()))
				if n := g.unsatisfied(word, bg.Rows()); n != 0 {
					t.Errorf("seed %d, BG%d, Z %d, filler %d: %d checks of H·c are not 0", seed, bg, z, filler, n)
				}
			}
		}
	}
	if pairs != 102 {
		t.Errorf("%d pairs, want 102", pairs)
	}
}

func BenchmarkEncode(b *testing.B) {
	for _, c := range []Config{
		{BaseGraph: BG1, Z: 384, Rows: 4}, {BaseGraph: BG1, Z: 384}, {BaseGraph: BG2, Z: 384}, {BaseGraph: BG2, Z: 52},
	} {
		b.Run(fmt.Sprintf("bg=%d/z=%d/rows=%d", c.BaseGraph, c.Z, c.rows()), func(b *testing.B) {
			e, _ := NewEncoder(Limits{})
			if err := e.Configure(c); err != nil {
				b.Fatal(err)
			}
			src, dst := make([]byte, c.K()), make([]byte, c.N())
			b.ReportAllocs()
			for b.Loop() {
				if err := e.Encode(dst, src); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(c.K())*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mbit/s")
		})
	}
}
