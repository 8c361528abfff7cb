// SPDX-License-Identifier: Apache-2.0

package sigmf

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/neuroran/neuroran/phy/nr"
)

// Meta is what the metadata of a recording say.
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
// time. It returns a [*FieldError], [*nr.FieldError] or [*nr.UnsupportedError]
// that names the field, or an error that wraps [ErrMeta]. Fields of other
// namespaces that a reader may ignore are ignored.
//
// A transmission that the standard allows and this library cannot receive, or
// whose annotation names a field that the format does not have, is kept with the
// reason in [Transmission].Unsupported. Only when no transmission at all can be
// received, the first reason is the error.
func ParseMeta(text []byte) (*Meta, error) {
	m, top, err := readHead(text)
	if err != nil {
		return nil, err
	}
	defaults, err := readDefaults(top.global)
	if err != nil {
		return nil, place("global", err)
	}
	for i, a := range top.annotations {
		if err := m.readAnnotation(a, defaults); err != nil {
			if m.inherited(err, a, defaults) {
				return nil, place("global", err)
			}
			return nil, place(fmt.Sprintf("annotation %d", i), err)
		}
	}
	return m, m.checkSome()
}

// readHead reads everything but the annotations.
func readHead(text []byte) (*Meta, top, error) {
	top, err := readTop(text)
	if err != nil {
		return nil, top, err
	}
	m := &Meta{}
	if err := m.readGlobal(top.global); err != nil {
		return nil, top, place("global", err)
	}
	for i, c := range top.captures {
		if err := readCapture(c); err != nil {
			return nil, top, place(fmt.Sprintf("capture %d", i), err)
		}
	}
	return m, top, nil
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

// readTop takes the metadata apart.
func readTop(text []byte) (top, error) {
	var o object
	var wrongType *json.UnmarshalTypeError
	switch err := json.Unmarshal(text, &o); {
	case errors.As(err, &wrongType) || (err == nil && o == nil):
		return top{}, fmt.Errorf("sigmf: %w: got %s", ErrMeta, short(bytes.TrimSpace(text)))
	case err != nil:
		return top{}, fmt.Errorf("sigmf: %w: %w", ErrMeta, err)
	}
	var t top
	err := o.need("global", &t.global, "an object")
	if err == nil {
		t.captures, err = o.readList("captures")
	}
	if err == nil {
		t.annotations, err = o.readList("annotations")
	}
	if err != nil {
		return top{}, place("metadata", err)
	}
	return t, nil
}

// readList reads an optional member that is a list of objects.
func (o object) readList(key string) ([]object, error) {
	var list []object
	if _, err := o.read(key, &list, "a list of objects"); err != nil {
		return nil, err
	}
	for i, item := range list {
		if item == nil {
			return nil, &FieldError{Field: fmt.Sprintf("%s[%d]", key, i), Got: "null", Want: "an object"}
		}
	}
	return list, nil
}

// place adds to an error where in the metadata it was found.
func place(where string, err error) error {
	var f *FieldError
	if errors.As(err, &f) {
		f.Where = where
		return err
	}
	return fmt.Errorf("sigmf: %s: %w", where, err)
}

// fieldOf turns the error of parse into a [*FieldError].
func fieldOf(err error, field string, raw json.RawMessage) error {
	var w wanted
	if errors.As(err, &w) {
		return &FieldError{Field: field, Got: short(raw), Want: string(w)}
	}
	return err
}

// read reads an optional member of an object and reports whether it is there.
func (o object) read(key string, v any, want string) (bool, error) {
	raw, ok := o[key]
	if !ok {
		return false, nil
	}
	return true, fieldOf(parse(raw, v, want), key, raw)
}

// need reads a member of an object that must be there.
func (o object) need(key string, v any, want string) error {
	ok, err := o.read(key, v, want)
	if err == nil && !ok {
		err = &FieldError{Field: key, Got: "nothing", Want: want}
	}
	return err
}

func (m *Meta) readGlobal(o object) error {
	if err := checkNamespace(o, "nr:carrier", "nr:pusch"); err != nil {
		return err
	}
	var datatype string
	if err := o.need("core:datatype", &datatype, "cf32_le, ci16_le or ci8"); err != nil {
		return err
	}
	if m.Datatype = Datatype(datatype); m.Datatype.Size() == 0 {
		return &FieldError{Field: "core:datatype", Got: short(o["core:datatype"]), Want: "cf32_le, ci16_le or ci8"}
	}
	m.NumChannels = 1
	if _, err := o.read("core:num_channels", &m.NumChannels, "an integer"); err != nil {
		return err
	}
	if m.NumChannels < 1 || m.NumChannels > maxChannels {
		return &FieldError{Field: "core:num_channels", Got: m.NumChannels, Want: fmt.Sprintf("1…%d", maxChannels)}
	}
	for _, text := range []struct {
		key string
		at  *string
	}{{"core:description", &m.Description}, {"core:sha512", &m.SHA512}, {"core:dataset", &m.DataFile}} {
		if _, err := o.read(text.key, text.at, "a text"); err != nil {
			return err
		}
	}
	if strings.ContainsAny(m.DataFile, `/\`) || m.DataFile == ".." {
		return &FieldError{Field: "core:dataset", Got: m.DataFile, Want: "a name in the same folder"}
	}
	if err := checkPlain(o, "core:offset", "core:trailing_bytes"); err != nil {
		return err
	}
	if err := checkExtensions(o); err != nil {
		return err
	}
	return m.readCarrier(o)
}

func (m *Meta) readCarrier(o object) error {
	var carrier object
	if err := o.need("nr:carrier", &carrier, "an object"); err != nil {
		return err
	}
	if err := checkKnown("nr:carrier.", carrierFields, carrier); err != nil {
		return err
	}
	if err := readFields("nr:carrier.", carrierFields, &m.Carrier, carrier); err != nil {
		return err
	}
	if err := m.Carrier.Validate(); err != nil {
		return fmt.Errorf("nr:carrier: %w", err)
	}
	if err := o.need("core:sample_rate", &m.SampleRate, "a number"); err != nil {
		return err
	}
	if least := minRate(&m.Carrier); !(m.SampleRate >= least && m.SampleRate <= maxRate) {
		return &FieldError{Field: "core:sample_rate", Got: m.SampleRate, Want: fmt.Sprintf("%v…%v, the band of n_size_grid at least", least, float64(maxRate))}
	}
	return nil
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

// checkNamespace refuses keys of the nr namespace that do not exist.
func checkNamespace(o object, known ...string) error {
	for _, key := range slices.Sorted(maps.Keys(o)) {
		if strings.HasPrefix(key, "nr:") && !slices.Contains(known, key) {
			return &FieldError{Field: key, Got: short(o[key]), Want: knownField}
		}
	}
	return nil
}

// checkPlain refuses fields of data files that are not plain samples.
func checkPlain(o object, keys ...string) error {
	for _, key := range keys {
		var n int64
		if _, err := o.read(key, &n, "0"); err != nil {
			return err
		}
		if n != 0 {
			return &FieldError{Field: key, Got: n, Want: "0"}
		}
	}
	var only bool
	if _, err := o.read("core:metadata_only", &only, "false"); err != nil {
		return err
	}
	if only {
		return &FieldError{Field: "core:metadata_only", Got: only, Want: "false"}
	}
	return nil
}

// checkExtensions refuses a recording that cannot be understood without an
// extension other than ours.
func checkExtensions(o object) error {
	var extensions []struct {
		Name     string `json:"name"`
		Optional bool   `json:"optional"`
	}
	if _, err := o.read("core:extensions", &extensions, "a list of extensions"); err != nil {
		return err
	}
	for _, e := range extensions {
		if e.Name != "nr" && !e.Optional {
			return &FieldError{Field: "core:extensions", Got: strconv.Quote(e.Name), Want: "only nr, or optional ones"}
		}
	}
	return nil
}

func readCapture(o object) error {
	if err := checkNamespace(o); err != nil {
		return err
	}
	return checkPlain(o, "core:header_bytes")
}

// readAnnotation appends a transmission; annotations of others are skipped.
func (m *Meta) readAnnotation(o, defaults object) error {
	if err := checkNamespace(o, "nr:slot_number", "nr:pusch"); err != nil {
		return err
	}
	_, hasSlot := o["nr:slot_number"]
	_, hasGrant := o["nr:pusch"]
	if !hasSlot && !hasGrant {
		return nil
	}
	var slot, start, count int64
	for _, n := range []struct {
		key string
		at  *int64
	}{{"nr:slot_number", &slot}, {"core:sample_start", &start}, {"core:sample_count", &count}} {
		if err := o.need(n.key, n.at, "an integer"); err != nil {
			return err
		}
		if *n.at < 0 || *n.at > maxSample {
			return &FieldError{Field: n.key, Got: *n.at, Want: fmt.Sprintf("0…%d", int64(maxSample))}
		}
	}
	changes := object{}
	if _, err := o.read("nr:pusch", &changes, "an object"); err != nil {
		return err
	}
	t := Transmission{Slot: nr.Slot(slot), SampleStart: start, SampleCount: count}
	if err := t.readGrant(&m.Carrier, defaults, changes); err != nil {
		return err
	}
	want := m.position(int64(m.Carrier.SlotSamples(t.Slot)))
	if math.Abs(float64(count)-want) > float64(m.slack()) {
		return &FieldError{Field: "core:sample_count", Got: count, Want: fmt.Sprintf("%.0f, the length of slot %d", want, slot)}
	}
	if err := m.checkOrder(&t); err != nil {
		return err
	}
	m.Transmissions = append(m.Transmissions, t)
	return nil
}

// inherited reports whether the default grant makes the error of an annotation by
// itself: it is the same without what the annotation changes.
func (m *Meta) inherited(err error, annotation, defaults object) bool {
	changes := object{}
	if _, err := annotation.read("nr:pusch", &changes, "an object"); err != nil {
		return false
	}
	added := object{}
	for name, raw := range changes {
		if _, ok := defaults[name]; !ok {
			added[name] = raw
		}
	}
	var t Transmission
	alone := t.readGrant(&m.Carrier, defaults, added)
	return alone != nil && alone.Error() == err.Error()
}

// checkOrder compares a transmission with the one before it: SigMF sorts
// annotations by their first sample, and slots must follow in the same order.
func (m *Meta) checkOrder(t *Transmission) error {
	if len(m.Transmissions) == 0 {
		return nil
	}
	last := &m.Transmissions[len(m.Transmissions)-1]
	switch {
	case t.Slot < last.Slot:
		return &FieldError{Field: "nr:slot_number", Got: t.Slot, Want: fmt.Sprintf("%d or more, in the order of the annotations", last.Slot)}
	case t.Slot == last.Slot && t.SampleStart != last.SampleStart:
		return &FieldError{Field: "core:sample_start", Got: t.SampleStart, Want: fmt.Sprintf("%d, as for the same slot before", last.SampleStart)}
	case t.Slot > last.Slot && t.SampleStart < last.SampleStart+last.SampleCount-m.slack():
		return &FieldError{Field: "core:sample_start", Got: t.SampleStart, Want: fmt.Sprintf("%d or more, after slot %d", last.SampleStart+last.SampleCount, last.Slot)}
	}
	return nil
}

// readDefaults reads the default grant, which may lack fields. A name that the
// format does not have is a mistake here, since it would hold for every
// transmission; in one annotation it is a feature of this transmission that
// nothing is known of.
func readDefaults(global object) (object, error) {
	defaults := object{}
	if _, err := global.read("nr:pusch", &defaults, "an object"); err != nil {
		return nil, err
	}
	if err := checkKnown("nr:pusch.", grantFields, defaults); err != nil {
		return nil, err
	}
	var signals object
	if raw, ok := defaults["dmrs"]; !ok || parse(raw, &signals, "") != nil {
		return defaults, nil // what is no object is told with the first transmission
	}
	return defaults, checkKnown("nr:pusch.dmrs.", dmrsFields, signals)
}

// readGrant reads the default grant and the changes of an annotation. What is
// legal and not supported is no error but noted in t.Unsupported.
func (t *Transmission) readGrant(c *nr.Carrier, defaults, changes object) error {
	merged := maps.Clone(defaults)
	maps.Copy(merged, changes)
	if _, ok := merged["tpmi"]; !ok && string(merged["precoding"]) == `"non-codebook"` {
		merged["tpmi"] = json.RawMessage("0") // only a codebook has a TPMI
	}
	var g grant
	err := readFields("nr:pusch.", grantFields, &g, merged)
	t.Grant = g.Grant
	switch {
	case errors.Is(err, nr.ErrUnsupported):
		t.Unsupported = err
		return nil
	case err != nil:
		return err
	}
	if g.NumLayers > 0 && g.NumLayers <= nr.MaxLayers && g.dmrs.numPorts != g.NumLayers {
		return &FieldError{Field: "nr:pusch.dmrs.dmrs_port_set", Got: g.dmrs.ports(), Want: fmt.Sprintf("%d ports, one for each layer", g.NumLayers)}
	}
	switch err := t.Grant.Validate(c); {
	case err == nil:
	case errors.Is(err, nr.ErrUnsupported):
		t.Unsupported = err
	default:
		return fmt.Errorf("nr:pusch: %w", err)
	}
	return nil
}
