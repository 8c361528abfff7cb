// SPDX-License-Identifier: Apache-2.0

package ldpc_test

import (
	_ "embed"
	"fmt"
	"slices"
	"testing"

	"github.com/neuroran/neuroran/phy/crc"
	"github.com/neuroran/neuroran/phy/ldpc"
)

// stuck holds the soft bits of a code block of base graph 1, Z 384, 27 rows and
// 432 filler bits: a few parity bits behind the core are wrong at full strength.
//
//go:embed testdata/stuck.bin
var stuck []byte

// TestStaysRight decodes a block whose bits are right long before its last
// parity checks: with its CRC the decoder must stop there, and without it no
// further iteration may spoil the decision.
func TestStaysRight(t *testing.T) {
	code := ldpc.Config{BaseGraph: ldpc.BG1, Z: 384, Filler: 432, Rows: 27}
	soft := make([]int8, len(stuck))
	for i, b := range stuck {
		soft[i] = int8(b)
	}
	d, err := ldpc.NewDecoder(ldpc.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	for _, iterations := range []int{5, 6, 10, 20, 50} {
		t.Run(fmt.Sprintf("iterations=%d", iterations), func(t *testing.T) {
			var got [2][]byte
			for i, poly := range []crc.Poly{crc.CRC24B, crc.None} {
				got[i] = make([]byte, code.PayloadBits())
				if err := d.Configure(ldpc.DecoderConfig{Config: code, MaxIterations: iterations, CRC: poly}); err != nil {
					t.Fatal(err)
				}
				res, err := d.Decode(got[i], soft)
				if err != nil {
					t.Fatal(err)
				}
				if poly != crc.None && (!res.CRC || res.Iterations > 5) {
					t.Errorf("with CRC: %+v, want it to hold after 5 iterations at most", res)
				}
			}
			if !slices.Equal(got[0], got[1]) {
				t.Error("more iterations spoil the decision")
			}
		})
	}
}
