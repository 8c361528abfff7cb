// SPDX-License-Identifier: Apache-2.0

package sigmf

import (
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/tensor"
)

// Extensions of the two files of a recording.
const (
	MetaExt = ".sigmf-meta"
	DataExt = ".sigmf-data"
)

// Recording is an open recording. It reads samples when they are asked for.
// One goroutine may use it at a time.
//
// SigMF recording.
type Recording struct {
	Meta
	NumSamples int64 // samples of one channel in the data file

	source  Source // nil with a data file
	data    io.ReaderAt
	size    int64
	close   func() error
	scratch []byte
}

// Source delivers samples that no data file holds in this form, such as those of
// another recording at another rate.
//
// It stands for the dataset of a SigMF recording.
type Source interface {
	// NumSamples returns the samples of one channel.
	NumSamples() int64
	// ReadSamples reads as [Recording.ReadSamples] does.
	ReadSamples(dst *tensor.Tensor[complex64], start int64, num int) error
	// Close releases what the source reads from.
	Close() error
}

// Slot is one recorded slot with the PUSCH transmissions in it.
//
// TS 38.211 §4.3.2; SigMF annotations say where each lies.
type Slot struct {
	Slot          nr.Slot        // slot number
	SampleStart   int64          // first sample of its first cyclic prefix
	SampleCount   int            // samples of a channel
	Transmissions []Transmission // in the order of the annotations
}

// Open opens the recording whose metadata are in the file name, which ends in
// [MetaExt], and checks metadata, length and SHA-512 of the data file; it reads
// that file once from end to end. The error is that of [New] or [ParseMeta], or
// of the file system.
func Open(name string) (*Recording, error) { return OpenWith(name, OpenConfig{}) }

// OpenConfig says how a recording is opened. The zero value takes the annotations
// as they are.
//
// Annotations are those of SigMF.
type OpenConfig struct {
	// Log is the file of a gNB log that replaces the annotations, see [ParseLog];
	// "" for none.
	Log string
	// Unaligned opens a recording whose annotations are right only among each other,
	// see [Meta].
	Unaligned bool
}

// OpenWith is [Open] with a choice. The error may also be that of [ParseLog].
func OpenWith(name string, c OpenConfig) (*Recording, error) {
	base, ok := strings.CutSuffix(name, MetaExt)
	if !ok {
		return nil, &FieldError{Where: "file", Field: "name", Got: filepath.Base(name), Want: "a name that ends in " + MetaExt}
	}
	text, err := readText(name)
	if err != nil {
		return nil, fmt.Errorf("sigmf: metadata: %w", err)
	}
	m, err := c.parse(text)
	if err != nil {
		return nil, err
	}
	m.Unaligned = m.Unaligned || c.Unaligned
	dataName := base + DataExt
	if m.DataFile != "" {
		dataName = filepath.Join(filepath.Dir(name), m.DataFile)
	}
	f, size, err := openRegular(dataName)
	if err != nil {
		return nil, fmt.Errorf("sigmf: data file: %w", err)
	}
	r, err := New(m, f, size)
	if err == nil {
		err = r.Verify()
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	r.close = f.Close
	return r, nil
}

// parse reads metadata, and the log where there is one.
func (c *OpenConfig) parse(text []byte) (*Meta, error) {
	if c.Log == "" {
		return ParseMeta(text)
	}
	log, err := readText(c.Log)
	if err != nil {
		return nil, fmt.Errorf("sigmf: log: %w", err)
	}
	return ParseLog(text, log)
}

// maxMeta is the size of the largest metadata file or log that is read, so that a
// wrong file cannot fill the memory: some hundred thousand transmissions.
const maxMeta = 64 << 20

func readText(name string) ([]byte, error) {
	f, size, err := openRegular(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if size > maxMeta {
		return nil, fmt.Errorf("%s: got %d bytes, want at most %d", filepath.Base(name), size, maxMeta)
	}
	return io.ReadAll(io.LimitReader(f, maxMeta))
}

// openRegular opens a file that is no folder, pipe or device: opening those could
// wait for ever.
func openRegular(name string) (*os.File, int64, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, 0, err
	}
	if !info.Mode().IsRegular() {
		return nil, 0, fmt.Errorf("%s: not a regular file", name)
	}
	f, err := os.Open(name)
	return f, info.Size(), err
}

// New returns a recording over size bytes of samples, such as those of an
// embedded file. It returns a [*DataError] if they are no whole number of
// samples or do not reach the end of the last transmission. It does not check
// the hash; see [Recording.Verify].
func New(m *Meta, data io.ReaderAt, size int64) (*Recording, error) {
	frame := int64(m.NumChannels) * int64(m.Datatype.Size())
	if frame <= 0 {
		return nil, &FieldError{Where: "global", Field: "core:datatype", Got: m.Datatype, Want: "cf32_le, ci16_le or ci8, and at least one channel"}
	}
	if err := m.checkPositions(size, frame); err != nil {
		return nil, err
	}
	if size%frame != 0 {
		return nil, &DataError{Field: "core:num_channels and core:datatype", Got: size, Want: (size + frame - 1) / frame * frame, Fits: m.fits(size)}
	}
	return &Recording{Meta: *m, NumSamples: size / frame, data: data, size: size}, nil
}

// checkPositions reports a transmission that lies outside size bytes of frames,
// unless it is known to be left out or not aligned.
func (m *Meta) checkPositions(size, frame int64) error {
	for i := range m.Transmissions {
		t := &m.Transmissions[i]
		if m.Unaligned || t.Unsupported != nil {
			continue
		}
		if t.SampleStart < 0 || t.SampleCount < 0 || t.SampleStart > maxSample || t.SampleCount > maxSample {
			return &FieldError{Where: fmt.Sprintf("annotation %d", i), Field: "core:sample_start", Got: t.SampleStart, Want: "a position in the data file"}
		}
		if want := (t.SampleStart + t.SampleCount - m.slack()) * frame; want > size {
			return &DataError{Field: fmt.Sprintf("core:sample_start + core:sample_count of annotation %d", i), Got: size, Want: want, Fits: m.fits(size)}
		}
	}
	return nil
}

// fits says which other datatype or number of channels make a data file of size bytes
// end where the annotations do; "" where none does.
func (m *Meta) fits(size int64) string {
	var fitting []string
	for _, l := range m.Fitting(size) {
		switch {
		case l.NumChannels == m.NumChannels:
			fitting = append(fitting, "core:datatype "+string(l.Datatype))
		case l.Datatype == m.Datatype:
			fitting = append(fitting, fmt.Sprintf("core:num_channels %d", l.NumChannels))
		}
	}
	return oneOf(fitting)
}

// Layout is how a data file holds samples.
//
// SigMF dataset format.
type Layout struct {
	Datatype    Datatype // format of a sample
	NumChannels int      // antennas
}

// Fitting returns the layouts, other than the recording's own, in which a data file
// of size bytes ends with the last annotated sample or up to a twentieth of all later: a
// hint where the own one does not. It is empty where the own one does.
func (m *Meta) Fitting(size int64) []Layout {
	end := int64(0)
	for i := range m.Transmissions {
		end = max(end, m.Transmissions[i].SampleStart+m.Transmissions[i].SampleCount)
	}
	ends := func(d Datatype, channels int) bool {
		frame := int64(channels) * int64(d.Size())
		return end > 0 && size%frame == 0 && size/frame >= end-m.slack() && size/frame <= end+end/20+m.slack()
	}
	if ends(m.Datatype, m.NumChannels) {
		return nil
	}
	var fitting []Layout
	for _, d := range []Datatype{CF32, CI16, CI8} {
		for _, channels := range []int{1, 2, 4, 8, m.NumChannels} {
			l := Layout{d, channels}
			if ends(d, channels) && !slices.Contains(fitting, l) {
				fitting = append(fitting, l)
			}
		}
	}
	return fitting
}

// FromSource returns a recording whose samples come from a source. Its metadata say
// nothing about a data file. It returns the errors of [New]. Closing the recording
// closes the source.
func FromSource(m *Meta, s Source) (*Recording, error) {
	own := *m
	own.Datatype, own.SHA512, own.DataFile = CF32, "", ""
	frame := int64(own.NumChannels * own.Datatype.Size())
	if err := own.checkPositions(s.NumSamples()*frame, frame); err != nil {
		return nil, err
	}
	return &Recording{Meta: own, NumSamples: s.NumSamples(), source: s, size: s.NumSamples() * frame, close: s.Close}, nil
}

// Verify compares the SHA-512 of the data with core:sha512, if that is given.
// It returns a [*FieldError] if they differ.
func (r *Recording) Verify() error {
	if r.SHA512 == "" {
		return nil
	}
	h := sha512.New()
	if _, err := io.Copy(h, io.NewSectionReader(r.data, 0, r.size)); err != nil {
		return fmt.Errorf("sigmf: data file: %w", err)
	}
	if got := hex.EncodeToString(h.Sum(nil)); !strings.EqualFold(got, r.SHA512) {
		return &FieldError{Where: "global", Field: "core:sha512", Got: short([]byte(got)), Want: short([]byte(r.SHA512))}
	}
	return nil
}

// Bytes returns what holds the samples, and its length: the data file as it is. It
// returns nil for a recording whose samples come from a [Source].
func (r *Recording) Bytes() (data io.ReaderAt, size int64) {
	if r.source != nil {
		return nil, 0
	}
	return r.data, r.size
}

// Close closes the data file.
func (r *Recording) Close() error {
	if r.close == nil {
		return nil
	}
	return r.close()
}

// Slots returns the recorded slots in order, each with its transmissions.
func (r *Recording) Slots() []Slot {
	var slots []Slot
	for i := range r.Transmissions {
		t := &r.Transmissions[i]
		if n := len(slots); n > 0 && slots[n-1].Slot == t.Slot {
			first := i - len(slots[n-1].Transmissions)
			slots[n-1].Transmissions = r.Transmissions[first : i+1]
			continue
		}
		slots = append(slots, Slot{t.Slot, t.SampleStart, int(t.SampleCount), r.Transmissions[i : i+1]})
	}
	return slots
}

// ReadSlot reads the samples of a slot to dst.Samples [rx, sample], and its
// number to dst.Slot. It allocates only where dst grows.
func (r *Recording) ReadSlot(dst *nr.Baseband, s *Slot) error {
	dst.Slot = s.Slot
	return r.ReadSamples(&dst.Samples, s.SampleStart, s.SampleCount)
}

// ReadSamples reads num samples of every channel, from sample start on, to dst
// [rx, sample]. It returns a [*DataError] beyond the end of the recording, a
// [*FieldError] for a sample that is infinite or not a number, and the error of
// the file otherwise. It allocates only where dst grows.
func (r *Recording) ReadSamples(dst *tensor.Tensor[complex64], start int64, num int) error {
	if start < 0 || num < 0 || start > r.NumSamples || int64(num) > r.NumSamples-start {
		frame := int64(r.NumChannels * r.Datatype.Size())
		return &DataError{Field: fmt.Sprintf("samples %d…%d", start, start+int64(num)-1), Got: r.size, Want: (start + int64(num)) * frame}
	}
	if r.source != nil {
		return r.source.ReadSamples(dst, start, num)
	}
	width := r.Datatype.Size()
	frame := r.NumChannels * width
	r.scratch = slices.Grow(r.scratch[:0], num*frame)[:num*frame]
	if n, err := r.data.ReadAt(r.scratch, start*int64(frame)); n < len(r.scratch) {
		return fmt.Errorf("sigmf: data file: %w", err)
	}
	dst.Resize(r.NumChannels, num)
	if num == 0 {
		return nil
	}
	for ch := range r.NumChannels {
		row := dst.Row(ch)
		r.Datatype.decode(row, r.scratch[ch*width:], r.NumChannels)
		if r.Datatype != CF32 {
			continue // integers are finite
		}
		if i := notFinite(row); i >= 0 {
			return &FieldError{Where: "data file", Field: fmt.Sprintf("sample %d of channel %d", start+int64(i), ch), Got: row[i], Want: "finite numbers"}
		}
	}
	return nil
}

// notFinite returns the index of the first sample that is infinite or not a
// number, or -1.
func notFinite(x []complex64) int {
	return slices.IndexFunc(x, func(z complex64) bool { return !finite(real(z)) || !finite(imag(z)) })
}

func finite(x float32) bool { return x >= -math.MaxFloat32 && x <= math.MaxFloat32 }
