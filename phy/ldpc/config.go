// SPDX-License-Identifier: Apache-2.0

package ldpc

import (
	"fmt"

	"github.com/neuroran/neuroran/phy/nr"
)

// Config selects the code of one code block.
type Config struct {
	// BaseGraph is the base graph, 1 or 2.
	BaseGraph BaseGraph
	// Z is the lifting size Z_c, one of the 51 of TS 38.212 table 5.3.2-1.
	Z int
	// Filler is F, the number of filler bits at the end of the systematic bits,
	// 0 … K−1.
	Filler int
	// Rows is how many rows of the base graph are used, 4 … 46 or 42, counted
	// from the first; 0 stands for all. Row r ≥ 4 only serves parity column r,
	// so rows whose parity bits are never sent or received change nothing: see
	// [Config.ForLength].
	Rows int
}

// K returns the number of systematic bits, filler included.
func (c Config) K() int { return c.BaseGraph.K(c.Z) }

// N returns the number of coded bits d_0 … d_N−1, filler included and the
// punctured first 2·Z bits not.
func (c Config) N() int { return c.BaseGraph.N(c.Z) }

// PayloadBits returns K' = K − F, the bits of a code block without filler.
func (c Config) PayloadBits() int { return c.K() - c.Filler }

// ForLength returns c with the fewest rows that cover the coded bits d_0 …
// d_n−1. With HARQ, n is the largest extent of all transmissions so far.
func (c Config) ForLength(n int) Config {
	if !ValidZ(c.Z) || c.Z == 0 {
		return c
	}
	rows := (n+c.Z-1)/c.Z + numPunctured - c.BaseGraph.InfoColumns()
	c.Rows = min(max(rows, numCore), c.BaseGraph.Rows())
	return c
}

// rows resolves the default of Rows.
func (c Config) rows() int {
	if c.Rows == 0 {
		return c.BaseGraph.Rows()
	}
	return c.Rows
}

// Validate reports the first field out of range as a [*nr.FieldError].
func (c Config) Validate() error {
	if err := checkGraph(c.BaseGraph, c.Z); err != nil {
		return err
	}
	if c.Filler < 0 || c.Filler >= c.K() {
		return &nr.FieldError{Field: "ldpc.filler", Got: c.Filler, Want: fmt.Sprintf("0…%d", c.K()-1)}
	}
	if r := c.rows(); r < numCore || r > c.BaseGraph.Rows() {
		return &nr.FieldError{Field: "ldpc.rows", Got: r, Want: fmt.Sprintf("%d…%d, or 0 for all", numCore, c.BaseGraph.Rows())}
	}
	return nil
}

// Config returns the code of the segmentation's code blocks, with all rows.
func (s *Segmentation) Config() Config {
	return Config{BaseGraph: s.BaseGraph, Z: s.Z, Filler: s.Filler}
}

// Limits bounds what a coder can be configured for. The zero value allows every
// code of TS 38.212.
type Limits struct {
	// MaxZ is the largest lifting size, 2…384; 0 stands for 384.
	MaxZ int
}

// maxZ resolves the default and checks the range.
func (l Limits) maxZ() (int, error) {
	switch {
	case l.MaxZ == 0:
		return MaxZ, nil
	case l.MaxZ < 2 || l.MaxZ > MaxZ:
		return 0, &nr.FieldError{Field: "ldpc.limits.max_lifting_size", Got: l.MaxZ, Want: "2…384, or 0 for all"}
	}
	return l.MaxZ, nil
}

// checkLimits validates c against the largest lifting size of a coder.
func checkLimits(c Config, maxZ int) error {
	if err := c.Validate(); err != nil {
		return err
	}
	if c.Z > maxZ {
		return &nr.FieldError{Field: "ldpc.lifting_size", Got: c.Z, Want: fmt.Sprintf("at most %d, the limit given to New", maxZ)}
	}
	return nil
}

// checkLen compares the length of an argument with what the code has.
func checkLen(argument string, got, want int) error {
	if got != want {
		return nr.BadLength("ldpc: "+argument, got, want)
	}
	return nil
}
