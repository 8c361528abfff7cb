// SPDX-License-Identifier: Apache-2.0

package block

import (
	"github.com/neuroran/neuroran/sfaas"
)

// NewRecover returns the function that takes scrambling, interleaving and rate
// matching back: soft bits of one transmission, at their places in the circular
// buffers. It keeps nothing: redundancy version, code blocks and scrambling
// identity travel with the data. Combining with earlier transmissions is
// decoding.
//
// It inverts TS 38.211 §6.3.1.1 and TS 38.212 §5.4.2.
func NewRecover(cfg Config) sfaas.Fn[LLRs, SoftBits] {
	scratch := sfaas.NewScratch("dematcher", cfg.newDecoder, nil)
	return sfaas.Define(StageRecover.String(), func(c *sfaas.Ctx, out *SoftBits, in *LLRs) error {
		out.Mark(c, StageRecover, &in.Trace)
		out.Slot, out.Quality, out.Code = in.Slot, in.Quality, in.Code
		if in.Code.TBS == 0 { // a reserved MCS whose initial transmission is not known
			out.Soft.Reset()
			return nil
		}
		alone := in.Code
		alone.NewData = true
		d := scratch.Get(c)
		if err := d.Configure(&alone); err != nil {
			return err
		}
		return d.Combine(&out.Soft, in.Values.Data())
	}, sfaas.FunctionConfig{Params: cfg.params("")}, scratch)
}
