// SPDX-License-Identifier: Apache-2.0

// Command asm writes the assembly of package tsc: go run . -out ../tsc_amd64.s
package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

func main() {
	ConstraintExpr("amd64,!purego")
	TEXT("rdtsc", NOSPLIT, "func() uint64")
	Doc("rdtsc reads the counter. It may run ahead of earlier instructions.")
	RDTSC()
	SHLQ(Imm(32), RDX)
	ORQ(RAX, RDX)
	Store(RDX, ReturnIndex(0))
	RET()
	Generate()
}
