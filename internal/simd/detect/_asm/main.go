// SPDX-License-Identifier: Apache-2.0

// Command asm writes the assembly of package detect: go run . -out ../detect_amd64.s
package main

import . "github.com/mmcloughlin/avo/build"

func main() {
	ConstraintExpr("amd64,!purego")
	split()
	comb()
	dot()
	dotReal()
	sumInverse()
	for layers := 1; layers <= maxLayers; layers++ {
		solve(layers)
	}
	spread(2)
	spread(4)
	Generate()
}
