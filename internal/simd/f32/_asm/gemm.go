// SPDX-License-Identifier: Apache-2.0

package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// rows is how many rows of a panel run at a time: as many accumulators as hide
// the latency of two fused multiply-adds a cycle.
const rows = 8

// panel is the registers of a panel of eight columns.
type panel struct {
	c, ldc, a, lda, b, init, ldi, m, k Register
	lda3, a4, kk                       GPVirtual
	floor, mask                        VecVirtual
	masked                             bool
}

// gemm writes a kernel for one panel of eight columns, or of fewer under a mask.
func gemm(name string, masked bool) {
	sig := "func(c *float32, ldc uintptr, a *float32, lda uintptr, b, init *float32, ldi uintptr, m, k uintptr, floor float32)"
	doc := name + " computes a panel of eight columns; strides are in bytes."
	if masked {
		sig = "func(c *float32, ldc uintptr, a *float32, lda uintptr, b, init *float32, ldi uintptr, m, k uintptr, floor float32, mask *[8]int32)"
		doc = name + " computes the columns of a panel whose mask is negative; strides are in bytes."
	}
	TEXT(name, NOSPLIT, sig)
	Doc(doc)
	p := panel{masked: masked}
	p.c, p.ldc = Load(Param("c"), GP64()), Load(Param("ldc"), GP64())
	p.a, p.lda = Load(Param("a"), GP64()), Load(Param("lda"), GP64())
	p.b = Load(Param("b"), GP64())
	p.init, p.ldi = Load(Param("init"), GP64()), Load(Param("ldi"), GP64())
	p.m, p.k = Load(Param("m"), GP64()), Load(Param("k"), GP64())
	floor, err := Param("floor").Resolve()
	if err != nil {
		panic(err)
	}
	p.floor, p.mask = YMM(), YMM()
	VBROADCASTSS(floor.Addr, p.floor)
	if masked {
		ptr := Load(Param("mask"), GP64())
		VMOVUPS(Mem{Base: ptr}, p.mask)
	}
	p.lda3, p.a4, p.kk = GP64(), GP64(), GP64()
	LEAQ(Mem{Base: p.lda, Index: p.lda, Scale: 2}, p.lda3)
	SHLQ(Imm(5), p.k) // bytes of the panel of b

	Label(name + "_block")
	CMPQ(p.m, Imm(rows))
	JLT(LabelRef(name + "_tail"))
	p.block(name, rows)
	// The next block starts eight rows below the first column.
	LEAQ(Mem{Base: p.a, Index: p.lda, Scale: 8}, p.a)
	SUBQ(Imm(rows), p.m)
	JMP(LabelRef(name + "_block"))

	Label(name + "_tail")
	TESTQ(p.m, p.m)
	JZ(LabelRef(name + "_done"))
	Label(name + "_row")
	p.block(name+"_one", 1)
	ADDQ(p.lda, p.a)
	DECQ(p.m)
	JNZ(LabelRef(name + "_row"))
	Label(name + "_done")
	VZEROUPPER()
	RET()
}

// block computes n rows and leaves a at their first column; c and init move on.
func (p panel) block(label string, n int) {
	acc := make([]VecVirtual, n)
	for i := range acc {
		acc[i] = YMM()
		VXORPS(acc[i], acc[i], acc[i])
	}
	LEAQ(Mem{Base: p.a, Index: p.lda, Scale: 4}, p.a4)
	XORQ(p.kk, p.kk)
	CMPQ(p.kk, p.k)
	JGE(LabelRef(label + "_store"))
	Label(label + "_k")
	b, x := YMM(), YMM()
	VMOVUPS(Mem{Base: p.b, Index: p.kk, Scale: 1}, b)
	for i := range acc {
		VBROADCASTSS(p.row(i), x)
		VFMADD231PS(x, b, acc[i])
	}
	ADDQ(Imm(4), p.a)
	ADDQ(Imm(4), p.a4)
	ADDQ(Imm(32), p.kk)
	CMPQ(p.kk, p.k)
	JLT(LabelRef(label + "_k"))
	SHRQ(Imm(3), p.kk)
	SUBQ(p.kk, p.a)
	Label(label + "_store")
	for i := range acc {
		if p.masked {
			VMASKMOVPS(Mem{Base: p.init}, p.mask, x)
			VADDPS(x, acc[i], acc[i])
		} else {
			VADDPS(Mem{Base: p.init}, acc[i], acc[i])
		}
		// The second source survives when it is not a number.
		VMAXPS(acc[i], p.floor, acc[i])
		if p.masked {
			VMASKMOVPS(acc[i], p.mask, Mem{Base: p.c})
		} else {
			VMOVUPS(acc[i], Mem{Base: p.c})
		}
		ADDQ(p.ldi, p.init)
		ADDQ(p.ldc, p.c)
	}
}

// row addresses the current element of row i of a.
func (p panel) row(i int) Mem {
	base := p.a
	if i >= 4 {
		base = p.a4
	}
	switch i % 4 {
	case 1:
		return Mem{Base: base, Index: p.lda, Scale: 1}
	case 2:
		return Mem{Base: base, Index: p.lda, Scale: 2}
	case 3:
		return Mem{Base: base, Index: p.lda3, Scale: 1}
	}
	return Mem{Base: base}
}
