// SPDX-License-Identifier: Apache-2.0

package block

import (
	"math/rand/v2"
	"testing"

	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/phy/pusch"
)

// received returns the soft buffer of one transmission of random soft bits, and
// the soft bits.
func received(t *testing.T, rv int, seed uint64) (pusch.Code, *pusch.SoftBuffer, []int8) {
	t.Helper()
	g := testGrant(1, 0, 24, 0)
	g.RV, g.NewData = rv, false
	code, err := pusch.NewCode(&g)
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(seed, 0))
	llrs := make([]int8, code.CodedBits)
	for i := range llrs {
		llrs[i] = int8(r.IntN(2*nr.MaxLLR+1) - nr.MaxLLR)
	}
	alone := code
	alone.NewData = true
	soft := new(pusch.SoftBuffer)
	put(t, &alone, soft, llrs)
	return code, soft, llrs
}

// put combines soft bits into a buffer as phy/pusch does.
func put(t *testing.T, code *pusch.Code, soft *pusch.SoftBuffer, llrs []int8) {
	t.Helper()
	d, err := pusch.NewDecoder(pusch.Limits{Carrier: testCarrier}, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Configure(code); err != nil {
		t.Fatal(err)
	}
	if err := d.Combine(soft, llrs); err != nil {
		t.Fatal(err)
	}
}

// TestCombine compares combining of whole transmissions with the one of
// phy/pusch, which adds soft bits to the HARQ process as they arrive.
func TestCombine(t *testing.T) {
	got, want := new(pusch.SoftBuffer), new(pusch.SoftBuffer)
	for i, rv := range []int{0, 2, 3, 1} {
		code, tx, llrs := received(t, rv, uint64(i))
		combine(got, tx, code.NewData)
		put(t, &code, want, llrs)
		if !got.LLR.Equal(want.LLR) || got.Extent != want.Extent || got.Transmissions != want.Transmissions || got.TBS != want.TBS {
			t.Fatalf("after redundancy version %d (seed %d) the buffers differ", rv, i)
		}
	}
}

// TestCombineNewData replaces what an earlier transport block left.
func TestCombineNewData(t *testing.T) {
	got := new(pusch.SoftBuffer)
	for i := range uint64(2) {
		_, tx, _ := received(t, 0, i)
		combine(got, tx, true)
		if !got.LLR.Equal(tx.LLR) || got.Transmissions != 1 {
			t.Errorf("seed %d: the buffer is not that of the new data", i)
		}
	}
}

// TestCombineOtherBlock replaces soft bits of a block of another size, which a
// retransmission cannot belong to.
func TestCombineOtherBlock(t *testing.T) {
	_, tx, _ := received(t, 2, 1)
	got := &pusch.SoftBuffer{TBS: tx.TBS + 8, BaseGraph: tx.BaseGraph, Z: tx.Z}
	combine(got, tx, false)
	if !got.LLR.Equal(tx.LLR) || got.TBS != tx.TBS {
		t.Error("soft bits of two blocks were combined")
	}
}

// TestAddSaturated checks the ends of the range, and fillers.
func TestAddSaturated(t *testing.T) {
	got := []int8{100, -100, 127, 5, -120}
	addSaturated(got, []int8{100, -100, 127, -8, 120})
	for i, want := range []int8{120, -120, 127, -3, 0} {
		if got[i] != want {
			t.Errorf("%d: got %d, want %d", i, got[i], want)
		}
	}
}
