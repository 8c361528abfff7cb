// SPDX-License-Identifier: Apache-2.0

// Command asm writes the assembly of package denormal: go run . -out ../denormal_amd64.s
package main

import . "github.com/mmcloughlin/avo/build"

func main() {
	ConstraintExpr("amd64,!purego")

	TEXT("control", NOSPLIT, "func() uint32")
	Doc("control returns the control and status register of SSE and AVX.")
	slot := AllocLocal(8)
	STMXCSR(slot)
	r := GP32()
	MOVL(slot, r)
	Store(r, ReturnIndex(0))
	RET()

	TEXT("setControl", NOSPLIT, "func(v uint32)")
	Doc("setControl sets the control and status register of SSE and AVX.")
	slot = AllocLocal(8)
	v := Load(Param("v"), GP32())
	MOVL(v, slot)
	LDMXCSR(slot)
	RET()

	Generate()
}
