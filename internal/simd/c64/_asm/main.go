// SPDX-License-Identifier: Apache-2.0

// Command asm writes the assembly of package c64: go run . -out ../c64_amd64.s
package main

import . "github.com/mmcloughlin/avo/build"

func main() {
	ConstraintExpr("amd64,!purego")
	radix4First()
	radix4(width256)
	radix4(width512)
	radix8First()
	radix8(width512)
	radix4Last(width256)
	radix4Last(width512)
	radix2Last()
	radix2()
	radix3()
	mulVectors("mulAVX2", "Mul", false)
	mulVectors("mulConjAVX2", "MulConj", true)
	scaleVector()
	mulScale()
	mulEven("mulEvenAVX2", "MulEven", false)
	mulEven("mulConjEvenAVX2", "MulConjEven", true)
	pairSum()
	lineFour()
	autoCorrelate(width256)
	autoCorrelate(width512)
	for stages := 1; stages <= 4; stages++ {
		maxLog(stages)
	}
	Generate()
}
