// SPDX-License-Identifier: Apache-2.0

package sigmf

import (
	"encoding/json"
	"reflect"
	"slices"
)

// object is a JSON object whose values are not parsed yet.
type object map[string]json.RawMessage

// field ties a [spec] to the part of T that holds its value.
type field[T any] struct {
	spec
	set    func(*T, value)
	get    func(*T) any                                      // value to write
	read   func(*T, json.RawMessage) error                   // for a foreign value; the error is a wanted
	within func(s scope, t *T, prefix string, o object) bool // for an object
}

// whole is a type of integers.
type whole interface {
	~int | ~int64 | ~uint8 | ~uint16 | ~uint64
}

// integerField is a field whose value is an integer of T.
func integerField[T any, V whole](s spec, at func(*T) *V) field[T] {
	s.kind = integer
	return field[T]{spec: s, set: func(t *T, v value) { *at(t) = V(v.n) }, get: func(t *T) any { return *at(t) }}
}

func numberField[T any](s spec, at func(*T) *float64) field[T] {
	s.kind = number
	return field[T]{spec: s, set: func(t *T, v value) { *at(t) = v.x }, get: func(t *T) any { return *at(t) }}
}

func booleanField[T any](s spec, at func(*T) *bool) field[T] {
	s.kind = boolean
	return field[T]{spec: s, set: func(t *T, v value) { *at(t) = v.b }, get: func(t *T) any { return *at(t) }}
}

func textField[T any, V ~string](s spec, at func(*T) *V) field[T] {
	s.kind = text
	return field[T]{spec: s, set: func(t *T, v value) { *at(t) = V(v.s) }, get: func(t *T) any { return *at(t) }}
}

// wordField is a choice of two words, the second of which is true.
func wordField[T any](s spec, at func(*T) *bool) field[T] {
	s.kind = text
	words := map[bool]string{false: s.words[0], true: s.words[1]}
	return field[T]{spec: s, set: func(t *T, v value) { *at(t) = v.s == words[true] }, get: func(t *T) any { return words[*at(t)] }}
}

// readFields reads the fields of an object into t and reports all that is wrong
// with them to s; prefix is put before their names. Keys that are no fields are
// reported too. It returns the names of fields that had to be there and are not, and
// whether all others are right.
func readFields[T any](s scope, prefix string, fields []field[T], t *T, o object) (missing []*spec, ok bool) {
	ok = checkNames(s, prefix, fields, o)
	for i := range fields {
		f := &fields[i]
		raw, there := o[f.key]
		switch {
		case !there && !f.may:
			missing = append(missing, &f.spec)
		case there && !f.put(s, prefix, t, raw):
			ok = false
		}
	}
	return missing, ok
}

// put reads one value into t and reports what is wrong with it to s.
func (f *field[T]) put(s scope, prefix string, t *T, raw json.RawMessage) bool {
	var v value
	var err error
	switch f.kind {
	case foreign:
		err = f.read(t, raw)
	case members:
		var o object
		if json.Unmarshal(raw, &o) == nil && o != nil {
			return f.within(s, t, prefix+f.key+".", o)
		}
		err = wanted(f.want())
	default:
		v, err = f.parse(raw)
	}
	if err != nil {
		w, _ := err.(wanted)
		return s.refuse(prefix+f.key, short(raw), string(w))
	}
	if f.set != nil {
		f.set(t, v)
	}
	return true
}

// specsOf returns the specs of fields.
func specsOf[T any](fields []field[T]) []*spec {
	out := make([]*spec, len(fields))
	for i := range fields {
		out[i] = &fields[i].spec
	}
	return out
}

// checkNames reports keys of an object that are no fields of the format. In the
// grant of one transmission they may be features that nothing is known of, and are
// noted as such; everywhere else they are refused, but for those of namespaces that
// are not ours.
func checkNames[T any](s scope, prefix string, fields []field[T], o object) bool {
	var strange []string
	for key := range o {
		if !hasField(fields, key) && (prefix != "" || ours(key)) {
			strange = append(strange, key)
		}
	}
	slices.Sort(strange)
	for _, key := range strange {
		name, hint := prefix+short([]byte(key)), s.hint(prefix, key, specsOf(fields))
		if s.unknown != nil {
			s.unknown(name, short(o[key]), hint)
			continue
		}
		s.refuse(name, short(o[key]), "a field of the format"+hint)
	}
	return strange == nil || s.unknown != nil
}

func hasField[T any](fields []field[T], key string) bool {
	for i := range fields {
		if fields[i].key == key {
			return true
		}
	}
	return false
}

func hasKey(known []*spec, key string) bool {
	return slices.ContainsFunc(known, func(s *spec) bool { return s.key == key })
}

// writeFields returns the object of t, in the order of the fields.
func writeFields[T any](fields []field[T], t *T) ordered {
	o := make(ordered, 0, len(fields))
	for i := range fields {
		o = append(o, member{fields[i].key, fields[i].get(t)})
	}
	return o
}

// withoutDefaults returns the object o of the fields without optional members that
// are zero: what a reader takes them for.
func withoutDefaults[T any](fields []field[T], o ordered) ordered {
	var rest ordered
	for i, m := range o {
		if !fields[i].may || !reflect.ValueOf(m.value).IsZero() {
			rest = append(rest, m)
		}
	}
	return rest
}

// short returns a value for an error message, cut to a readable length.
func short(raw json.RawMessage) string {
	const limit = 60
	if len(raw) <= limit {
		return string(raw)
	}
	return string(raw[:limit]) + "…"
}
