// SPDX-License-Identifier: Apache-2.0

// Command asm generates the AVX2 and AVX-512 kernels of package i8.
package main

import . "github.com/mmcloughlin/avo/build"

func main() {
	ConstraintExpr("!purego")
	gemmVNNI("gemm32VNNI", 2)
	gemmVNNI("gemm16VNNI", 1)
	gemmAVX2()
	pack()
	sum()
	addScaled()
	requantize()
	quantize()
	dequantize()
	Generate()
}
