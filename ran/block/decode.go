// SPDX-License-Identifier: Apache-2.0

package block

import (
	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/phy/pusch"
	"github.com/neuroran/neuroran/phy/sch"
	"github.com/neuroran/neuroran/sfaas"
)

// Decoder is the function from soft bits to decided bits with its control port.
type Decoder struct {
	Fn     sfaas.Fn[SoftBits, Bits]   // the function
	Grants sfaas.Controller[nr.Grant] // under [HARQKey]
}

// coding is the state of decoding beside the soft bits: coding scheme and block
// length, and the slot of their grant.
type coding struct {
	Slot sfaas.Slot
	Code sch.Code
}

// NewDecode returns the function that combines the soft bits of a transmission
// with those of its HARQ process and decodes them. Its state is the coding
// scheme with the block length, and the soft bits. These are kept until new data
// arrives, also after a CRC pass, and are Volatile, since losing them costs a
// retransmission at most.
//
// TS 38.212 §5.2.2 and §5.3.2, inverted.
func NewDecode(cfg Config) Decoder {
	scheme := sfaas.NewValue[coding]("coding", sfaas.Volatile, sfaas.TTL(forgetAfter))
	soft := sfaas.NewValue[sch.SoftBuffer]("soft", sfaas.Volatile, sfaas.TTL(forgetAfter))
	scratch := sfaas.NewScratch("decoder", cfg.newDecoder, nil)
	f := sfaas.Define(StageDecode.String(), func(c *sfaas.Ctx, out *Bits, in *SoftBits) error {
		s := scheme.View(c)
		switch {
		case s == nil || s.Slot != c.Slot():
			return errNoGrant
		case s.Code.TBS != in.Code.TBS && s.Code.TBS != 0:
			return errOtherCode
		}
		code := s.Code
		if err := code.Continue(in.Code.Initial()); err != nil {
			return err
		}
		out.Mark(c, StageDecode, &in.Trace)
		out.Slot, out.Quality, out.Code = in.Slot, in.Quality, code
		if code.TBS == 0 {
			out.Blocks = sch.BlockResult{}
			out.Packed.Resize(0)
			return nil
		}
		buf := soft.Mut(c)
		buf.Merge(&in.Soft, code.NewData)
		d := scratch.Get(c)
		if err := d.Configure(&code); err != nil {
			return err
		}
		out.Packed.Resize(code.PackedBytes())
		var err error
		out.Blocks, err = d.DecodeBlocks(out.Packed.Data(), buf)
		return err
	}, sfaas.FunctionConfig{Params: cfg.params(""), History: cfg.history()}, scheme, soft, scratch)
	port := sfaas.OnControl(f, func(c *sfaas.Ctx, g *nr.Grant) error {
		x, err := pusch.NewCode(g)
		if err != nil {
			return err
		}
		scheme.Set(c, coding{c.Slot(), x})
		return nil
	})
	return Decoder{f, port}
}
