// SPDX-License-Identifier: Apache-2.0

// Command asm generates the AVX2 kernels of package f32.
package main

import . "github.com/mmcloughlin/avo/build"

func main() {
	ConstraintExpr("!purego")
	gemm("gemmFull", false)
	gemm("gemmMasked", true)
	vectors()
	rowComb()
	quantize()
	Generate()
}
