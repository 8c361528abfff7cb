// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// degrees lists the row degrees of base graphs 1 and 2.
var degrees = []int{3, 4, 5, 6, 7, 8, 9, 10, 19}

// Layout of Edge.
const (
	edgeSize = 12
	edgeSrc  = 0
	edgeLeft = 4
	edgeDst  = 8
	lanes    = 64
)

// row holds the registers that both versions of the row kernel share.
type row struct {
	old, step            Register  // where the former messages are, and how far the next block's
	soft, msgs, edges, z Register  // arguments
	at                   GPVirtual // first lane of the block
	here, wrapped        Register  // soft+at, soft+at−z
	addr, base           GPVirtual // scratch
}

func loadRow() row {
	r := row{
		soft:  Load(Param("soft"), GP64()),
		msgs:  Load(Param("messages"), GP64()),
		old:   Load(Param("old"), GP64()),
		step:  Load(Param("step"), GP64()),
		edges: Load(Param("edges"), GP64()),
		z:     Load(Param("z"), GP64()),
		at:    GP64(), here: GP64(), wrapped: GP64(), addr: GP64(), base: GP64(),
	}
	return r
}

// minSumRow512 keeps all extrinsic values of a block of 64 checks in registers,
// so the degree is a constant of the kernel.
func minSumRow512(degree int) {
	TEXT(fmt.Sprintf("minSumRow%dAVX512", degree), NOSPLIT,
		"func(soft, messages, old *int8, step int, edges *uint32, z int, rule *uint8) uint64")
	Pragma("noescape")
	Doc(fmt.Sprintf("minSumRow%dAVX512 is MinSumRow for rows of %d edges; it returns a bit for each violated lane.", degree, degree))
	r := loadRow()
	rulePtr := Load(Param("rule"), GP64())
	rule, top, zero := ZMM(), ZMM(), ZMM()
	VMOVDQU64(Mem{Base: rulePtr}, rule)
	VPXORQ(zero, zero, zero)
	tmp := GP64()
	MOVQ(U32(63), tmp)
	VPBROADCASTB(tmp.As32(), top)

	odd, valid := GP64(), GP64()
	XORQ(odd, odd)
	startBlocks(r.z, r.at, valid)
	LEAQ(Mem{Base: r.soft, Index: r.at, Scale: 1}, r.here)
	MOVQ(r.here, r.wrapped)
	SUBQ(r.z, r.wrapped)

	Label(fmt.Sprintf("block%d", degree))
	v := make([]VecVirtual, degree)
	min1, min2, sign := ZMM(), ZMM(), ZMM()
	for e := range v {
		v[e] = ZMM()
		r.address(e)
		VMOVDQU8(Mem{Base: r.base, Index: r.addr, Scale: 1}, v[e])
		VPSUBSB(Mem{Base: r.old, Disp: lanes * e}, v[e], v[e])
		gather512(e, v, min1, min2, sign)
	}
	out1, out2 := ZMM(), ZMM()
	VPMINUB(top, min1, out1)
	VPMINUB(top, min2, out2)
	VPERMB(rule, out1, out1)
	VPERMB(rule, out2, out2)
	k := K()
	VPMOVB2M(sign, k)
	VPSUBB(out1, zero, k, out1)
	VPSUBB(out2, zero, k, out2)
	c := ZMM() // one for all edges: avo takes a masked result for an input
	for e := range v {
		scatter512(v[e], min1, out1, out2, zero, c, Mem{Base: r.msgs, Disp: lanes * e})
		r.destination(e)
		VMOVDQU8(v[e], Mem{Base: r.here, Index: r.addr, Scale: 1})
		sum512(e, v, sign)
	}
	k = K()
	VPMOVB2M(sign, k)
	KMOVQ(k, tmp)
	ANDQ(valid, tmp)
	ORQ(tmp, odd)
	MOVQ(I32(-1), valid)
	ADDQ(U32(uint32(lanes*degree)), r.msgs)
	ADDQ(r.step, r.old)
	SUBQ(Imm(lanes), r.here)
	SUBQ(Imm(lanes), r.wrapped)
	SUBQ(Imm(lanes), r.at)
	JGE(LabelRef(fmt.Sprintf("block%d", degree)))

	ADDQ(r.z, r.soft) // the first block's bits again behind the vector
	for e := range v {
		r.destination(e)
		VMOVDQU8(v[e], Mem{Base: r.soft, Index: r.addr, Scale: 1})
	}
	VZEROUPPER()
	Store(odd, ReturnIndex(0))
	RET()
}

// startBlocks sets at to the first lane of the last block and valid to that
// block's lanes.
func startBlocks(z, at, valid Register) {
	Comment("Start with the last block, at = (z−1)/64·64, whose lanes are all ones >> (−z mod 64).")
	LEAQ(Mem{Base: z, Disp: -1}, at)
	ANDQ(I8(-lanes), at)
	MOVQ(z, RCX)
	NEGQ(RCX)
	MOVQ(I32(-1), valid)
	SHRQ(CL, valid)
}

// address sets base+addr to where edge e reads the block.
func (r row) address(e int) {
	MOVL(Mem{Base: r.edges, Disp: edgeSize*e + edgeSrc}, r.addr.As32())
	MOVQ(r.here, r.base)
	CMPL(r.at.As32(), Mem{Base: r.edges, Disp: edgeSize*e + edgeLeft})
	CMOVQCC(r.wrapped, r.base)
}

// destination sets addr to where edge e writes, from the soft pointer.
func (r row) destination(e int) {
	MOVL(Mem{Base: r.edges, Disp: edgeSize*e + edgeDst}, r.addr.As32())
}

// sum512 adds the signs of v[0] to v[e] in sum, two edges at a time: it has work
// at every second edge, and at the last.
func sum512(e int, v []VecVirtual, sum VecVirtual) {
	switch {
	case e == 0:
		VMOVDQA64(v[0], sum)
	case e%2 == 0:
		VPTERNLOGQ(U8(0x96), v[e-1], v[e], sum)
	case e == len(v)-1:
		VPXORQ(v[e], sum, sum)
	}
}

// gather512 adds edge e to the two smallest magnitudes and to the signs.
func gather512(e int, v []VecVirtual, min1, min2, sign VecVirtual) {
	sum512(e, v, sign)
	if e == 0 {
		VPABSB(v[e], min1)
		return
	}
	a := ZMM()
	VPABSB(v[e], a)
	if e == 1 {
		VPMAXUB(a, min1, min2)
		VPMINUB(a, min1, min1)
		return
	}
	larger := ZMM()
	VPMAXUB(a, min1, larger)
	VPMINUB(a, min1, min1)
	VPMINUB(larger, min2, min2)
}

// scatter512 makes the message of one edge and adds it to v. out1 and out2 have
// the sign of all edges.
func scatter512(v, min1, out1, out2, zero, c VecVirtual, msg Mem) {
	a := ZMM()
	isMin, negative := K(), K()
	VPABSB(v, a)
	VPCMPEQB(a, min1, isMin)
	VPMOVB2M(v, negative)
	VPBLENDMB(out2, out1, isMin, c)
	VPSUBB(c, zero, negative, c)
	VPADDSB(c, v, a)
	VPSUBB(v, a, c)
	VMOVDQU8(c, msg)
	VMOVDQA64(a, v)
}
