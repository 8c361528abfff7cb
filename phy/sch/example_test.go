// SPDX-License-Identifier: Apache-2.0

package sch_test

import (
	"bytes"
	"fmt"

	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/phy/sch"
)

// A transport block becomes coded bits, soft bits, and a transport block again.
func Example() {
	code := sch.Code{NewData: true, CodedBits: 288, NumLayers: 1, Modulation: nr.QPSK, CInit: 5}
	if err := code.Begin(104, 616); err != nil {
		fmt.Println(err)
		return
	}
	enc, _ := sch.NewEncoder(code.CodedBits)
	dec, _ := sch.NewDecoder(code.CodedBits, 0)
	_ = enc.Configure(&code)
	_ = dec.Configure(&code)

	block, bits := []byte("a short block"), make([]byte, code.CodedBits)
	_ = enc.Encode(bits, block)
	llrs := make([]int8, len(bits))
	for i, b := range bits {
		llrs[i] = 40 - 80*int8(b) // a log-likelihood ratio of ±5
	}

	var soft sch.SoftBuffer // of the HARQ process
	var got nr.TransportBlock
	_ = dec.Combine(&soft, llrs)
	_ = dec.Decode(&got, &soft)
	fmt.Println(got.NumBits, "bits, CRC", got.CRC, bytes.Equal(got.Data.Data(), block))
	// Output: 104 bits, CRC true true
}
