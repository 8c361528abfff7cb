// SPDX-License-Identifier: Apache-2.0

package capture

import (
	"fmt"
	"math"
	"slices"

	"github.com/neuroran/neuroran/phy/resample"
	"github.com/neuroran/neuroran/phy/sigmf"
	"github.com/neuroran/neuroran/tensor"
)

// atCarrierRate returns the recording at the sample rate of its carrier: itself
// where it has that, and otherwise one that is converted while it is read.
func atCarrierRate(rec *sigmf.Recording) (*sigmf.Recording, error) {
	rate := rec.Carrier.SampleRate()
	if rec.SampleRate == rate {
		return rec, nil
	}
	band := float64(rec.Carrier.NumSubcarriers()*rec.Carrier.SubcarrierSpacingKHz) * 1e3
	r, err := resample.New(resample.Config{From: rec.SampleRate, To: rate, PassHz: band / 2})
	if err != nil {
		return nil, fmt.Errorf("capture: sample rate %v Hz for a band of %v Hz: %w", rec.SampleRate, band, err)
	}
	m := rec.Meta
	m.SampleRate = rate
	m.Transmissions = slices.Clone(m.Transmissions)
	s := &converted{rec: rec, resampler: r, num: r.NumOutputs(rec.NumSamples)}
	for i := range m.Transmissions {
		t := &m.Transmissions[i]
		t.SampleStart = int64(math.Round(float64(t.SampleStart) * rate / rec.SampleRate))
		t.SampleCount = int64(m.Carrier.SlotSamples(t.Slot))
		if !m.Unaligned && t.Unsupported == nil {
			s.num = max(s.num, t.SampleStart+t.SampleCount) // a slot may end between two samples
		}
	}
	return sigmf.FromSource(&m, s)
}

// converted delivers the samples of a recording at another rate.
type converted struct {
	rec       *sigmf.Recording
	resampler *resample.Resampler
	num       int64
	in        tensor.Tensor[complex64]
	padded    []complex64
}

// NumSamples implements [sigmf.Source].
func (c *converted) NumSamples() int64 { return c.num }

// Close implements [sigmf.Source].
func (c *converted) Close() error { return c.rec.Close() }

// ReadSamples implements [sigmf.Source]. It allocates only where buffers grow.
func (c *converted) ReadSamples(dst *tensor.Tensor[complex64], start int64, num int) error {
	first, count := c.resampler.Inputs(start, num)
	from, to := max(first, 0), min(first+int64(count), c.rec.NumSamples)
	to = max(from, to)
	if from < to {
		if err := c.rec.ReadSamples(&c.in, from, int(to-from)); err != nil {
			return err
		}
	}
	dst.Resize(c.rec.NumChannels, num)
	c.padded = slices.Grow(c.padded[:0], count)[:count]
	for ch := range c.rec.NumChannels {
		clear(c.padded)
		if from < to {
			copy(c.padded[from-first:], c.in.Row(ch))
		}
		if err := c.resampler.Process(dst.Row(ch), c.padded, start); err != nil {
			return err
		}
	}
	return nil
}
