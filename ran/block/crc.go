// SPDX-License-Identifier: Apache-2.0

package block

import "github.com/neuroran/neuroran/sfaas"

// NewCheckCRC returns the function that checks the CRC of a transport block. A
// failed CRC is a result: the message is sent all the same.
//
// TS 38.212 §5.1 and §6.2.1.
func NewCheckCRC(cfg Config) sfaas.Fn[Bits, TransportBlock] {
	return sfaas.Define(StageCheckCRC.String(), checkCRC, sfaas.FunctionConfig{Params: cfg.params("")})
}

func checkCRC(c *sfaas.Ctx, out *TransportBlock, in *Bits) error {
	out.Mark(c, StageCheckCRC, &in.Trace)
	tb, code := &out.TransportBlock, &in.Code
	tb.Slot, tb.RNTI, tb.HARQ, tb.Quality = in.Slot, code.RNTI, code.HARQProcess, in.Quality
	tb.NumBits, tb.Iterations, tb.MeanIterations = code.TBS, in.Blocks.Iterations, in.Blocks.MeanIterations()
	tb.Data.Resize(code.TBS / 8)
	copy(tb.Data.Data(), in.Packed.Data())
	tb.CRC = code.TBS > 0 && in.Blocks.CRC && code.CheckTransportBlock(in.Packed.Data())
	return nil
}
