// SPDX-License-Identifier: Apache-2.0

package llr

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

const guard = 64

// guarded returns a slice of n elements that lies between guard bytes, and a
// function that reports whether those still hold.
func guarded[E int8 | uint8](n int) (s []E, intact func() bool) {
	whole := make([]E, n+2*guard)
	for i := range whole {
		whole[i] = 85
	}
	return whole[guard : guard+n : guard+n], func() bool {
		for i := range guard {
			if whole[i] != 85 || whole[len(whole)-1-i] != 85 {
				return false
			}
		}
		return true
	}
}

func fillRandom(rng *rand.Rand, s []int8) {
	for i := range s {
		s[i] = int8(rng.Uint32())
	}
}

// rowCase is one row with random contents and rotations.
type rowCase struct {
	z              int
	edges          []Edge
	soft, messages []int8
	rule           Rule
	first          bool // the first iteration: no former messages
}

func newRowCase(rng *rand.Rand, degree, z int) *rowCase {
	size := ColumnSize(z)
	c := &rowCase{z: z, soft: make([]int8, 2*degree*size), messages: make([]int8, degree*RowBlocks(z)*Lanes)}
	if c.first = rng.IntN(3) == 0; !c.first {
		fillRandom(rng, c.messages)
	}
	for e := range degree {
		rot := rng.IntN(z)
		if rng.IntN(4) == 0 {
			rot = 0
		}
		src, dst := 2*e*size, (2*e+1)*size
		v := c.soft[src : src+size]
		fillRandom(rng, v[:z])
		for i := z; i < z+Lanes; i++ {
			v[i] = v[i-z]
		}
		if rot == 0 {
			dst = src
		}
		c.edges = append(c.edges, Edge{Src: uint32(src + rot), Left: uint32(z - rot), Dst: uint32(dst)})
	}
	for m := range c.rule {
		c.rule[m] = uint8(rng.IntN(128))
	}
	return c
}

// byDefinition computes the row lane by lane from the contract's words.
func (c *rowCase) byDefinition() (vectors, messages [][]int8, satisfied bool) {
	blocks, satisfied := RowBlocks(c.z), true
	for range c.edges {
		vectors = append(vectors, make([]int8, c.z))
		messages = append(messages, make([]int8, c.z))
	}
	for lane := range c.z {
		v := make([]int, len(c.edges))
		for e, edge := range c.edges {
			rot := c.z - int(edge.Left)
			base := int(edge.Src) - rot
			s := int(c.soft[base+(rot+lane)%c.z])
			m := int(c.messages[c.messageIndex(blocks, e, lane)])
			v[e] = min(max(s-m, -128), 127)
		}
		parity := false
		for e := range c.edges {
			smallest, negative := 255, false
			for o := range c.edges {
				if o != e {
					smallest = min(smallest, max(v[o], -v[o]))
					negative = negative != (v[o] < 0)
				}
			}
			m := int(c.rule[min(smallest, RuleSize-1)])
			if negative {
				m = -m
			}
			sum := min(max(v[e]+m, -128), 127)
			messages[e][lane] = int8(sum - v[e])
			vectors[e][lane] = int8(sum)
			parity = parity != (vectors[e][lane] < 0)
		}
		satisfied = satisfied && !parity
	}
	return vectors, messages, satisfied
}

// parity adds up the signs of every check.
func (c *rowCase) parity() bool {
	for lane := range c.z {
		odd := false
		for _, edge := range c.edges {
			rot := c.z - int(edge.Left)
			odd = odd != (c.soft[int(edge.Src)-rot+(rot+lane)%c.z] < 0)
		}
		if odd {
			return false
		}
	}
	return true
}

// messageIndex is where the kernels keep the message of an edge and a lane.
func (c *rowCase) messageIndex(blocks, e, lane int) int {
	return ((blocks-1-lane/Lanes)*len(c.edges)+e)*Lanes + lane%Lanes
}

func (c *rowCase) check(t *testing.T, seed uint64) {
	t.Helper()
	if err := CheckEdges(c.edges, c.z, len(c.soft), len(c.messages)); err != nil {
		t.Fatal(err)
	}
	wantVectors, wantMessages, want := c.byDefinition()
	soft, softIntact := guarded[int8](len(c.soft))
	messages, messagesIntact := guarded[int8](len(c.messages))
	copy(soft, c.soft)
	copy(messages, c.messages)
	if got, want := ParityRow(soft, c.edges, c.z), c.parity(); got != want {
		t.Errorf("seed %d, degree %d, z %d: ParityRow = %v, want %v", seed, len(c.edges), c.z, got, want)
	}
	step := MinSumRow
	if c.first {
		step = MinSumFirst
		fillRandom(rand.New(rand.NewPCG(seed, 9)), messages)
	}
	got := step(soft, messages, c.edges, c.z, &c.rule)
	name := fmt.Sprintf("seed %d, degree %d, z %d", seed, len(c.edges), c.z)
	if !softIntact() || !messagesIntact() {
		t.Fatalf("%s: wrote out of bounds", name)
	}
	if got != want {
		t.Errorf("%s: satisfied %v, want %v", name, got, want)
	}
	for e, edge := range c.edges {
		v := soft[edge.Dst:]
		if !slices.Equal(v[:c.z], wantVectors[e]) {
			t.Fatalf("%s: edge %d: vector\n got %v\nwant %v", name, e, v[:c.z], wantVectors[e])
		}
		for i := range min(Lanes, c.z) {
			if v[c.z+i] != v[i] {
				t.Fatalf("%s: edge %d: repeated bit %d is %d, want %d", name, e, i, v[c.z+i], v[i])
			}
		}
		for lane, m := range wantMessages[e] {
			if got := messages[c.messageIndex(RowBlocks(c.z), e, lane)]; got != m {
				t.Fatalf("%s: edge %d, lane %d: message %d, want %d", name, e, lane, got, m)
			}
		}
	}
}

func TestMinSumRow(t *testing.T) {
	const seed = 1
	implementations.Each(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(seed, 0))
		for degree := 2; degree <= MaxDegree; degree++ {
			for _, z := range []int{2, 3, 31, 32, 33, 63, 64, 65, 96, 127, 128, 129, 208, 384} {
				newRowCase(rng, degree, z).check(t, seed)
			}
		}
	})
}

// TestMinSumRowSatisfied checks the flag in rows that do satisfy all checks but
// one, at every lane.
func TestMinSumRowSatisfied(t *testing.T) {
	const seed, z = 2, 100
	implementations.Each(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(seed, 0))
		for lane := -1; lane < z; lane++ {
			c := newRowCase(rng, 7, z)
			clear(c.messages)
			for i, s := range c.soft {
				c.soft[i] = int8(max(int(s), -int(s)) / 2)
			}
			c.rule = Rule{} // messages of 0 leave all signs as they are
			if lane >= 0 {
				e := c.edges[3]
				rot := z - int(e.Left)
				at := (rot + lane) % z
				base := int(e.Src) - rot
				c.soft[base+at] = -128
				if at < Lanes {
					c.soft[base+z+at] = -128
				}
			}
			if _, _, want := c.byDefinition(); want != (lane < 0) {
				t.Fatalf("seed %d, lane %d: the case is not what it should be", seed, lane)
			}
			c.check(t, seed)
		}
	})
}

func TestCheckEdges(t *testing.T) {
	good := []Edge{{0, 100, 200}, {210, 90, 410}}
	if err := CheckEdges(good, 100, 700, 256); err != nil {
		t.Fatal(err)
	}
	for name, bad := range map[string][]Edge{
		"one edge":       good[:1],
		"too many":       make([]Edge, MaxDegree+1),
		"wrap at 0":      {{0, 0, 200}, good[1]},
		"wrap late":      {{0, 101, 200}, good[1]},
		"before":         {{0, 90, 200}, good[1]},
		"read beyond":    {{600, 100, 0}, good[1]},
		"written beyond": {{0, 100, 600}, good[1]},
	} {
		if CheckEdges(bad, 100, 700, 256*20) == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if CheckEdges(good, 100, 700, 255) == nil || CheckEdges(good, 1, 700, 256) == nil {
		t.Error("short messages or z: no error")
	}
}

// TestVectorKernels compares FlipSigns, Scale and HardDecide with one-line
// definitions at lengths around the vector width.
func TestVectorKernels(t *testing.T) {
	const seed = 3
	implementations.Each(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(seed, 0))
		for n := range 200 {
			checkVectors(t, rng, n, rng.IntN(32768), rng.IntN(128))
		}
		checkVectors(t, rng, 4096, 32767, 127)
	})
}

func checkVectors(t *testing.T, rng *rand.Rand, n, factor, limit int) {
	t.Helper()
	src, _ := guarded[int8](n)
	fillRandom(rng, src)
	scaled, scaledIntact := guarded[int8](n)
	flipped, flippedIntact := guarded[int8](n)
	hard, hardIntact := guarded[uint8](n)
	words := make([]uint64, (n+63)/64)
	for i := range words {
		words[i] = rng.Uint64()
	}
	Scale(scaled, src, factor, limit)
	copy(flipped, src)
	FlipSigns(flipped, words)
	HardDecide(hard, src)
	packed, packedIntact := guarded[uint8]((n + 7) / 8)
	PackSigns(packed, src)
	for i, b := range packed {
		want := byte(0)
		for j := 8 * i; j < min(8*i+8, n); j++ {
			want |= hard[j] << (7 - j%8)
		}
		if b != want || !packedIntact() {
			t.Fatalf("n %d: PackSigns byte %d = %#x, want %#x", n, i, b, want)
		}
	}
	if !scaledIntact() || !flippedIntact() || !hardIntact() {
		t.Fatalf("n %d: wrote out of bounds", n)
	}
	for i, x := range src {
		want := min((max(int(x), -int(x))*factor+1<<14)>>15, limit)
		if x < 0 {
			want = -want
		}
		if scaled[i] != int8(want) {
			t.Fatalf("n %d, factor %d, limit %d: Scale(%d) = %d, want %d", n, factor, limit, x, scaled[i], want)
		}
		flip := x
		if words[i/64]>>(i%64)&1 == 1 {
			flip = -x
		}
		if flipped[i] != flip {
			t.Fatalf("n %d: FlipSigns(%d) = %d, want %d", n, x, flipped[i], flip)
		}
		if (hard[i] == 1) != (x < 0) || hard[i] > 1 {
			t.Fatalf("n %d: HardDecide(%d) = %d", n, x, hard[i])
		}
	}
}
