// SPDX-License-Identifier: Apache-2.0

package sch

import (
	"errors"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/tensor"
)

// softCode is a transport block of 24 PRBs with 64QAM and rate 0.55, in two code
// blocks.
func softCode(t testing.TB, rv int, newData bool) Code {
	t.Helper()
	c := Code{NewData: newData, CodedBits: 24 * 156 * 6, NumLayers: 1, Modulation: nr.QAM64, RV: rv, CInit: 7}
	mcs := nr.MCS{Modulation: nr.QAM64, Rate: 1134}
	if err := c.Begin(nr.TransportBlockSize(156, 24, 1, mcs), mcs.Rate); err != nil {
		t.Fatal(err)
	}
	return c
}

func newSoftDecoder(t testing.TB) *Decoder {
	t.Helper()
	d, err := NewDecoder(24*168*6, 3)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func configure(t testing.TB, d *Decoder, c Code) Code {
	t.Helper()
	if err := d.Configure(&c); err != nil {
		t.Fatal(err)
	}
	return c
}

func randomLLRs(n int, seed uint64) []int8 {
	rng := rand.New(rand.NewPCG(seed, 1))
	out := make([]int8, n)
	for i := range out {
		out[i] = int8(rng.IntN(2*nr.MaxLLR+1) - nr.MaxLLR)
	}
	return out
}

// Combining transmission by transmission and merging buffers of single ones
// give the same soft bits.
func TestMergeEqualsCombine(t *testing.T) {
	d := newSoftDecoder(t)
	var direct, merged SoftBuffer
	for i, rv := range []int{0, 2, 3, 1} {
		var alone SoftBuffer
		llrs := randomLLRs(configure(t, d, softCode(t, rv, i == 0)).CodedBits, uint64(i))
		if err := d.Combine(&direct, llrs); err != nil {
			t.Fatal(err)
		}
		configure(t, d, softCode(t, rv, true))
		if err := d.Combine(&alone, llrs); err != nil {
			t.Fatal(err)
		}
		merged.Merge(&alone, i == 0)
		if !slices.Equal(direct.LLR.Data(), merged.LLR.Data()) || direct.Extent != merged.Extent ||
			direct.Transmissions != merged.Transmissions {
			t.Fatalf("after version %d: %d and %d transmissions, extent %d and %d, soft bits equal %v", rv,
				direct.Transmissions, merged.Transmissions, direct.Extent, merged.Extent,
				slices.Equal(direct.LLR.Data(), merged.LLR.Data()))
		}
	}
	merged.Reset()
	if code := d.Code(); merged.holds(&code) {
		t.Error("an empty buffer holds a transport block")
	}
}

func TestDecoderRefuses(t *testing.T) {
	d := newSoftDecoder(t)
	var shape *tensor.ShapeError
	if err := d.Combine(new(SoftBuffer), nil); !errors.As(err, &shape) {
		t.Errorf("Combine before Configure: got %v, want a *tensor.ShapeError", err)
	}
	code := configure(t, d, softCode(t, 0, true))
	if err := d.Combine(new(SoftBuffer), make([]int8, code.CodedBits-1)); !errors.As(err, &shape) {
		t.Errorf("a soft bit less: got %v, want a *tensor.ShapeError", err)
	}
	if err := d.Decode(new(nr.TransportBlock), new(SoftBuffer)); !errors.As(err, &shape) {
		t.Errorf("empty buffer: got %v, want a *tensor.ShapeError", err)
	}
	var soft SoftBuffer
	if err := d.Combine(&soft, make([]int8, code.CodedBits)); err != nil {
		t.Fatal(err)
	}
	if _, err := d.DecodeBlocks(make([]byte, 3), &soft); !errors.As(err, &shape) {
		t.Errorf("short output: got %v, want a *tensor.ShapeError", err)
	}
	large := code
	large.CodedBits *= 100
	if err := d.Configure(&large); !errors.Is(err, nr.ErrUnsupported) {
		t.Errorf("coded bits above the limits: got %v, want nr.ErrUnsupported", err)
	}
}

// FuzzSoftBuffer decodes whatever a soft buffer from elsewhere may hold: it is
// refused or decoded, and never panics.
func FuzzSoftBuffer(f *testing.F) {
	f.Add(100, []byte{0, 127, 128, 200})
	f.Add(-5, []byte{1})
	f.Add(1<<40, []byte{255, 254})
	f.Fuzz(func(t *testing.T, extent int, pattern []byte) {
		d := newSoftDecoder(t)
		code := configure(t, d, softCode(t, 0, true))
		soft := SoftBuffer{TBS: code.TBS, BaseGraph: code.Segmentation.BaseGraph, Z: code.Segmentation.Z,
			Filler: code.Segmentation.Filler, Extent: extent}
		soft.LLR.Resize(code.Segmentation.NumBlocks, code.Segmentation.BaseGraph.N(code.Segmentation.Z))
		for i := range soft.LLR.Data() {
			if len(pattern) > 0 {
				soft.LLR.Data()[i] = int8(pattern[i%len(pattern)])
			}
		}
		var tb nr.TransportBlock
		if err := d.Decode(&tb, &soft); err != nil {
			t.Errorf("got %v", err)
		}
		if tb.CRC && !code.CheckTransportBlock(d.packed[:code.PackedBytes()]) {
			t.Error("a CRC that does not hold passes")
		}
	})
}

// TestMaxIterations decodes what cannot be decoded in as many iterations as the code allows,
// and in no more than the decoder makes.
func TestMaxIterations(t *testing.T) {
	for bound, want := range map[int]int{0: 3, 1: 1, 2: 2, 3: 3, 9: 3} {
		d := newSoftDecoder(t)
		code := softCode(t, 0, true)
		code.MaxIterations = bound
		configure(t, d, code)
		llrs, soft := make([]int8, code.CodedBits), &SoftBuffer{}
		for i := range llrs {
			llrs[i] = int8(i*i%7 - 3)
		}
		if err := d.Combine(soft, llrs); err != nil {
			t.Fatal(err)
		}
		got, err := d.DecodeBlocks(make([]byte, code.PackedBytes()), soft)
		if err != nil || got.Iterations != want || got.CRC {
			t.Errorf("bound %d: %+v, %v; want %d iterations", bound, got, err, want)
		}
		// Nothing is begun after the first code block, which fails.
		if n := d.code.Segmentation.NumBlocks; got.Sum != want || n < 2 || got.MeanIterations() != float32(want)/float32(n) {
			t.Errorf("bound %d: %+v of %d code blocks, %g iterations each", bound, got, n, got.MeanIterations())
		}
	}
}
