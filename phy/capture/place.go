// SPDX-License-Identifier: Apache-2.0

package capture

import (
	"slices"

	"github.com/neuroran/neuroran/phy/sigmf"
	"github.com/neuroran/neuroran/tensor"
)

// place returns a recording whose transmissions lie shift samples later, and marks
// those that lie outside.
//
// A recording that begins a few samples into a slot holds that slot nearly whole: the
// samples of half a cyclic prefix are put before it, and of an eighth after it, as
// zeros.
func place(rec *sigmf.Recording, shift int64) (*sigmf.Recording, error) {
	prefix := int64(144 * rec.Carrier.FFTSize / 2048)
	p := &padded{rec: rec, before: prefix / 2, after: prefix / 8}
	m := rec.Meta
	m.Unaligned = false
	m.Transmissions = slices.Clone(m.Transmissions)
	for i := range m.Transmissions {
		t := &m.Transmissions[i]
		t.SampleStart += shift + p.before
		if outside := t.SampleStart < 0 || t.SampleStart+t.SampleCount > p.NumSamples(); outside && t.Unsupported == nil {
			t.Unsupported = ErrNotRecorded
		}
	}
	return sigmf.FromSource(&m, p)
}

// padded delivers the samples of a recording with zeros before and after them.
type padded struct {
	rec           *sigmf.Recording
	before, after int64
	in            tensor.Tensor[complex64]
}

// NumSamples implements [sigmf.Source].
func (p *padded) NumSamples() int64 { return p.before + p.rec.NumSamples + p.after }

// Close implements [sigmf.Source].
func (p *padded) Close() error { return p.rec.Close() }

// ReadSamples implements [sigmf.Source]. It allocates only where buffers grow.
func (p *padded) ReadSamples(dst *tensor.Tensor[complex64], start int64, num int) error {
	start -= p.before
	from, to := max(start, 0), min(start+int64(num), p.rec.NumSamples)
	if from == start && to == start+int64(num) {
		return p.rec.ReadSamples(dst, start, num)
	}
	dst.Resize(p.rec.NumChannels, num)
	dst.Clear()
	if from >= to {
		return nil
	}
	if err := p.rec.ReadSamples(&p.in, from, int(to-from)); err != nil {
		return err
	}
	for ch := range p.rec.NumChannels {
		copy(dst.Row(ch)[from-start:], p.in.Row(ch))
	}
	return nil
}
