// SPDX-License-Identifier: Apache-2.0

package sigmf

import (
	"bytes"
	"crypto/sha512"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/tensor"
)

// Config describes a recording to be written.
//
// SigMF global object.
type Config struct {
	Datatype    Datatype   // format of the samples
	NumChannels int        // antennas, 1…256
	Carrier     nr.Carrier // nr:carrier
	SampleRate  float64    // core:sample_rate, samples of one channel per second; 0 stands for that of the carrier
	Description string     // core:description
	License     string     // core:license, a URL; may be empty
	Scale       float32    // factor before quantization, so that full scale is 1; 0 means 1
}

// Writer writes a recording: samples at once, metadata at Close. One goroutine
// may use it at a time.
//
// SigMF recording.
type Writer struct {
	config        Config
	data          io.Writer
	hash          hash.Hash
	finish        func(meta []byte) error
	numSamples    int64
	clipped       int
	transmissions []Transmission
	scratch       []byte
}

// NewWriter returns a writer that writes samples to data and hands the
// metadata to finish when it is closed; they are nil if there are none. It
// returns a [*FieldError], or the error of [nr.Carrier.Validate].
func NewWriter(c Config, data io.Writer, finish func(meta []byte) error) (*Writer, error) {
	if c.Datatype.Size() == 0 {
		return nil, &FieldError{Where: "global", Field: "core:datatype", Got: c.Datatype, Want: "cf32_le, ci16_le or ci8"}
	}
	if c.NumChannels < 1 || c.NumChannels > maxChannels {
		return nil, &FieldError{Where: "global", Field: "core:num_channels", Got: c.NumChannels, Want: fmt.Sprintf("1…%d", maxChannels)}
	}
	if err := c.Carrier.Validate(); err != nil {
		return nil, fmt.Errorf("sigmf: global: nr:carrier: %w", err)
	}
	if c.Scale == 0 {
		c.Scale = 1
	}
	if c.SampleRate == 0 {
		c.SampleRate = c.Carrier.SampleRate()
	}
	if least := minRate(&c.Carrier); !(c.SampleRate >= least && c.SampleRate <= maxRate) {
		return nil, &FieldError{Where: "global", Field: "core:sample_rate", Got: c.SampleRate, Want: fmt.Sprintf("%v…%v", least, float64(maxRate))}
	}
	h := sha512.New()
	return &Writer{config: c, data: io.MultiWriter(data, h), hash: h, finish: finish}, nil
}

// Create creates the two files of a recording; name ends in [MetaExt].
func Create(name string, c Config) (*Writer, error) {
	base, ok := strings.CutSuffix(name, MetaExt)
	if !ok {
		return nil, &FieldError{Where: "file", Field: "name", Got: name, Want: "a name that ends in " + MetaExt}
	}
	var f *os.File
	w, err := NewWriter(c, writerFunc(func(b []byte) (int, error) { return f.Write(b) }), func(meta []byte) error {
		if err := f.Close(); err != nil || meta == nil {
			return err
		}
		return os.WriteFile(name, meta, 0o644)
	})
	if err != nil {
		return nil, err
	}
	if f, err = os.Create(base + DataExt); err != nil {
		return nil, fmt.Errorf("sigmf: data file: %w", err)
	}
	return w, nil
}

// writerFunc is a function as an [io.Writer].
type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(b []byte) (int, error) { return f(b) }

// NumSamples returns how many samples of a channel are written.
func (w *Writer) NumSamples() int64 { return w.numSamples }

// Clipped returns how many samples were beyond full scale.
func (w *Writer) Clipped() int { return w.clipped }

// WriteSamples appends samples [rx, sample]. It returns a [*tensor.ShapeError]
// if the antennas are not NumChannels, and the error of the data file.
func (w *Writer) WriteSamples(src *tensor.Tensor[complex64]) error {
	channels := w.config.NumChannels
	if src.Rank() != 2 || src.Dim(0) != channels {
		return &tensor.ShapeError{Op: "sigmf: write samples", Want: []int{channels, -1}, Got: src.Dims()}
	}
	width, num := w.config.Datatype.Size(), src.Dim(1)
	if num == 0 {
		return nil
	}
	size := num * channels * width
	w.scratch = slices.Grow(w.scratch[:0], size)[:size]
	for ch := range channels {
		w.clipped += w.config.Datatype.encode(w.scratch[ch*width:], src.Row(ch), channels, w.config.Scale)
	}
	w.numSamples += int64(num)
	if _, err := w.data.Write(w.scratch); err != nil {
		return fmt.Errorf("sigmf: data file: %w", err)
	}
	return nil
}

// WriteSlot appends the samples of a slot and annotates its transmissions. It
// returns the errors of [Writer.WriteSamples] and [Writer.Annotate].
func (w *Writer) WriteSlot(b *nr.Baseband, grants ...nr.Grant) error {
	start := w.numSamples
	if err := w.WriteSamples(&b.Samples); err != nil {
		return err
	}
	for _, g := range grants {
		err := w.Annotate(Transmission{Slot: b.Slot, SampleStart: start, SampleCount: int64(b.Samples.Dim(1)), Grant: g})
		if err != nil {
			return err
		}
	}
	return nil
}

// Annotate notes a transmission, in the order of slots; the first one's grant
// becomes the default. It returns the error that [ParseMeta] would return for
// such an annotation.
func (w *Writer) Annotate(t Transmission) error {
	r := &reader{problems: newProblems(), deaf: newProblems(), carrier: true, rate: true, defaults: object{}}
	r.meta = &Meta{Carrier: w.config.Carrier, SampleRate: w.config.SampleRate, Transmissions: w.transmissions}
	raw, err := json.Marshal(w.annotation(&t, nil))
	if err != nil {
		return fmt.Errorf("sigmf: annotation: %w", err)
	}
	var o object
	if err := json.Unmarshal(raw, &o); err != nil {
		return fmt.Errorf("sigmf: annotation: %w", err)
	}
	n := len(w.transmissions)
	r.readAnnotation(r.inOne("annotation", n), o)
	if err := r.err(); err != nil {
		return err
	}
	if err := r.meta.Transmissions[n].Unsupported; err != nil {
		return place(fmt.Sprintf("annotation %d", n), err)
	}
	w.transmissions = r.meta.Transmissions
	return nil
}

// Close writes the metadata. It returns a [*FieldError] if no transmission was
// annotated.
func (w *Writer) Close() error {
	if len(w.transmissions) == 0 {
		none := &FieldError{Where: "metadata", Field: "annotations", Got: "none", Want: "one a PUSCH transmission"}
		return errors.Join(none, w.finish(nil))
	}
	text, err := json.Marshal(w.meta())
	if err != nil {
		return fmt.Errorf("sigmf: metadata: %w", err)
	}
	var out bytes.Buffer
	if err := json.Indent(&out, text, "", " "); err != nil {
		return fmt.Errorf("sigmf: metadata: %w", err)
	}
	out.WriteByte('\n')
	return w.finish(out.Bytes())
}

func (w *Writer) meta() ordered {
	c := &w.config
	global := ordered{
		{"core:datatype", c.Datatype},
		{"core:sample_rate", c.SampleRate},
		{"core:version", "1.2.5"},
		{"core:num_channels", c.NumChannels},
		{"core:sha512", hex.EncodeToString(w.hash.Sum(nil))},
		{"core:description", c.Description},
	}
	if c.License != "" {
		global = append(global, member{"core:license", c.License})
	}
	first := writeGrant(&w.transmissions[0].Grant)
	global = append(global,
		member{"core:extensions", []ordered{{{"name", "nr"}, {"version", "1.0.0"}, {"optional", false}}}},
		member{"nr:carrier", writeFields(carrierFields, &c.Carrier)},
		member{"nr:pusch", withoutDefaults(grantFields, first)},
	)
	annotations := make([]ordered, len(w.transmissions))
	for i := range w.transmissions {
		annotations[i] = w.annotation(&w.transmissions[i], first)
	}
	return ordered{
		{"global", global},
		{"captures", []ordered{{{"core:sample_start", 0}, {"core:frequency", c.Carrier.CarrierHz}}}},
		{"annotations", annotations},
	}
}

// annotation returns the object of one transmission, whose grant names what
// differs from the default.
func (w *Writer) annotation(t *Transmission, defaults ordered) ordered {
	return ordered{
		{"core:sample_start", t.SampleStart},
		{"core:sample_count", t.SampleCount},
		{"core:label", fmt.Sprintf("PUSCH rnti %d slot %d", t.Grant.RNTI, t.Slot)},
		{"nr:slot_number", t.Slot},
		{"nr:pusch", writeGrant(&t.Grant).without(defaults)},
	}
}

func writeGrant(g *nr.Grant) ordered {
	own := newGrant(g)
	return writeFields(grantFields, &own)
}

// newGrant returns a grant as the fields see it.
func newGrant(g *nr.Grant) grant {
	ports := min(max(g.NumLayers, 0), nr.MaxLayers)
	return grant{Grant: *g, dmrs: dmrs{DMRS: g.DMRS, numPorts: ports}}
}
