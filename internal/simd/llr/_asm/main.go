// SPDX-License-Identifier: Apache-2.0

// Command asm writes the assembly of package llr: go run . -out ../llr_amd64.s
package main

import . "github.com/mmcloughlin/avo/build"

func main() {
	ConstraintExpr("amd64,!purego")
	for _, degree := range degrees {
		minSumRow512(degree)
	}
	minSumRow256()
	flip256()
	scale256()
	hardDecide256()
	parityRow256()
	packSigns256()
	splitPairs256()
	addSaturated256()
	Generate()
}
