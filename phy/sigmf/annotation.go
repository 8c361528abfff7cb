// SPDX-License-Identifier: Apache-2.0

package sigmf

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"strings"

	"github.com/neuroran/neuroran/phy/nr"
)

// readDefaults checks the default grant, which may lack fields. A name that the
// format does not have is a mistake here, since it would hold for every
// transmission; in one annotation it is a feature of this transmission that
// nothing is known of.
func (r *reader) readDefaults(s scope, global object) {
	r.defaults = object{}
	if raw, there := global["nr:pusch"]; there && (json.Unmarshal(raw, &r.defaults) != nil || r.defaults == nil) {
		r.defaults, r.unread = object{}, true // told with global
	}
	var g grant
	readFields(s, "nr:pusch.", grantFields, &g, r.defaults)
}

// readAnnotation appends a transmission; annotations of others are skipped.
func (r *reader) readAnnotation(s scope, o object) {
	_, hasSlot := o["nr:slot_number"]
	_, hasGrant := o["nr:pusch"]
	if !hasSlot && !hasGrant {
		checkNames(s, "", annotationFields, o)
		return
	}
	var t Transmission
	missing, ok := readFields(s, "", annotationFields, &t, o)
	for _, f := range missing {
		ok = s.refuse(f.key, nothing, f.want())
	}
	changes := object{}
	if raw, there := o["nr:pusch"]; there && (json.Unmarshal(raw, &changes) != nil || changes == nil) {
		return // told with the annotation
	}
	if ok = r.readGrant(s, &t, changes) && ok; !ok || !r.rate {
		return
	}
	want := r.meta.position(int64(r.meta.Carrier.SlotSamples(t.Slot)))
	if math.Abs(float64(t.SampleCount)-want) > float64(r.meta.slack()) {
		s.refuse("core:sample_count", t.SampleCount, fmt.Sprintf("%.0f, the length of the slot at core:sample_rate", want))
		return
	}
	if err := r.meta.checkOrder(&t); err != nil {
		s.add(err)
		return
	}
	r.meta.Transmissions = append(r.meta.Transmissions, t)
}

// readGrant reads the default grant with the changes of an annotation. What is
// legal and not supported is no error but noted in t.Unsupported, and nothing else is
// then asked of the grant: a feature that nothing is known of may need other fields, or
// have none of the usual ones. What the default has wrong by itself is told of global;
// readGrant reports whether nothing is wrong.
func (r *reader) readGrant(s scope, t *Transmission, changes object) bool {
	r.grants++
	s.unknown = func(field, got, hint string) {
		if t.Unsupported == nil {
			t.Unsupported = fmt.Errorf("%w%s", &nr.UnsupportedError{Field: field, Got: got}, hint)
		}
	}
	inherited := object{}
	for key, raw := range r.defaults {
		if _, ok := changes[key]; !ok {
			inherited[key] = raw
		}
	}
	var g grant
	quiet := scope{p: newProblems(), at: -1, unknown: s.unknown}
	_, ok := readFields(quiet, "nr:pusch.", grantFields, &g, changes)
	_, right := readFields(r.deaf.in(""), "nr:pusch.", grantFields, &g, inherited)
	g.DMRS = g.dmrs.DMRS
	t.Grant = g.Grant
	if t.Unsupported == nil {
		t.Unsupported = beyond(changes, inherited)
	}
	if t.Unsupported != nil {
		return true
	}
	if !ok {
		readFields(s, "nr:pusch.", grantFields, &g, changes)
	}
	if ok = ok && right; !r.complete(s, changes, inherited) || !ok {
		return false
	}
	if !r.carrier {
		return true
	}
	for _, err := range g.faults(&r.meta.Carrier) {
		if errors.Is(err, nr.ErrUnsupported) {
			t.Unsupported = err
			continue
		}
		ok = false
		if at := s; r.alone(inherited, changes, err) {
			at = r.in("global")
			at.refuseNR("nr:pusch.", err)
		} else {
			at.refuseNR("nr:pusch.", err)
		}
	}
	return ok
}

// beyond returns a feature of a grant that this library does not have, whatever its
// other fields are; nil if there is none.
func beyond(changes, inherited object) error {
	of := func(key string, v any) bool {
		raw := changes[key]
		if raw == nil {
			raw = inherited[key]
		}
		return raw != nil && json.Unmarshal(raw, v) == nil
	}
	var precoded bool
	if of("transform_precoding", &precoded) && precoded {
		return &nr.UnsupportedError{Field: "transform_precoding", Got: true}
	}
	const mostLayers = 8 // TS 38.211 §6.3.1.3, Release 18
	var layers int
	if of("num_layers", &layers) && layers > nr.MaxLayers && layers <= mostLayers {
		return &nr.UnsupportedError{Field: "num_layers", Got: layers}
	}
	return nil
}

// complete notes the fields that neither the changes nor the default have, and
// reports whether there are none.
func (r *reader) complete(s scope, changes, inherited object) bool {
	ok := true
	for i := range grantFields {
		f := &grantFields[i].spec
		if f.may || changes[f.key] != nil || inherited[f.key] != nil {
			continue
		}
		if f.key == "tpmi" && !codebook(changes, inherited) {
			continue // only a codebook has a TPMI
		}
		ok = false
		r.lack(f, s)
	}
	return ok
}

func codebook(changes, inherited object) bool {
	const word = `"codebook"`
	return string(changes["precoding"]) == word || string(inherited["precoding"]) == word
}

// lack notes that a grant lacks a field.
func (r *reader) lack(f *spec, s scope) {
	for _, l := range r.lacking {
		if l.field == f {
			l.in = append(l.in, s)
			return
		}
	}
	r.lacking = append(r.lacking, &lack{f, []scope{s}})
}

// manyFields is how many fields that all grants lack are told in one line.
const manyFields = 5

// tellLacking reports what grants lack: of global, where all of them do.
func (r *reader) tellLacking() {
	if r.unread {
		return
	}
	var everywhere []string
	for _, l := range r.lacking {
		if len(l.in) == r.grants {
			everywhere = append(everywhere, l.field.key)
		}
	}
	if len(everywhere) > manyFields {
		r.in("global").refuse("nr:pusch", "no "+strings.Join(everywhere, ", "), "these fields, here or in every annotation")
	}
	for _, l := range r.lacking {
		if len(l.in) == r.grants && len(everywhere) > manyFields {
			continue
		}
		if len(l.in) == r.grants {
			r.in("global").refuse("nr:pusch."+l.field.key, nothing, l.field.want()+", here or in every annotation")
			continue
		}
		for _, s := range l.in {
			s.refuse("nr:pusch."+l.field.key, nothing, l.field.want()+", here or in global")
		}
	}
}

// alone reports whether the default grant has a fault by itself: it is the same
// with nothing of the annotation but what the default lacks.
func (r *reader) alone(inherited, changes object, fault error) bool {
	merged := maps.Clone(r.defaults)
	for key, raw := range changes {
		if _, ok := merged[key]; !ok {
			merged[key] = raw
		}
	}
	var g grant
	if _, ok := readFields(r.deaf.in(""), "nr:pusch.", grantFields, &g, merged); !ok {
		return false
	}
	g.DMRS = g.dmrs.DMRS
	for _, err := range g.faults(&r.meta.Carrier) {
		if err.Error() == fault.Error() {
			return true
		}
	}
	return false
}

// faults returns what TS 38.211, TS 38.214 or this library do not allow of a grant
// whose fields are each within their range.
func (g *grant) faults(c *nr.Carrier) []error {
	faults := g.ValidateAll(c)
	if g.dmrs.numPorts != g.NumLayers {
		faults = append([]error{&nr.FieldError{Field: "dmrs.dmrs_port_set", Got: g.dmrs.ports(), Want: fmt.Sprintf("%d ports, one for each layer", g.NumLayers)}}, faults...)
	}
	return faults
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
