// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"math"
)

// point is the count at one Eb/No.
type point struct {
	ebno           float64
	errors, blocks int
	iterations     int // sum over all blocks
}

func (p point) rate() float64 { return float64(p.errors) / float64(p.blocks) }

// wilson returns the 95 % Wilson score interval of the error rate.
func (p point) wilson() (lo, hi float64) {
	const z = 1.959964
	n, r := float64(p.blocks), p.rate()
	mid := r + z*z/(2*n)
	half := z * math.Sqrt(r*(1-r)/n+z*z/(4*n*n))
	return (mid - half) / (1 + z*z/n), (mid + half) / (1 + z*z/n)
}

func (p point) String() string {
	lo, hi := p.wilson()
	return fmt.Sprintf("  Eb/No %.3f dB: BLER %.3e [%.3e, %.3e], %d errors in %d blocks, %.2f iterations",
		p.ebno, p.rate(), lo, hi, p.errors, p.blocks, float64(p.iterations)/float64(p.blocks))
}
