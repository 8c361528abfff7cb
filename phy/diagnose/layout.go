// SPDX-License-Identifier: Apache-2.0

package diagnose

import (
	"fmt"
	"io"
	"math"
	"math/cmplx"

	"github.com/neuroran/neuroran/phy/capture"
	"github.com/neuroran/neuroran/phy/sigmf"
	"github.com/neuroran/neuroran/tensor"
)

// changed delivers the samples of a recording, changed.
type changed struct {
	rec    *sigmf.Recording
	change func(row []complex64, start int64)
}

// NumSamples implements [sigmf.Source].
func (c *changed) NumSamples() int64 { return c.rec.NumSamples }

// Close implements [sigmf.Source]. What is changed belongs to who opened it.
func (c *changed) Close() error { return nil }

// ReadSamples implements [sigmf.Source].
func (c *changed) ReadSamples(dst *tensor.Tensor[complex64], start int64, num int) error {
	if err := c.rec.ReadSamples(dst, start, num); err != nil {
		return err
	}
	for r := range dst.Dim(0) {
		c.change(dst.Row(r), start)
	}
	return nil
}

// withSamples returns a recording with changed samples.
func withSamples(rec *sigmf.Recording, change func(row []complex64, start int64)) (*sigmf.Recording, error) {
	m := rec.Meta
	return sigmf.FromSource(&m, &changed{rec, change})
}

// mirror returns a recording with I and Q exchanged.
func mirror(rec *sigmf.Recording) (*sigmf.Recording, error) {
	return withSamples(rec, func(row []complex64, _ int64) {
		for i, z := range row {
			row[i] = complex(imag(z), real(z))
		}
	})
}

// shifted returns a recording whose spectrum is moved up by a number of subcarriers.
func shifted(rec *sigmf.Recording, subcarriers int) (*sigmf.Recording, error) {
	n := int64(rec.Carrier.FFTSize)
	turns := make([]complex64, n)
	for i := range turns {
		turns[i] = complex64(cmplx.Rect(1, 2*math.Pi*float64(int64(i)*int64(subcarriers)%n)/float64(n)))
	}
	return withSamples(rec, func(row []complex64, start int64) {
		for i := range row {
			row[i] *= turns[(start+int64(i))%n]
		}
	})
}

// planar delivers antennas that stand one after the other in the file.
type planar struct{ antennas []*sigmf.Recording }

// NumSamples implements [sigmf.Source].
func (p *planar) NumSamples() int64 { return p.antennas[0].NumSamples }

// Close implements [sigmf.Source].
func (p *planar) Close() error { return nil }

// ReadSamples implements [sigmf.Source].
func (p *planar) ReadSamples(dst *tensor.Tensor[complex64], start int64, num int) error {
	dst.Resize(len(p.antennas), num)
	var one tensor.Tensor[complex64]
	for r, a := range p.antennas {
		if err := a.ReadSamples(&one, start, num); err != nil {
			return err
		}
		copy(dst.Row(r), one.Row(0))
	}
	return nil
}

// bytesChanged is a data file whose bytes are changed while they are read.
type bytesChanged struct {
	data io.ReaderAt
	unit int64 // bytes that change together
	flip func(unit []byte)
}

// ReadAt implements [io.ReaderAt].
func (b *bytesChanged) ReadAt(p []byte, off int64) (int, error) {
	from := off / b.unit * b.unit
	to := (off + int64(len(p)) + b.unit - 1) / b.unit * b.unit
	buf := make([]byte, to-from)
	n, err := b.data.ReadAt(buf, from)
	for i := int64(0); i+b.unit <= int64(n); i += b.unit {
		b.flip(buf[i : i+b.unit])
	}
	if skip := int(off - from); n > skip {
		n = copy(p, buf[skip:n])
	} else {
		n = 0
	}
	if n == len(p) {
		err = nil
	}
	return n, err
}

func reverse(unit []byte) {
	for i, j := 0, len(unit)-1; i < j; i, j = i+1, j-1 {
		unit[i], unit[j] = unit[j], unit[i]
	}
}

func unsigned(unit []byte) { unit[0] ^= 0x80 }

// layouts returns the ways to read a data file that are not the stated one. raw is the
// recording as it is in its file; it is read where the one in question was converted
// from it.
func layouts(raw *sigmf.Recording) []variant {
	var out []variant
	add := func(field, from, to string, change func(*sigmf.Meta), data func(io.ReaderAt) io.ReaderAt) {
		out = append(out, variant{[]Change{{field, from, to}}, func(rec *sigmf.Recording) (*sigmf.Recording, error) {
			return reread(rec, raw, change, data)
		}})
	}
	same := func(data io.ReaderAt) io.ReaderAt { return data }
	own := string(raw.Datatype)
	for _, d := range []sigmf.Datatype{sigmf.CF32, sigmf.CI16, sigmf.CI8} {
		change := func(m *sigmf.Meta) { m.Datatype = d }
		if d != raw.Datatype {
			add("core:datatype", own, string(d), change, same)
		}
		o := otherOrder[d]
		add("core:datatype", own, o.name+", which is not supported", change, func(data io.ReaderAt) io.ReaderAt { return &bytesChanged{data, o.unit, o.flip} })
	}
	if raw.NumChannels > 1 {
		out = append(out, variant{[]Change{{"data file", "antennas interleaved sample by sample", "one antenna after the other"}}, readPlanar})
	}
	for _, n := range []int{1, 2, 4, 8} {
		if n != raw.NumChannels {
			add("core:num_channels", fmt.Sprint(raw.NumChannels), fmt.Sprint(n), func(m *sigmf.Meta) { m.NumChannels = n }, same)
		}
	}
	return out
}

// otherOrder is, for each supported datatype, one of the same size that is not.
var otherOrder = map[sigmf.Datatype]struct {
	name string
	unit int64
	flip func([]byte)
}{
	sigmf.CF32: {"cf32_be", 4, reverse},
	sigmf.CI16: {"ci16_be", 2, reverse},
	sigmf.CI8:  {"cu8", 1, unsigned},
}

// reread returns a recording over the same file with other metadata.
func reread(rec, raw *sigmf.Recording, change func(*sigmf.Meta), data func(io.ReaderAt) io.ReaderAt) (*sigmf.Recording, error) {
	file, size := rec.Bytes()
	if file == nil {
		rec = raw
		file, size = raw.Bytes()
	}
	if file == nil || rec.Unaligned {
		return nil, errNotThere
	}
	m := rec.Meta
	change(&m)
	frame := int64(m.NumChannels * m.Datatype.Size())
	out, err := sigmf.New(&m, data(file), size/frame*frame)
	if err != nil {
		return nil, err
	}
	out, _, err = capture.Fit(out, capture.Config{})
	return out, err
}

// readPlanar reads a data file in which one antenna follows the other.
func readPlanar(rec *sigmf.Recording) (*sigmf.Recording, error) {
	data, size := rec.Bytes()
	if data == nil {
		return nil, errNotThere
	}
	frame := int64(rec.Datatype.Size())
	part := size / int64(rec.NumChannels) / frame * frame
	p := &planar{}
	for i := range rec.NumChannels {
		m := rec.Meta
		m.NumChannels = 1
		one, err := sigmf.New(&m, io.NewSectionReader(data, int64(i)*part, part), part)
		if err != nil {
			return nil, err
		}
		p.antennas = append(p.antennas, one)
	}
	m := rec.Meta
	return sigmf.FromSource(&m, p)
}
