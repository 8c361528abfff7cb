// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// loop is a loop over n elements of some slices: first turns of several vectors,
// then of one, then what is left under a mask, so that no element beyond n is
// read or written.
type loop struct {
	width
	name   string
	unroll int
	ptrs   []Register
	n      Register
}

// part is one vector of a turn.
type part struct {
	*loop
	v    int      // which vector of the turn
	mask Register // what is left, nil for a whole vector
}

// newLoop loads the pointers and the number of elements of a kernel.
func newLoop(w width, name string, unroll int, slices ...string) *loop {
	l := &loop{width: w, name: name, unroll: unroll}
	for _, s := range slices {
		l.ptrs = append(l.ptrs, Load(Param(s), GP64()))
	}
	l.n = Load(Param("n"), GP64())
	return l
}

// write writes the turns.
func (l *loop) write(body func(p part)) {
	for _, vectors := range []int{l.unroll, 1} {
		if vectors == 1 && l.unroll == 1 {
			continue
		}
		l.turn(fmt.Sprintf("%s_%d", l.name, vectors), vectors, body)
	}
	if l.unroll == 1 {
		l.turn(l.name+"_1", 1, body)
	}
	TESTQ(l.n, l.n)
	JZ(LabelRef(l.name + "_end"))
	body(part{l, 0, l.leading(l.n)})
	Label(l.name + "_end")
}

func (l *loop) turn(label string, vectors int, body func(p part)) {
	elems := vectors * l.lanes()
	Label(label)
	CMPQ(l.n, Imm(uint64(elems)))
	JLT(LabelRef(label + "_end"))
	for v := range vectors {
		body(part{l, v, nil})
	}
	for _, p := range l.ptrs {
		ADDQ(U32(uint32(4*elems)), p)
	}
	SUBQ(Imm(uint64(elems)), l.n)
	JMP(LabelRef(label))
	Label(label + "_end")
}

// leading returns a mask of the first n lanes, n less than a vector.
func (w width) leading(n Register) Register { return w.masks(n, 1)[0] }

// masks returns masks of the first n lanes of some vectors together.
func (w width) masks(n Register, vectors int) []Register {
	out := make([]Register, vectors)
	if w.bytes == 64 {
		bits, count := GP32(), GP32()
		MOVL(n.(GPVirtual).As32(), count)
		MOVL(U32(1), bits)
		SHLXL(count, bits, bits)
		DECL(bits)
		for v := range out {
			k := K()
			KMOVW(bits, k)
			out[v] = k
			if v < vectors-1 {
				SHRL(Imm(16), bits)
			}
		}
		return out
	}
	// The table is 16 lanes set, then 16 clear; the masks begin n before these.
	start, back := GP64(), GP64()
	LEAQ(leadingLanes().Offset(64), start)
	MOVQ(n, back)
	SHLQ(Imm(2), back)
	SUBQ(back, start)
	for v := range out {
		m := YMM()
		VMOVUPS(Mem{Base: start, Disp: v * w.bytes}, m)
		out[v] = m
	}
	return out
}

// load returns a vector of slice i; lanes outside the mask are zero.
func (p part) load(i int) VecVirtual {
	x, at := p.reg(), Mem{Base: p.ptrs[i], Disp: p.v * p.bytes}
	switch {
	case p.mask == nil:
		VMOVUPS(at, x)
	case p.bytes == 64:
		VMOVUPS_Z(at, p.mask, x)
	default:
		VMASKMOVPS(at, p.mask, x)
	}
	return x
}

// store writes a vector to slice i.
func (p part) store(x VecVirtual, i int) {
	at := Mem{Base: p.ptrs[i], Disp: p.v * p.bytes}
	switch {
	case p.mask == nil:
		VMOVUPS(x, at)
	case p.bytes == 64:
		VMOVUPS(x, p.mask, at)
	default:
		VMASKMOVPS(x, p.mask, at)
	}
}

// masked sets the lanes of x outside the mask to fill.
func (p part) masked(x, fill VecVirtual) {
	switch {
	case p.mask == nil:
	case p.bytes == 64:
		VBLENDMPS(x, fill, p.mask, x)
	default:
		VBLENDVPS(p.mask, x, fill, x)
	}
}
