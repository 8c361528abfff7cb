// SPDX-License-Identifier: Apache-2.0

package block

import (
	"github.com/neuroran/neuroran/phy/ldpc"
	"github.com/neuroran/neuroran/phy/pusch"
)

// blockDecoder is the scratch of decoding.
type blockDecoder struct {
	iterations int
	ldpc       *ldpc.Decoder
	bits       []uint8 // decided bits of one code block, one a byte
}

func newBlockDecoder(cfg Config) (*blockDecoder, error) {
	d, err := ldpc.NewDecoder(ldpc.Limits{})
	if err != nil {
		return nil, err
	}
	n := cfg.MaxIterations
	if n == 0 {
		n = pusch.DefaultIterations
	}
	return &blockDecoder{iterations: n, ldpc: d, bits: make([]uint8, ldpc.BG1.K(ldpc.MaxZ))}, nil
}

// decode decodes all code blocks of out.Code. It stops at the first that fails:
// the transport block is then lost for this transmission.
func (d *blockDecoder) decode(out *Bits, soft *pusch.SoftBuffer) error {
	s := &out.Code.Segmentation
	cfg := ldpc.DecoderConfig{Config: out.Code.LDPC().ForLength(soft.Extent), MaxIterations: d.iterations, CRC: s.BlockCRC}
	if s.NumBlocks == 1 {
		cfg.CRC = s.TBCRC
	}
	if err := d.ldpc.Configure(cfg); err != nil {
		return err
	}
	out.Blocks, out.Iterations = true, 0
	size := s.PayloadBits / 8 // whole bytes: TS 38.214 §5.1.3.2 yields only such sizes
	out.Packed.Resize(size * s.NumBlocks)
	for r := 0; r < s.NumBlocks && out.Blocks; r++ {
		bits := d.bits[:s.KPrime]
		res, err := d.ldpc.Decode(bits, soft.LLR.Row(r))
		if err != nil {
			return err
		}
		out.Blocks, out.Iterations = res.CRC, max(out.Iterations, res.Iterations)
		pack(out.Packed.Data()[r*size:(r+1)*size], bits)
	}
	return nil
}

// pack packs bits, one a byte, most significant first.
func pack(dst []byte, bits []uint8) {
	for i := range dst {
		b := bits[8*i : 8*i+8 : 8*i+8]
		dst[i] = b[0]<<7 | b[1]<<6 | b[2]<<5 | b[3]<<4 | b[4]<<3 | b[5]<<2 | b[6]<<1 | b[7]
	}
}
