// SPDX-License-Identifier: Apache-2.0

package ratematch

import (
	"fmt"

	"github.com/neuroran/neuroran/phy/nr"
)

// Config describes the circular buffer of one code block and the transmission
// that is read from it.
//
// TS 38.212 §5.4.2.1.
type Config struct {
	// BaseGraph is 1 or 2.
	BaseGraph int
	// Z is the lifting size Z_c; the buffer has N = 66·Z or 50·Z positions.
	Z int
	// Filler is F, the filler bits at the end of the systematic bits, 0 … K−1.
	Filler int
	// Ncb is the length of the circular buffer; 0 stands for N. A smaller one
	// is limited-buffer rate matching.
	Ncb int
	// RV is the redundancy version, 0…3.
	RV int
	// BitsPerSymbol is Q_m: 1, 2, 4, 6 or 8.
	BitsPerSymbol int
}

// k0Numerator holds TS 38.212 table 5.4.2.1-2: k_0 = ⌊a·N_cb/(m·Z)⌋·Z with a by
// base graph and redundancy version and m = 66 or 50.
var k0Numerator = [2][4]int{{0, 17, 33, 56}, {0, 13, 25, 43}}

// K0 returns the starting position of the redundancy version. The configuration
// must be valid.
//
// TS 38.212 table 5.4.2.1-2.
func (c Config) K0() int {
	a := k0Numerator[c.BaseGraph-1][c.RV]
	return a * c.ncb() / c.N() * c.Z
}

// N returns the number of positions of the full buffer, 66·Z or 50·Z.
func (c Config) N() int {
	if c.BaseGraph == 1 {
		return 66 * c.Z
	}
	return 50 * c.Z
}

func (c Config) ncb() int {
	if c.Ncb == 0 {
		return c.N()
	}
	return c.Ncb
}

// fillerRange returns the filler positions [lo, hi) of the buffer: the
// systematic bits without the punctured 2·Z end at 20·Z or 8·Z. Fillers that
// fall among the punctured bits are not in the buffer.
func (c Config) fillerRange() (lo, hi int) {
	hi = 8 * c.Z
	if c.BaseGraph == 1 {
		hi = 20 * c.Z
	}
	return min(max(hi-c.Filler, 0), c.ncb()), min(hi, c.ncb())
}

// Validate reports the first field out of range as a [*nr.FieldError].
func (c Config) Validate() error {
	if c.BaseGraph != 1 && c.BaseGraph != 2 {
		return &nr.FieldError{Field: "ratematch.base_graph", Got: c.BaseGraph, Want: "1 or 2"}
	}
	if c.Z < 2 || c.Z > 384 {
		return &nr.FieldError{Field: "ratematch.lifting_size", Got: c.Z, Want: "2…384"}
	}
	systematic := 10 * c.Z
	if c.BaseGraph == 1 {
		systematic = 22 * c.Z
	}
	if c.Filler < 0 || c.Filler >= systematic {
		return &nr.FieldError{Field: "ratematch.filler", Got: c.Filler, Want: fmt.Sprintf("0…%d", systematic-1)}
	}
	if c.Ncb < 0 || c.Ncb > c.N() {
		return &nr.FieldError{Field: "ratematch.circular_buffer", Got: c.Ncb, Want: fmt.Sprintf("1…%d, or 0 for all", c.N())}
	}
	if lo, hi := c.fillerRange(); hi-lo == c.ncb() {
		return &nr.FieldError{Field: "ratematch.circular_buffer", Got: c.Ncb, Want: "more than its filler bits"}
	}
	if c.RV < 0 || c.RV > 3 {
		return &nr.FieldError{Field: "ratematch.rv", Got: c.RV, Want: "0…3"}
	}
	switch c.BitsPerSymbol {
	case 1, 2, 4, 6, 8:
		return nil
	}
	return &nr.FieldError{Field: "ratematch.bits_per_symbol", Got: c.BitsPerSymbol, Want: "1, 2, 4, 6 or 8"}
}

// BlockBits returns E_r, the number of coded bits that code block r of
// numBlocks gets of the codedBits bits of a transmission: multiples of
// layers·bitsPerSymbol, and the longer ones last. Without code block group
// retransmission every block is scheduled. It returns 0 when an argument is not
// positive, r is not a block, or the coded bits are no whole number of symbols
// on all layers.
//
// TS 38.212 §5.4.2.1.
func BlockBits(codedBits, numBlocks, r, layers, bitsPerSymbol int) int {
	unit := layers * bitsPerSymbol
	if layers <= 0 || bitsPerSymbol <= 0 || numBlocks <= 0 || r < 0 || r >= numBlocks || codedBits%unit != 0 {
		return 0
	}
	symbols := codedBits / unit
	if r <= numBlocks-symbols%numBlocks-1 {
		return unit * (symbols / numBlocks)
	}
	return unit * ((symbols + numBlocks - 1) / numBlocks)
}
