// SPDX-License-Identifier: Apache-2.0

package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// width is a vector width: bytes, the suffix of the kernels' names, and where
// its registers come from.
type width struct {
	bytes  int
	suffix string
	reg    func() VecVirtual
}

var (
	width256 = width{32, "AVX2", YMM}
	width512 = width{64, "AVX512", ZMM}
	widths   = []width{width256, width512}
)

// lanes returns the numbers of a register.
func (w width) lanes() int { return w.bytes / 4 }

// argument returns a float32 parameter in all lanes.
func (w width) argument(name string) VecVirtual {
	arg, err := Param(name).Resolve()
	if err != nil {
		panic(err)
	}
	v := w.reg()
	VBROADCASTSS(arg.Addr, v)
	return v
}

// argumentAddr returns where a parameter lies.
func argumentAddr(name string) Mem {
	arg, err := Param(name).Resolve()
	if err != nil {
		panic(err)
	}
	return arg.Addr
}
