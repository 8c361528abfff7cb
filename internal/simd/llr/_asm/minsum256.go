// SPDX-License-Identifier: Apache-2.0

package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

const half = 32

// lut256 holds a Rule as four tables of sixteen.
type lut256 struct {
	part [4]VecVirtual
	top  VecVirtual // 63
	one  VecVirtual // 1
}

// look sets out to rule[min(m, 63)].
func (l lut256) look(m, out VecVirtual) {
	a, b, sel := YMM(), YMM(), YMM()
	VPMINUB(l.top, m, out)
	VPSLLW(Imm(3), out, sel) // bit 4 to the top
	VPSHUFB(out, l.part[0], a)
	VPSHUFB(out, l.part[1], b)
	VPBLENDVB(sel, b, a, a)
	c := YMM()
	VPSHUFB(out, l.part[2], b)
	VPSHUFB(out, l.part[3], c)
	VPBLENDVB(sel, c, b, b)
	VPSLLW(Imm(2), out, sel) // bit 5 to the top
	VPBLENDVB(sel, b, a, out)
}

// minSumRow256 works on 32 checks at a time and any degree; the extrinsic
// values wait on the stack.
func minSumRow256() {
	TEXT("minSumRowAVX2", NOSPLIT, "func(soft, messages, old *int8, step int, edges *uint32, degree, z int, rule *uint8) uint64")
	Pragma("noescape")
	Doc("minSumRowAVX2 is MinSumRow; it returns a bit for each violated lane.")
	lut := loadLUT256(Load(Param("rule"), GP64()))
	z, msgs := Load(Param("z"), GP64()), Load(Param("messages"), GP64())
	old := Load(Param("old"), GP64())
	at, here := GP64(), Load(Param("soft"), GP64())
	mask, validLanes := GP64(), AllocLocal(8)
	startBlocks(z, at, mask)
	MOVQ(mask, validLanes)
	ADDQ(at, here)
	odd, hi := GP64(), GP64() // hi is 32 first, then 0: the half of the block
	XORQ(odd, odd)
	stack := AllocLocal(half * 19)
	count, edge, msg, val, addr := GP64(), GP64(), GP64(), GP64(), GP64()
	begin := func(messages Register) {
		Load(Param("degree"), count)
		Load(Param("edges"), edge)
		LEAQ(Mem{Base: messages, Index: hi, Scale: 1}, msg)
		LEAQ(stack, val)
	}
	next := func(label string) {
		ADDQ(Imm(edgeSize), edge)
		ADDQ(Imm(lanes), msg)
		ADDQ(Imm(half), val)
		DECQ(count)
		JNE(LabelRef(label))
	}

	Label("block")
	MOVQ(U32(half), hi)
	Label("half")
	begin(old)
	min1, min2, sign := YMM(), YMM(), YMM()
	VPCMPEQB(min1, min1, min1)
	VPCMPEQB(min2, min2, min2)
	VPXOR(sign, sign, sign)
	Label("gather")
	wrap := GP64()
	MOVL(Mem{Base: edge, Disp: edgeSrc}, addr.As32())
	ADDQ(hi, addr)
	XORL(wrap.As32(), wrap.As32())
	CMPL(at.As32(), Mem{Base: edge, Disp: edgeLeft})
	CMOVQCC(z, wrap)
	SUBQ(wrap, addr)
	v, a, larger := YMM(), YMM(), YMM()
	VMOVDQU(Mem{Base: here, Index: addr, Scale: 1}, v)
	VPSUBSB(Mem{Base: msg}, v, v)
	VMOVDQU(v, Mem{Base: val})
	VPABSB(v, a)
	VPXOR(v, sign, sign)
	VPMAXUB(a, min1, larger)
	VPMINUB(a, min1, min1)
	VPMINUB(larger, min2, min2)
	next("gather")

	out1, out2 := YMM(), YMM()
	lut.look(min1, out1)
	lut.look(min2, out2)
	VPOR(lut.one, sign, sign) // VPSIGNB would make 0 where the sum of signs is 0
	VPSIGNB(sign, out1, out1)
	VPSIGNB(sign, out2, out2)
	VPXOR(sign, sign, sign)
	begin(msgs)
	Label("scatter")
	v, a = YMM(), YMM()
	c := YMM()
	VMOVDQU(Mem{Base: val}, v)
	VPABSB(v, a)
	VPCMPEQB(a, min1, a)
	VPBLENDVB(a, out2, out1, c)
	VPOR(lut.one, v, a)
	VPSIGNB(a, c, c)
	VPADDSB(c, v, a)
	VPSUBB(v, a, c)
	VMOVDQU(c, Mem{Base: msg})
	VPXOR(a, sign, sign)
	MOVL(Mem{Base: edge, Disp: edgeDst}, addr.As32())
	ADDQ(hi, addr)
	VMOVDQU(a, Mem{Base: here, Index: addr, Scale: 1})
	next("scatter")

	VPMOVMSKB(sign, addr.As32())
	MOVQ(hi, RCX)
	SHLQ(CL, addr)
	ANDQ(validLanes, addr)
	ORQ(addr, odd)
	SUBQ(Imm(half), hi)
	JGE(LabelRef("half"))

	MOVQ(I32(-1), validLanes)
	MOVQ(msg, msgs)
	Load(Param("step"), addr)
	ADDQ(addr, old)
	SUBQ(Imm(lanes), here)
	SUBQ(Imm(lanes), at)
	JGE(LabelRef("block"))
	repeatFirst256(z, count, edge)
	VZEROUPPER()
	Store(odd, ReturnIndex(0))
	RET()
}

// repeatFirst256 copies the first block of every vector behind it.
func repeatFirst256(z, count, edge Register) {
	Load(Param("degree"), count)
	Load(Param("edges"), edge)
	soft, addr := Load(Param("soft"), GP64()), GP64()
	low, high := YMM(), YMM()
	Label("repeat")
	MOVL(Mem{Base: edge, Disp: edgeDst}, addr.As32())
	ADDQ(soft, addr)
	VMOVDQU(Mem{Base: addr}, low)
	VMOVDQU(Mem{Base: addr, Disp: half}, high)
	VMOVDQU(low, Mem{Base: addr, Index: z, Scale: 1})
	VMOVDQU(high, Mem{Base: addr, Index: z, Scale: 1, Disp: half})
	ADDQ(Imm(edgeSize), edge)
	DECQ(count)
	JNE(LabelRef("repeat"))
}

// loadLUT256 splits the rule at ptr.
func loadLUT256(ptr Register) lut256 {
	l := lut256{top: YMM(), one: YMM()}
	for i := range l.part {
		l.part[i] = YMM()
		VBROADCASTI128(Mem{Base: ptr, Disp: 16 * i}, l.part[i])
	}
	VPCMPEQB(l.one, l.one, l.one)
	VPABSB(l.one, l.one)
	tmp := GP32()
	MOVL(U32(63), tmp)
	MOVD(tmp, l.top.AsX())
	VPBROADCASTB(l.top.AsX(), l.top)
	return l
}
