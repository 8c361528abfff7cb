// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// groupBytes is one group of a panel: sixteen columns of four terms.
const groupBytes = 64

const gemmSignature = "func(c *int32, ldc uintptr, a *uint8, lda uintptr, b *int8, next uintptr, m, groups uintptr)"

// rows is the registers of a kernel that computes rows of a product, some at a
// time. Row i of a block lies at bases[i/4] plus 0, 1, 2 or 3 lda.
type rows struct {
	a, lda, lda3, b, c, ldc, m Register
	next                       Register // distance of the second panel
	end                        Register // end of the panel
}

func loadRows() *rows {
	r := &rows{}
	for _, p := range []struct {
		name string
		to   *Register
	}{{"c", &r.c}, {"ldc", &r.ldc}, {"a", &r.a}, {"lda", &r.lda}, {"b", &r.b}, {"next", &r.next}, {"m", &r.m}, {"groups", &r.end}} {
		*p.to = Load(Param(p.name), GP64())
	}
	SHLQ(Imm(6), r.end)
	ADDQ(r.b, r.end)
	r.lda3 = GP64()
	LEAQ(Mem{Base: r.lda, Index: r.lda, Scale: 2}, r.lda3)
	return r
}

// blocks writes a loop for each size of a block of rows, the largest first, 1
// last; body computes one block.
func (r *rows) blocks(name string, sizes []int, body func(label string, size int)) {
	for _, size := range sizes {
		label := fmt.Sprintf("%s_%d", name, size)
		Label(label)
		CMPQ(r.m, Imm(uint64(size)))
		JLT(LabelRef(label + "_end"))
		body(label, size)
		SUBQ(Imm(uint64(size)), r.m)
		JMP(LabelRef(label))
		Label(label + "_end")
	}
}

// bases returns pointers to every fourth row of a block, which the loop over
// groups moves on.
func (r *rows) bases(size int) []Register {
	var list []Register
	for i := 0; i < size; i += 4 {
		base := GP64()
		if i == 0 {
			MOVQ(r.a, base)
		} else {
			LEAQ(Mem{Base: list[len(list)-1], Index: r.lda, Scale: 4}, base)
		}
		list = append(list, base)
	}
	return list
}

// row returns where the four terms of row i lie.
func (r *rows) row(bases []Register, i int) Mem {
	at := Mem{Base: bases[i/4]}
	switch i % 4 {
	case 1:
		at.Index, at.Scale = r.lda, 1
	case 2:
		at.Index, at.Scale = r.lda, 2
	case 3:
		at.Index, at.Scale = r.lda3, 1
	}
	return at
}

// skip moves a on by a block of rows.
func (r *rows) skip(size int) {
	for ; size >= 4; size -= 4 {
		LEAQ(Mem{Base: r.a, Index: r.lda, Scale: 4}, r.a)
	}
	for ; size > 0; size-- {
		ADDQ(r.lda, r.a)
	}
}

// gemmVNNI writes the kernel for one or two panels: VPDPBUSD multiplies four
// unsigned bytes by four signed ones and adds the products to a sum of 32 bits,
// exactly. Sixteen accumulators hide its latency.
func gemmVNNI(name string, panels int) {
	TEXT(name, NOSPLIT, gemmSignature)
	Pragma("noescape")
	Doc(fmt.Sprintf("%s computes m rows of %d columns; strides are in bytes.", name, 16*panels))
	r := loadRows()
	r.blocks(name, []int{8, 4, 1}, func(label string, size int) {
		acc := make([][]VecVirtual, size)
		for i := range acc {
			for range panels {
				z := ZMM()
				VPXORD(z, z, z)
				acc[i] = append(acc[i], z)
			}
		}
		bases, at, second := r.bases(size), GP64(), GP64()
		MOVQ(r.b, at)
		if panels == 2 {
			LEAQ(Mem{Base: r.b, Index: r.next, Scale: 1}, second)
		}
		Label(label + "_group")
		b := []VecVirtual{ZMM()}
		VMOVDQU32(Mem{Base: at}, b[0])
		if panels == 2 {
			b = append(b, ZMM())
			VMOVDQU32(Mem{Base: second}, b[1])
			ADDQ(Imm(groupBytes), second)
		}
		for i := range size {
			a := ZMM()
			VPBROADCASTD(r.row(bases, i), a)
			for p := range panels {
				VPDPBUSD(b[p], a, acc[i][p])
			}
		}
		for _, base := range bases {
			ADDQ(Imm(4), base)
		}
		ADDQ(Imm(groupBytes), at)
		CMPQ(at, r.end)
		JLT(LabelRef(label + "_group"))
		for i := range size {
			for p := range panels {
				VMOVDQU32(acc[i][p], Mem{Base: r.c, Disp: groupBytes * p})
			}
			ADDQ(r.ldc, r.c)
		}
		r.skip(size)
	})
	VZEROUPPER()
	RET()
}

// gemmAVX2 writes the kernel for one panel without VPDPBUSD: bytes become words,
// VPMADDWD adds products in pairs, and the two pairs of a group are added at the
// end. The saturating VPMADDUBSW would not be exact.
func gemmAVX2() {
	const name, vectors = "gemm16AVX2", 4
	TEXT(name, NOSPLIT, gemmSignature)
	Pragma("noescape")
	Doc(name + " computes m rows of 16 columns; strides are in bytes.")
	r := loadRows()
	r.blocks(name, []int{2, 1}, func(label string, size int) {
		acc := make([][vectors]VecVirtual, size)
		for i := range acc {
			for v := range vectors {
				acc[i][v] = YMM()
				VPXOR(acc[i][v], acc[i][v], acc[i][v])
			}
		}
		bases, at := r.bases(size), GP64()
		MOVQ(r.b, at)
		Label(label + "_group")
		a := make([]VecVirtual, size)
		for i := range a {
			bytes := XMM()
			a[i] = YMM()
			VPBROADCASTD(r.row(bases, i), bytes)
			VPMOVZXBW(bytes, a[i])
		}
		for v := range vectors {
			b := YMM()
			VPMOVSXBW(Mem{Base: at, Disp: 16 * v}, b)
			for i := range size {
				pairs := YMM()
				VPMADDWD(b, a[i], pairs)
				VPADDD(pairs, acc[i][v], acc[i][v])
			}
		}
		ADDQ(Imm(4), bases[0])
		ADDQ(Imm(groupBytes), at)
		CMPQ(at, r.end)
		JLT(LabelRef(label + "_group"))
		for i := range size {
			for v := 0; v < vectors; v += 2 {
				sums := YMM()
				VPHADDD(acc[i][v+1], acc[i][v], sums)
				VPERMQ(Imm(0xd8), sums, sums)
				VMOVDQU(sums, Mem{Base: r.c, Disp: 16 * v})
			}
			ADDQ(r.ldc, r.c)
		}
		r.skip(size)
	})
	VZEROUPPER()
	RET()
}
