// SPDX-License-Identifier: Apache-2.0

package ref

import "fmt"

// scratch is memory that the kernels of one binding share, because they run one
// after the other: each may use it freely within a run.
type scratch struct {
	buf []float32
}

// need makes room for slices of the given lengths, each on a cache line.
func (s *scratch) need(lens ...int) error {
	total := 0
	for _, n := range lens {
		if n < 0 || n > maxBytes/4 {
			return fmt.Errorf("the kernel needs %d numbers of scratch memory, more than %d bytes", n, maxBytes)
		}
		total += (n + align/4 - 1) &^ (align/4 - 1)
	}
	if total > len(s.buf) {
		s.buf = as[float32](&operand{n: total, mem: allocate(4 * total)})
	}
	return nil
}

// take returns slices of the given lengths, with whatever they hold. They must
// have been asked for by [scratch.need].
func (s *scratch) take(lens ...int) (out [3][]float32) {
	at := 0
	for i, n := range lens {
		out[i] = s.buf[at:][:n:n]
		at += (n + align/4 - 1) &^ (align/4 - 1)
	}
	return out
}
