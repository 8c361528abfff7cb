// SPDX-License-Identifier: Apache-2.0

package ldpc

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// receive returns int8 LLRs of a codeword d over BPSK with noise of standard
// deviation sigma: 0 at positions that are not sent, +127 at filler positions.
func receive(rng *rand.Rand, c Config, d []byte, sent int, sigma float64) []int8 {
	soft := make([]int8, len(d))
	for i, b := range d[:sent] {
		y := 1 - 2*float64(b) + sigma*rng.NormFloat64()
		soft[i] = int8(math.Round(min(max(2*y/(sigma*sigma)*8, -120), 120)))
	}
	k := c.K() - 2*c.Z
	for i := max(k-c.Filler, 0); i < k; i++ {
		soft[i] = 127
	}
	return soft
}

// TestDecodeInvertsEncode sends random blocks of every code with little noise.
func TestDecodeInvertsEncode(t *testing.T) {
	const seed = 6
	rng := rand.New(rand.NewPCG(seed, 0))
	dec, err := NewDecoder(Limits{})
	if err != nil {
		t.Fatal(err)
	}
	for _, bg := range []BaseGraph{BG1, BG2} {
		for _, z := range LiftingSizes() {
			for _, rows := range []int{4, 9, 0} {
				c := Config{BaseGraph: bg, Z: z, Filler: z + z/3, Rows: rows}
				src := randomBits(rng, c.PayloadBits())
				word := encode(t, Config{BaseGraph: bg, Z: z, Filler: c.Filler}, src)
				sent := (bg.InfoColumns() + c.rows() - numPunctured) * z
				soft := receive(rng, c, word[2*z:], sent, 0.3)
				if err := dec.Configure(DecoderConfig{Config: c, MaxIterations: 20}); err != nil {
					t.Fatal(err)
				}
				got := make([]byte, len(src))
				res, err := dec.Decode(got, soft)
				if err != nil {
					t.Fatal(err)
				}
				if !res.Converged || !slices.Equal(got, src) {
					t.Errorf("seed %d, BG%d, Z %d, rows %d: %+v, equal %v", seed, bg, z, rows, res, slices.Equal(got, src))
				}
			}
		}
	}
}
