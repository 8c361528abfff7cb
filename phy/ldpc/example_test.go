// SPDX-License-Identifier: Apache-2.0

package ldpc_test

import (
	"fmt"
	"math/rand/v2"

	"github.com/neuroran/neuroran/phy/crc"
	"github.com/neuroran/neuroran/phy/ldpc"
)

// A transport block of 1000 bits at rate 1/3 goes over a noisy channel.
func Example() {
	seg, err := ldpc.Segment(1000, ldpc.Select(1000, 1.0/3))
	if err != nil {
		fmt.Println(err)
		return
	}
	code := seg.Config()
	block := make([]byte, seg.KPrime) // the payload and its CRC
	for i := range 1000 {
		block[i] = byte(i*i) >> 3 & 1
	}
	seg.TBCRC.AttachBits(block)

	enc, _ := ldpc.NewEncoder(ldpc.Limits{})
	_ = enc.Configure(code)
	coded := make([]byte, code.N())
	_ = enc.Encode(coded, block)

	soft := make([]int8, code.N()) // in the rate matcher's buffer
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range 3000 + code.Filler {
		soft[i] = int8(16 - 32*int(coded[i]) + int(15*rng.NormFloat64()))
	}
	for i := code.K() - 2*code.Z - code.Filler; i < code.K()-2*code.Z; i++ {
		soft[i] = 127 // filler bits are known
	}

	dec, _ := ldpc.NewDecoder(ldpc.Limits{})
	_ = dec.Configure(ldpc.DecoderConfig{Config: code.ForLength(3000 + code.Filler), CRC: crc.CRC16})
	got := make([]byte, len(block))
	res, _ := dec.Decode(got, soft)
	fmt.Printf("BG%d, Z %d, %d filler bits: CRC %v, %v\n", code.BaseGraph, code.Z, code.Filler, res.CRC, string(got) == string(block))
	// Output:
	// BG2, Z 104, 24 filler bits: CRC true, true
}
