// SPDX-License-Identifier: Apache-2.0

package sigmf

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/neuroran/neuroran/phy/nr"
)

// Meta is what the metadata of a recording say.
//
// SigMF global object; docs/sigmf-nr.md has the namespace nr.
type Meta struct {
	Datatype      Datatype       // format of the samples
	NumChannels   int            // receive antennas
	SampleRate    float64        // core:sample_rate: samples of one channel per second
	Description   string         // core:description, for people
	SHA512        string         // of the data file, in hexadecimal; "" when not given
	DataFile      string         // core:dataset; "" for the metadata's own name
	Carrier       nr.Carrier     // nr:carrier
	Transmissions []Transmission // in the order of the annotations

	// Unaligned says that the positions of the transmissions are right only among
	// each other: where the first slot begins is to be found (phy/capture). They may
	// then lie outside the data file.
	Unaligned bool
}

// Transmission is one annotated PUSCH transmission. Several may share a slot.
//
// A SigMF annotation; docs/sigmf-nr.md has the namespace nr.
type Transmission struct {
	Slot        nr.Slot  // nr:slot_number, slots since frame 0
	SampleStart int64    // first sample of the slot's first cyclic prefix
	SampleCount int64    // samples of one channel in the slot
	Grant       nr.Grant // default grant with the annotation's changes

	// Unsupported says why this library cannot receive the transmission, or that the
	// recording does not hold it; it is nil where it can. The grant then holds what
	// could be read of it.
	Unsupported error
}

// Limits that keep positions in the data file within 64 bits.
const (
	maxChannels = 256
	maxSample   = 1 << 52
	maxRate     = 1e12 // samples per second
)

// ParseMeta reads the metadata of a recording and checks them: every field of
// the nr namespace is known, present and valid, and slots follow each other in
// time. docs/sigmf-nr.md lists the fields.
//
// All that is wrong is told at once: the error is a [*FieldError] that names the
// field, or several that [errors.Join] has joined; an [*nr.UnsupportedError] for a
// carrier that this library cannot receive; or one that wraps [ErrMeta]. What several
// annotations have in common is told once, and what the default grant has wrong is
// told of global. Fields of other namespaces that a reader may ignore are ignored.
//
// A transmission that the standard allows and this library cannot receive, or
// whose annotation names a field that the format does not have, is kept with the
// reason in [Transmission].Unsupported. Only when no transmission at all can be
// received, the first reason is the error.
func ParseMeta(text []byte) (*Meta, error) {
	r, top, err := readHead(text)
	if err != nil {
		return nil, err
	}
	for i, a := range top.annotations {
		r.readAnnotation(r.inOne("annotation", i), a)
	}
	return r.result()
}

// reader reads the metadata of one recording.
type reader struct {
	*problems
	deaf     *problems // takes what is told elsewhere
	meta     *Meta
	carrier  bool    // the carrier is known and right
	rate     bool    // and so is the sample rate
	defaults object  // default grant, whose own fields have been checked
	unread   bool    // it is no object, so that nothing is known of what it has
	grants   int     // that were read
	lacking  []*lack // fields that grants have to have
}

// lack is a field that some grants do not have, and the default does not either.
type lack struct {
	field *spec
	in    []scope
}

// readHead reads everything but the annotations. Its error is that the text is no
// metadata; what is wrong with fields is collected.
func readHead(text []byte) (*reader, top, error) {
	r := &reader{problems: newProblems(), deaf: newProblems(), meta: &Meta{NumChannels: 1}}
	top, err := readTop(text)
	if err != nil {
		return nil, top, err
	}
	r.readGlobal(r.in("global"), top.global)
	for i, c := range top.captures {
		s := r.inOne("capture", i)
		readFields(s, "", captureFields, r.meta, c)
	}
	return r, top, nil
}

// result returns the metadata, or all that is wrong with them.
func (r *reader) result() (*Meta, error) {
	r.tellLacking()
	if err := r.err(); err != nil {
		return nil, err
	}
	return r.meta, r.meta.checkSome()
}

// checkSome reports metadata without a transmission that can be received.
func (m *Meta) checkSome() error {
	if len(m.Transmissions) == 0 {
		return &FieldError{Where: "metadata", Field: "annotations", Got: "none with nr:slot_number", Want: "one for each PUSCH transmission"}
	}
	for i := range m.Transmissions {
		if m.Transmissions[i].Unsupported == nil {
			return nil
		}
	}
	return place("every transmission, annotation 0 first", m.Transmissions[0].Unsupported)
}

// top is a metadata file whose objects are not parsed yet.
type top struct {
	global      object
	captures    []object
	annotations []object
}

// byteOrderMark is what some programs put before UTF-8.
var byteOrderMark = []byte("\ufeff")

// readTop takes the metadata apart.
func readTop(text []byte) (top, error) {
	text = bytes.TrimPrefix(text, byteOrderMark)
	var o object
	var wrongType *json.UnmarshalTypeError
	var syntax *json.SyntaxError
	switch err := json.Unmarshal(text, &o); {
	case errors.As(err, &wrongType) || (err == nil && o == nil):
		return top{}, fmt.Errorf("sigmf: %w: got %s", ErrMeta, short(bytes.TrimSpace(text)))
	case errors.As(err, &syntax):
		before := text[:min(int(syntax.Offset), len(text))]
		line := 1 + bytes.Count(before, []byte("\n"))
		return top{}, fmt.Errorf("sigmf: %w: line %d, column %d: %w", ErrMeta, line, len(before)-bytes.LastIndexByte(before, '\n')-1, err)
	case err != nil:
		return top{}, fmt.Errorf("sigmf: %w: %w", ErrMeta, err)
	}
	var t top
	raw, there := o["global"]
	if !there {
		return top{}, &FieldError{Where: "metadata", Field: "global", Got: nothing, Want: "an object"}
	}
	if json.Unmarshal(raw, &t.global) != nil || t.global == nil {
		return top{}, &FieldError{Where: "metadata", Field: "global", Got: short(raw), Want: "an object"}
	}
	var err error
	if t.captures, err = o.readList("captures"); err == nil {
		t.annotations, err = o.readList("annotations")
	}
	return t, err
}

// readList reads an optional member that is a list of objects.
func (o object) readList(key string) ([]object, error) {
	raw, there := o[key]
	if !there {
		return nil, nil
	}
	var list []object
	if string(raw) == "null" || json.Unmarshal(raw, &list) != nil {
		return nil, &FieldError{Where: "metadata", Field: key, Got: short(raw), Want: "a list of objects"}
	}
	for i, item := range list {
		if item == nil {
			return nil, &FieldError{Where: "metadata", Field: fmt.Sprintf("%s[%d]", key, i), Got: "null", Want: "an object"}
		}
	}
	return list, nil
}

// readGlobal reads global with carrier and default grant.
func (r *reader) readGlobal(s scope, o object) {
	m := r.meta
	missing, _ := readFields(s, "", globalFields, m, o)
	for _, f := range missing {
		s.refuse(f.key, nothing, f.want())
	}
	if strings.ContainsAny(m.DataFile, `/\`) || m.DataFile == ".." {
		s.refuse("core:dataset", m.DataFile, "a name in the same folder")
	}
	if m.Carrier != (nr.Carrier{}) {
		if err := m.Carrier.Validate(); err != nil {
			s.refuseNR("nr:carrier.", err)
		} else {
			r.carrier = true
		}
	}
	if r.carrier && m.SampleRate != 0 {
		least := minRate(&m.Carrier)
		if r.rate = m.SampleRate >= least; !r.rate {
			s.refuse("core:sample_rate", m.SampleRate, fmt.Sprintf("%v or more, samples per second: the band of n_size_grid", least))
		}
	}
	r.readDefaults(s, o)
}

// minRate returns the lowest sample rate that holds the band of a carrier, with
// room for the edge of a filter.
func minRate(c *nr.Carrier) float64 {
	return min(c.SampleRate(), 1.005*float64(c.NumSubcarriers()*c.SubcarrierSpacingKHz)*1e3)
}

// ofCarrier reports whether the samples have the carrier's own rate.
func (m *Meta) ofCarrier() bool { return m.SampleRate == m.Carrier.SampleRate() }

// position returns a sample of the carrier's rate as one of the recording's, not
// necessarily whole.
func (m *Meta) position(sample int64) float64 {
	return float64(sample) * (m.SampleRate / m.Carrier.SampleRate())
}

// slack is by how many samples positions may be off at another rate than the
// carrier's, where slots do not begin on whole samples.
func (m *Meta) slack() int64 {
	if m.ofCarrier() {
		return 0
	}
	return 2
}
