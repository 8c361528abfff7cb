// SPDX-License-Identifier: Apache-2.0

package ldpc

import (
	"crypto/sha256"
	"encoding/csv"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"

	"github.com/neuroran/neuroran/phy/nr"
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

// TestCodewordHashes compares the codeword of a fixed pattern with Sionna's, for
// all 102 pairs; testdata/README.md says how the hashes were made.
func TestCodewordHashes(t *testing.T) {
	file, err := os.Open("testdata/codewords.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	lines, err := csv.NewReader(file).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(lines) != 1+102 {
		t.Fatalf("%d lines, want a title and 102 pairs", len(lines))
	}
	for _, line := range lines[1:] {
		bg, _ := strconv.Atoi(line[0])
		z, _ := strconv.Atoi(line[1])
		c := Config{BaseGraph: BaseGraph(bg), Z: z}
		src := make([]byte, c.K())
		for i := range src {
			src[i] = byte(uint32(i+1) * 0x9e3779b1 >> 31)
		}
		word := encode(t, c, src)
		packed := make([]byte, (len(word)+7)/8)
		for i, b := range word {
			packed[i/8] |= b << (7 - i%8)
		}
		if got := fmt.Sprintf("%x", sha256.Sum256(packed)); got != line[2] {
			t.Errorf("BG%d, Z %d: SHA-256 %s, want %s", bg, z, got, line[2])
		}
	}
}

func TestEncoderErrors(t *testing.T) {
	for _, z := range []int{-1, 1, 385} {
		if _, err := NewEncoder(Limits{MaxZ: z}); !isFieldError(err) {
			t.Errorf("NewEncoder, MaxZ %d: %v", z, err)
		}
	}
	e, err := NewEncoder(Limits{MaxZ: 64})
	if err != nil {
		t.Fatal(err)
	}
	for field, c := range map[string]Config{
		"ldpc.base_graph":   {BaseGraph: 3, Z: 8},
		"ldpc.lifting_size": {BaseGraph: BG1, Z: 17},
		"ldpc.filler":       {BaseGraph: BG1, Z: 8, Filler: 176},
		"ldpc.rows":         {BaseGraph: BG1, Z: 8, Rows: 3},
	} {
		var ce *nr.FieldError
		if err := e.Configure(c); !errors.As(err, &ce) || ce.Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
	if err := e.Configure(Config{BaseGraph: BG1, Z: 72}); !isFieldError(err) {
		t.Errorf("above the limit: %v", err)
	}
	if err := e.Configure(Config{BaseGraph: BG2, Z: 8, Filler: 1}); err != nil {
		t.Fatal(err)
	}
	if err := e.Encode(make([]byte, 399), make([]byte, 79)); !errors.Is(err, nr.ErrShape) {
		t.Errorf("short dst: %v", err)
	}
	if err := e.Encode(make([]byte, 400), make([]byte, 80)); !errors.Is(err, nr.ErrShape) {
		t.Errorf("long src: %v", err)
	}
}

func FuzzEncode(f *testing.F) {
	f.Add(uint8(1), 2, 5, 0, []byte{1, 0, 1})
	f.Add(uint8(2), 52, 100, 7, []byte{})
	f.Fuzz(func(t *testing.T, bg uint8, z, filler, rows int, bits []byte) {
		c := Config{BaseGraph: BaseGraph(bg), Z: z, Filler: filler, Rows: rows}
		if c.Validate() != nil {
			return
		}
		src := make([]byte, c.PayloadBits())
		for i := range src {
			if i < len(bits) {
				src[i] = bits[i] & 1
			}
		}
		word := encode(t, c, src)
		var g graph
		g.fill(c.BaseGraph, z)
		if n := g.unsatisfied(word, c.rows()); n != 0 {
			t.Fatalf("%+v: %d checks of H·c are not 0", c, n)
		}
	})
}
