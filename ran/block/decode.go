// SPDX-License-Identifier: Apache-2.0

package block

import (
	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/phy/pusch"
	"github.com/neuroran/neuroran/sfaas"
)

// Decoder is the function from soft bits to decided bits with its control port.
type Decoder struct {
	Fn     sfaas.Fn[SoftBits, Bits]
	Grants sfaas.Controller[Schedule] // the UE's schedule, one a slot with a grant
}

// coding is the state of decoding for one HARQ process beside its soft bits:
// coding scheme and block length in the slot of its last grant.
type coding struct {
	Slot nr.Slot
	Code pusch.Code
}

// NewDecode returns the function that combines the soft bits of a transmission
// with those of its HARQ process and decodes them. Its state, by UE and HARQ
// process, is the coding scheme with the block length, and the soft bits: they
// are kept until new data arrives, also after a CRC pass, and are Volatile,
// since losing them costs a retransmission at most.
//
// TS 38.212 §5.2.2 and §5.3.2, inverted.
func NewDecode(cfg Config) Decoder {
	codes := sfaas.NewMap[uint8, coding]("coding", sfaas.Volatile)
	soft := sfaas.NewMap[uint8, pusch.SoftBuffer]("soft", sfaas.Volatile)
	scratch := sfaas.NewScratch("decoder", func() (*blockDecoder, error) { return newBlockDecoder(cfg) }, nil)
	f := sfaas.Define(StageDecode.String(), func(c *sfaas.Ctx, out *Bits, in *SoftBits) error {
		harq := uint8(in.Code.HARQProcess)
		s := codes.View(c, harq)
		switch {
		case s == nil || s.Slot != in.Slot:
			return errNoGrant
		case s.Code.TBS != in.Code.TBS || s.Code.Segmentation != in.Code.Segmentation:
			return errOtherCode
		}
		out.Mark(c, StageDecode, &in.Trace)
		out.Slot, out.Quality, out.Code = in.Slot, in.Quality, s.Code
		buf := soft.Mut(c, harq)
		combine(buf, &in.Soft, s.Code.NewData)
		return scratch.Get(c).decode(out, buf)
	}, sfaas.Config{Params: params{cfg, ""}}, codes, soft, scratch)
	port := sfaas.OnControl(f, func(c *sfaas.Ctx, in *Schedule) error {
		for i := range in.Grants {
			g := &in.Grants[i]
			code, err := pusch.NewCode(g)
			if err != nil {
				return err
			}
			*codes.Mut(c, uint8(g.HARQProcess)) = coding{in.Slot, code}
		}
		return nil
	})
	return Decoder{f, port}
}
