// SPDX-License-Identifier: Apache-2.0

// Command asm generates the AVX2 and AVX-512 kernels of package f32.
package main

import . "github.com/mmcloughlin/avo/build"

func main() {
	ConstraintExpr("!purego")
	gemms()
	for _, w := range widths {
		packRows(w)
		taps(w)
		arithmetic(w)
		axpy(w)
		scaleShift(w)
		normalize(w)
		unaries(w)
		reductions(w)
	}
	transpose()
	secondOnes()
	rowComb()
	quantize()
	Generate()
}
