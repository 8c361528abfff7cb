// SPDX-License-Identifier: Apache-2.0

package block

import (
	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/phy/pusch"
)

// combine adds the soft bits of one transmission to those of its HARQ process,
// or replaces these with new data and where they belong to another transport
// block. Filler bits keep their certainty.
func combine(dst, tx *pusch.SoftBuffer, newData bool) {
	same := dst.TBS == tx.TBS && dst.BaseGraph == tx.BaseGraph && dst.Z == tx.Z && dst.Filler == tx.Filler &&
		dst.LLR.Dim(0) == tx.LLR.Dim(0) && dst.LLR.Dim(1) == tx.LLR.Dim(1)
	if newData || !same {
		llr := dst.LLR
		llr.CopyFrom(&tx.LLR)
		*dst = *tx
		dst.LLR = llr
		return
	}
	dst.Transmissions += tx.Transmissions
	dst.Extent = max(dst.Extent, tx.Extent)
	for b := range dst.LLR.Dim(0) {
		addSaturated(dst.LLR.Row(b)[:dst.Extent], tx.LLR.Row(b))
	}
}

// addSaturated adds soft bits within ±[nr.MaxLLR]. Filler bits, which both
// sides hold as 127, stay.
func addSaturated(dst, src []int8) {
	src = src[:len(dst)]
	for i, x := range dst {
		if x <= nr.MaxLLR {
			dst[i] = int8(min(max(int(x)+int(src[i]), -nr.MaxLLR), nr.MaxLLR))
		}
	}
}
