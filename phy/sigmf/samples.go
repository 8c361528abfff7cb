// SPDX-License-Identifier: Apache-2.0

package sigmf

import "github.com/neuroran/neuroran/tensor"

// FromSamples returns a recording over samples in memory [rx, sample], which it reads and
// never changes: what a program has received or made. It returns a [*tensor.ShapeError]
// where x does not have the antennas of the metadata, and the errors of [New].
func FromSamples(m *Meta, x *tensor.Tensor[complex64]) (*Recording, error) {
	if x.Rank() != 2 || x.Dim(0) != m.NumChannels {
		return nil, &tensor.ShapeError{Op: "sigmf: samples", Want: []int{m.NumChannels, -1}, Got: x.Dims()}
	}
	return FromSource(m, memory{x})
}

// memory delivers samples that are in memory.
type memory struct{ x *tensor.Tensor[complex64] }

// NumSamples implements [Source].
func (m memory) NumSamples() int64 { return int64(m.x.Dim(1)) }

// Close implements [Source].
func (m memory) Close() error { return nil }

// ReadSamples implements [Source]. It allocates only where dst grows.
func (m memory) ReadSamples(dst *tensor.Tensor[complex64], start int64, num int) error {
	dst.Resize(m.x.Dim(0), num)
	for r := range m.x.Dim(0) {
		copy(dst.Row(r), m.x.Row(r)[start:][:num])
	}
	return nil
}
