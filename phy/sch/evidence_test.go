// SPDX-License-Identifier: Apache-2.0

package sch

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/neuroran/neuroran/phy/nr"
)

// Soft bits of random signs are evidence of b bits at most once in 2^b times,
// whatever their magnitudes.
func TestEvidenceOfRandomSigns(t *testing.T) {
	const bits, trials = 5, 20_000
	rng := rand.New(rand.NewPCG(1, 2))
	llrs := make([]int8, 300)
	for _, c := range []struct {
		name      string
		magnitude func(i int) int8
	}{
		{"nearly empty", func(i int) int8 { return int8(i % 50 / 49) }},
		{"weak", func(int) int8 { return int8(rng.IntN(4)) }},
		{"strong", func(int) int8 { return nr.MaxLLR }},
		{"few strong, others weak", func(i int) int8 { return int8(1 + i%25/24*100) }},
		{"as of noise", func(int) int8 { return int8(min(math.Abs(rng.NormFloat64())*30, nr.MaxLLR)) }},
	} {
		passed := 0
		for range trials {
			for i := range llrs {
				llrs[i] = c.magnitude(i) * int8(1-2*rng.IntN(2))
			}
			llrs[7] = nr.FillerLLR // a known bit is no evidence
			if saysZero(llrs, bits) {
				passed++
			}
		}
		mean := math.Pow(2, -bits) * trials
		if most := mean + 4*math.Sqrt(mean); float64(passed) > most {
			t.Errorf("%s: %d of %d pass, want at most %.0f", c.name, passed, trials, most)
		}
	}
	if saysZero(make([]int8, 1000), bits) {
		t.Error("no information is evidence")
	}
}

// A block of zeros that was sent passes as often as one of random bits, on the
// same noise, around the threshold of short and long blocks and with repetition.
func TestZerosPassAsOthers(t *testing.T) {
	for _, c := range []struct {
		name       string
		tbs, coded int
		rate       nr.CodeRate
		deviation  float64 // of the noise, per coded bit of ±1
		trials     int
	}{
		{"short, low rate", 24, 288, 240, 1.8, 600},
		{"short, high rate", 40, 72, 1896, 0.62, 600},
		{"rate 1/2", 480, 1056, 1024, 0.95, 400},
		{"two code blocks", nr.TransportBlockSize(144, 24, 1, nr.MCS{Modulation: nr.QAM16, Rate: 1316}), 13824, 1316, 0.73, 100},
	} {
		t.Run(c.name, func(t *testing.T) {
			code := Code{NewData: true, CodedBits: c.coded, NumLayers: 1, Modulation: nr.QPSK, CInit: 9}
			if err := code.Begin(c.tbs, c.rate); err != nil {
				t.Fatal(err)
			}
			zeros := passes(t, &code, c.deviation, c.trials, true)
			others := passes(t, &code, c.deviation, c.trials, false)
			t.Logf("%d blocks of zeros and %d others of %d pass", zeros, others, c.trials)
			sigma := math.Sqrt(float64(c.trials) / 4)
			if others == 0 || others == c.trials || math.Abs(float64(zeros-others)) > 3*sigma {
				t.Errorf("%d blocks of zeros and %d others of %d pass", zeros, others, c.trials)
			}
		})
	}
}

// passes counts the blocks that come through BPSK with white noise.
func passes(t *testing.T, code *Code, deviation float64, trials int, zeros bool) int {
	t.Helper()
	enc, err := NewEncoder(code.CodedBits)
	if err != nil {
		t.Fatal(err)
	}
	dec, err := NewDecoder(code.CodedBits, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := enc.Configure(code); err != nil {
		t.Fatal(err)
	}
	configure(t, dec, *code)
	rng, data := rand.New(rand.NewPCG(3, 4)), rand.New(rand.NewPCG(5, 6))
	block, bits, llrs := make([]byte, code.TBS/8), make([]uint8, code.CodedBits), make([]int8, code.CodedBits)
	var soft SoftBuffer
	var tb nr.TransportBlock
	n := 0
	for range trials {
		for i := range block {
			if !zeros {
				block[i] = byte(data.Uint32())
			}
		}
		if err := enc.Encode(bits, block); err != nil {
			t.Fatal(err)
		}
		for i, b := range bits {
			y := float64(1-2*int(b)) + deviation*rng.NormFloat64()
			llrs[i] = int8(min(max(2*y/deviation/deviation*nr.LLRScale, -nr.MaxLLR), nr.MaxLLR))
		}
		if err := dec.Combine(&soft, llrs); err != nil {
			t.Fatal(err)
		}
		if err := dec.Decode(&tb, &soft); err != nil {
			t.Fatal(err)
		}
		if tb.CRC && string(tb.Data.Data()) == string(block) {
			n++
		}
	}
	return n
}
