// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// panelBytes is one row of a panel of b.
const panelBytes = 64

// gemm is the shape of a kernel: how many vectors of columns it computes, and
// how many rows at a time. Rows × vectors accumulators hide the latency of the
// multiply-adds (eight suffice), and each element of b that is loaded serves
// all rows: 12 × 2 registers of AVX-512 load 14 times for 24 multiply-adds, and
// 6 × 2 of AVX2 load 8 times for 12.
type gemm struct {
	width
	name    string
	vectors int
	rows    []int // sizes of row blocks, the largest first, 1 last
	masked  bool  // AVX2 only: AVX-512 masks always
	wide    bool  // AVX-512, whatever the width
}

// kernel is the registers of a kernel.
type kernel struct {
	gemm
	a, lda, lda3, b, c, ldc, init, ldi, m Register
	next                                  Register   // distance of the second panel in bytes
	end                                   Register   // end of the panel of b
	bases                                 []Register // first, fifth and ninth row of a
	floor                                 VecVirtual
	masks                                 []Register
}

// write writes the kernel. It keeps the first rows of a in registers of their
// own, because an address has but one index: row i lies at bases[i/4] plus 0,
// 1, 2 or 3 lda.
func (g gemm) write() {
	mask := "mask *[16]int32"
	if g.wide {
		mask = "mask uint32"
	}
	TEXT(g.name, NOSPLIT, "func(c *float32, ldc uintptr, a *float32, lda uintptr, b *float32, next uintptr, init *float32, ldi, column, m, k uintptr, floor float32, "+mask+")")
	Pragma("noescape")
	Doc(fmt.Sprintf("%s computes m rows of %d columns under a mask; strides are in bytes.", g.name, g.vectors*g.lanes()))
	k := kernel{gemm: g, floor: g.argument("floor")}
	for _, p := range []struct {
		name string
		to   *Register
	}{{"c", &k.c}, {"ldc", &k.ldc}, {"a", &k.a}, {"lda", &k.lda}, {"b", &k.b}, {"init", &k.init}, {"ldi", &k.ldi}, {"m", &k.m}} {
		*p.to = Load(Param(p.name), GP64())
	}
	if g.vectors*g.bytes > panelBytes {
		k.next = Load(Param("next"), GP64())
		ADDQ(k.b, k.next)
	}
	k.loadMasks()
	k.lda3 = GP64()
	LEAQ(Mem{Base: k.lda, Index: k.lda, Scale: 2}, k.lda3)
	k.end = GP64()
	MOVQ(argumentAddr("k"), k.end)
	SHLQ(Imm(6), k.end)
	ADDQ(k.b, k.end)
	for _, rows := range g.rows {
		label := fmt.Sprintf("%s_%d", g.name, rows)
		Label(label)
		CMPQ(k.m, Imm(uint64(rows)))
		JLT(LabelRef(label + "_end"))
		if rows == 12 { // 16 are two times 8, not 12 and a slow 4
			CMPQ(k.m, Imm(16))
			JE(LabelRef(label + "_end"))
		}
		k.block(label, rows)
		SUBQ(Imm(uint64(rows)), k.m)
		JMP(LabelRef(label))
		Label(label + "_end")
	}
	VZEROUPPER()
	RET()
}

func (k *kernel) loadMasks() {
	k.masks = make([]Register, k.vectors)
	if k.wide {
		bits := Load(Param("mask"), GP32())
		for v := range k.masks {
			mask := K()
			KMOVW(bits, mask)
			SHRL(Imm(16), bits)
			k.masks[v] = mask
		}
		return
	}
	if !k.masked {
		return
	}
	ptr := Load(Param("mask"), GP64())
	for v := range k.masks {
		mask := k.reg()
		VMOVUPS(Mem{Base: ptr, Disp: k.bytes * v}, mask)
		k.masks[v] = mask
	}
}

// block computes rows and moves a, c and init on to the next ones.
func (k *kernel) block(label string, rows int) {
	k.bases = []Register{k.a}
	for i := 4; i < rows; i += 4 {
		base := GP64()
		LEAQ(Mem{Base: k.bases[len(k.bases)-1], Index: k.lda, Scale: 4}, base)
		k.bases = append(k.bases, base)
	}
	acc := make([][]VecVirtual, rows)
	for i := range acc {
		acc[i] = make([]VecVirtual, k.vectors)
		for v := range acc[i] {
			acc[i][v] = k.reg()
			VXORPS(acc[i][v], acc[i][v], acc[i][v])
		}
	}
	CMPQ(k.b, k.end)
	JGE(LabelRef(label + "_store"))
	Label(label + "_k")
	k.step(acc)
	CMPQ(k.b, k.end)
	JLT(LabelRef(label + "_k"))
	// Back to the start of the panel and of the rows.
	back := GP64()
	MOVQ(argumentAddr("k"), back)
	SHLQ(Imm(2), back)
	SUBQ(back, k.a)
	SHLQ(Imm(4), back)
	SUBQ(back, k.b)
	if k.next != nil {
		SUBQ(back, k.next)
	}
	Label(label + "_store")
	k.finish(label, acc)
	rest := rows
	for ; rest >= 4; rest -= 4 {
		LEAQ(Mem{Base: k.a, Index: k.lda, Scale: 4}, k.a)
	}
	for ; rest > 0; rest-- {
		ADDQ(k.lda, k.a)
	}
}

// step adds one column of a times one row of b.
func (k *kernel) step(acc [][]VecVirtual) {
	b := make([]VecVirtual, k.vectors)
	for v := range b {
		b[v] = k.reg()
		at := Mem{Base: k.b, Disp: v * k.bytes}
		if v*k.bytes >= panelBytes {
			at = Mem{Base: k.next}
		}
		VMOVUPS(at, b[v])
	}
	for i := range acc {
		x := k.reg()
		VBROADCASTSS(k.row(i), x)
		for v := range b {
			VFMADD231PS(x, b[v], acc[i][v])
		}
	}
	for _, base := range k.bases {
		ADDQ(Imm(4), base)
	}
	ADDQ(Imm(panelBytes), k.b)
	if k.next != nil {
		ADDQ(Imm(panelBytes), k.next)
	}
}

// row addresses the current element of row i of a.
func (k *kernel) row(i int) Mem {
	base := k.bases[i/4]
	switch i % 4 {
	case 1:
		return Mem{Base: base, Index: k.lda, Scale: 1}
	case 2:
		return Mem{Base: base, Index: k.lda, Scale: 2}
	case 3:
		return Mem{Base: base, Index: k.lda3, Scale: 1}
	}
	return Mem{Base: base}
}

// finish adds init, which is a row or, where column is set, one number per row;
// applies the floor, and stores.
func (k *kernel) finish(label string, acc [][]VecVirtual) {
	CMPQ(argumentAddr("column"), Imm(0))
	JNE(LabelRef(label + "_column"))
	for _, row := range acc {
		for v, sum := range row {
			k.addRow(v, sum)
			k.store(v, sum)
		}
		ADDQ(k.ldi, k.init)
		ADDQ(k.ldc, k.c)
	}
	JMP(LabelRef(label + "_stored"))
	Label(label + "_column")
	x := k.reg()
	for _, row := range acc {
		VBROADCASTSS(Mem{Base: k.init}, x)
		for v, sum := range row {
			VADDPS(x, sum, sum)
			k.store(v, sum)
		}
		ADDQ(k.ldi, k.init)
		ADDQ(k.ldc, k.c)
	}
	Label(label + "_stored")
}

// addRow adds the columns of init.
func (k *kernel) addRow(v int, sum VecVirtual) {
	at := Mem{Base: k.init, Disp: v * k.bytes}
	switch {
	case k.wide:
		VADDPS_Z(at, sum, k.masks[v], sum)
	case k.masked:
		x := k.reg()
		VMASKMOVPS(at, k.masks[v], x)
		VADDPS(x, sum, sum)
	default:
		VADDPS(at, sum, sum)
	}
}

// store applies the floor, which a sum that is not a number survives as the
// second source, and writes the columns under the mask.
func (k *kernel) store(v int, sum VecVirtual) {
	VMAXPS(sum, k.floor, sum)
	at := Mem{Base: k.c, Disp: v * k.bytes}
	switch {
	case k.wide:
		VMOVUPS(sum, k.masks[v], at)
	case k.masked:
		VMASKMOVPS(sum, k.masks[v], at)
	default:
		VMOVUPS(sum, at)
	}
}

// gemms writes the kernels of Gemm.
func gemms() {
	rows256, rows512 := []int{6, 4, 2, 1}, []int{12, 8, 4, 2, 1}
	gemm{width256, "gemmAVX2", 2, rows256, false, false}.write()
	gemm{width256, "gemmMaskedAVX2", 2, rows256, true, false}.write()
	// Half a panel has a kernel of its own, because masked stores of whole
	// registers to narrow rows cross cache lines more often.
	gemm{width256, "gemmHalfAVX512", 1, rows512, true, true}.write()
	gemm{width512, "gemmPanelAVX512", 1, rows512, true, true}.write()
	gemm{width512, "gemmPairAVX512", 2, rows512, true, true}.write()
	for _, w := range widths {
		rowTimes(w)
	}
}

// rowTimes writes the product of one row with so many panels that eight
// accumulators hide the latency, which one row of one panel cannot.
func rowTimes(w width) {
	name := "rowTimes" + w.suffix
	TEXT(name, NOSPLIT, "func(c, a, b *float32, next uintptr, init *float32, k uintptr, floor float32)")
	Pragma("noescape")
	Doc(fmt.Sprintf("%s computes one row of %d columns from panels that are next bytes apart; k ≥ 1.", name, 8*w.lanes()))
	c, a, b := Load(Param("c"), GP64()), Load(Param("a"), GP64()), Load(Param("b"), GP64())
	next, init, k := Load(Param("next"), GP64()), Load(Param("init"), GP64()), Load(Param("k"), GP64())
	floor := w.argument("floor")
	next3 := GP64()
	LEAQ(Mem{Base: next, Index: next, Scale: 2}, next3)
	bases := []Register{b}
	if w.bytes == panelBytes {
		b4 := GP64()
		LEAQ(Mem{Base: b, Index: next, Scale: 4}, b4)
		bases = append(bases, b4)
	}
	at := func(v int) Mem {
		panel, disp := v*w.bytes/panelBytes, v*w.bytes%panelBytes
		m := Mem{Base: bases[panel/4], Disp: disp}
		switch panel % 4 {
		case 1:
			m.Index, m.Scale = next, 1
		case 2:
			m.Index, m.Scale = next, 2
		case 3:
			m.Index, m.Scale = next3, 1
		}
		return m
	}
	acc := make([]VecVirtual, 8)
	for v := range acc {
		acc[v] = w.reg()
		VXORPS(acc[v], acc[v], acc[v])
	}
	Label(name + "_k")
	x := w.reg()
	VBROADCASTSS(Mem{Base: a}, x)
	for v := range acc {
		VFMADD231PS(at(v), x, acc[v])
	}
	ADDQ(Imm(4), a)
	for _, base := range bases {
		ADDQ(Imm(panelBytes), base)
	}
	DECQ(k)
	JNZ(LabelRef(name + "_k"))
	for v := range acc {
		VADDPS(Mem{Base: init, Disp: v * w.bytes}, acc[v], acc[v])
		VMAXPS(acc[v], floor, acc[v])
		VMOVUPS(acc[v], Mem{Base: c, Disp: v * w.bytes})
	}
	VZEROUPPER()
	RET()
}
