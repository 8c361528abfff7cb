// SPDX-License-Identifier: Apache-2.0

package sch

import (
	"github.com/neuroran/neuroran/phy/ldpc"
	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/tensor"
)

// SoftBuffer holds the soft bits of one HARQ process: what all transmissions of
// its transport block have added up to. It is state, kept until new data
// arrives, also after a CRC pass; losing it costs a retransmission at most. It
// is a struct of scalars and one int8 tensor, so that it can be a state cell,
// be sent to another node and be read back.
//
// The zero value is an empty buffer. [Decoder.Combine] gives it its shape; the
// memory grows to the largest transport block seen and is then reused.
//
// It is the circular buffer of TS 38.212 §5.4.2.1, at the receiver.
type SoftBuffer struct {
	TBS           int                 // transport block size, bits; 0 while empty
	BaseGraph     ldpc.BaseGraph      // base graph of the block
	Z             int                 // lifting size
	Filler        int                 // filler bits of a code block
	Extent        int                 // 1 + the highest position that was received
	Transmissions int                 // transmissions combined so far
	LLR           tensor.Tensor[int8] `tensor:"block,position"` // [C, N], positive means bit 0
}

// Reset empties the buffer and keeps its memory.
func (s *SoftBuffer) Reset() {
	s.TBS, s.Extent, s.Transmissions = 0, 0, 0
}

// holds reports whether the buffer belongs to a transport block of this code:
// only then can a transmission be combined with it.
func (s *SoftBuffer) holds(c *Code) bool {
	seg := &c.Segmentation
	return s.TBS == c.TBS && s.BaseGraph == seg.BaseGraph && s.Z == seg.Z && s.Filler == seg.Filler &&
		s.LLR.Dim(0) == seg.NumBlocks && s.LLR.Dim(1) == seg.BaseGraph.N(seg.Z)
}

// Merge adds the soft bits of one transmission, which [Decoder.Combine] put in
// a buffer of its own, to those of its HARQ process. It replaces these with new
// data, and where they belong to another transport block. It is what Combine
// does with a single buffer; here rate recovery and combining may be two
// functions. Merge does not allocate once s has grown.
func (s *SoftBuffer) Merge(tx *SoftBuffer, newData bool) {
	same := s.TBS == tx.TBS && s.BaseGraph == tx.BaseGraph && s.Z == tx.Z && s.Filler == tx.Filler &&
		s.LLR.Dim(0) == tx.LLR.Dim(0) && s.LLR.Dim(1) == tx.LLR.Dim(1)
	if newData || !same {
		llrs := s.LLR
		llrs.CopyFrom(&tx.LLR)
		*s = *tx
		s.LLR = llrs
		return
	}
	s.Transmissions += tx.Transmissions
	s.Extent = max(s.Extent, tx.Extent)
	for r := range s.LLR.Dim(0) {
		addSaturated(s.LLR.Row(r)[:s.Extent], tx.LLR.Row(r))
	}
}

// addSaturated adds soft bits within ±[nr.MaxLLR]. Filler bits, which both
// sides hold as [nr.FillerLLR], stay.
func addSaturated(dst, src []int8) {
	src = src[:len(dst)]
	for i, x := range dst {
		if x != nr.FillerLLR {
			dst[i] = int8(min(max(int(x)+int(src[i]), -nr.MaxLLR), nr.MaxLLR))
		}
	}
}

// Initial returns what the buffer remembers of the initial transmission of its
// transport block; the zero value while it is empty.
func (s *SoftBuffer) Initial() Initial { return Initial{s.TBS, s.BaseGraph} }

// start gives the buffer the shape of a new transport block.
func (s *SoftBuffer) start(c *Code) {
	seg := &c.Segmentation
	*s = SoftBuffer{TBS: c.TBS, BaseGraph: seg.BaseGraph, Z: seg.Z, Filler: seg.Filler, LLR: s.LLR}
	s.LLR.Resize(seg.NumBlocks, seg.BaseGraph.N(seg.Z))
}
