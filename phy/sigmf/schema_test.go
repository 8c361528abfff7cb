// SPDX-License-Identifier: Apache-2.0

package sigmf

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// schema returns the JSON schema of the metadata, made from the fields of the reader.
func schema() ordered {
	objects := ordered{
		{"carrier", objectSchema(specsOf(carrierFields), true, false)},
		{"pusch", objectSchema(specsOf(grantFields), false, false)},
		{"dmrs", objectSchema(specsOf(dmrsFields), true, false)},
	}
	list := func(o ordered) ordered { return ordered{{"type", "array"}, {"items", o}} }
	return ordered{
		{"$schema", "https://json-schema.org/draft/2020-12/schema"},
		{"title", "SigMF metadata with the namespace nr: recordings of NR uplink slots"},
		{"description", "Made from the fields that phy/sigmf reads; see docs/sigmf-nr.md. Rules between fields are not here."},
		{"type", "object"},
		{"required", []string{"global", "annotations"}},
		{"properties", ordered{
			{"global", objectSchema(specsOf(globalFields), true, true)},
			{"captures", list(objectSchema(specsOf(captureFields), true, true))},
			{"annotations", list(ordered{{"anyOf", []ordered{
				objectSchema(specsOf(annotationFields), true, true),
				{{"not", ordered{{"anyOf", []ordered{{{"required", []string{"nr:slot_number"}}}, {{"required", []string{"nr:pusch"}}}}}}}},
			}}})},
		}},
		{"$defs", objects},
	}
}

// objectSchema returns the schema of an object: whether fields must be there, and
// whether there may be others, of namespaces that are not ours.
func objectSchema(specs []*spec, complete, open bool) ordered {
	var properties ordered
	var required, keys []string
	for _, s := range specs {
		properties = append(properties, member{s.key, s.schema()})
		if !s.may {
			required = append(required, s.key)
		}
		keys = append(keys, s.key)
	}
	o := ordered{{"type", "object"}, {"properties", properties}}
	if complete && required != nil {
		o = append(o, member{"required", required})
	}
	if !open {
		return append(o, member{"additionalProperties", false})
	}
	foreign := ordered{{"pattern", "^(n|nr)?$|^[^n]|^n[^r]|^nr[^:]"}}
	return append(o, member{"propertyNames", ordered{{"anyOf", []ordered{foreign, {{"enum", keys}}}}}})
}

// schema returns the schema of one field.
func (s *spec) schema() ordered {
	about := s.about
	if s.clause != "" {
		about += " (" + s.clause + ")"
	}
	o := ordered{{"description", about}}
	if json.Valid([]byte(s.unset)) {
		o = append(o, member{"default", json.RawMessage(s.unset)})
	}
	if json.Valid([]byte(s.sample)) {
		o = append(o, member{"examples", []json.RawMessage{json.RawMessage(s.sample)}})
	}
	bounds := ordered{}
	if s.lo != 0 || s.hi != 0 {
		bounds = ordered{{"minimum", s.lo}, {"maximum", s.hi}}
	}
	switch {
	case s.key == "core:metadata_only":
		return append(o, member{"const", false})
	case s.key == "core:extensions":
		ours := ordered{{"properties", ordered{{"name", ordered{{"const", "nr"}}}}}, {"required", []string{"name"}}}
		free := ordered{{"properties", ordered{{"optional", ordered{{"const", true}}}}}, {"required", []string{"optional"}}}
		return append(o, member{"type", "array"}, member{"items", ordered{{"type", "object"}, {"anyOf", []ordered{ours, free}}}})
	case s.words != nil:
		return append(o, member{"enum", s.words})
	case s.only != nil:
		return append(o, member{"enum", s.only})
	case s.kind == integer:
		return append(append(o, member{"type", "integer"}), bounds...)
	case s.kind == number && s.orZero:
		return append(o, member{"type", "number"}, member{"anyOf", []ordered{{{"const", 0}}, bounds}})
	case s.kind == number:
		return append(append(o, member{"type", "number"}), bounds...)
	case s.kind == boolean:
		return append(o, member{"type", "boolean"})
	case s.kind == integers:
		items := append(ordered{{"type", "integer"}}, bounds...)
		return append(o, member{"type", "array"}, member{"minItems", s.count[0]}, member{"maxItems", s.count[1]}, member{"items", items})
	case s.kind == members:
		return append(o, member{"$ref", "#/$defs/" + strings.TrimPrefix(s.key, "nr:")})
	}
	return append(o, member{"type", "string"})
}

// judge is a validator for the part of JSON schema that ours uses.
type judge struct{ defs map[string]any }

// allows reports whether a schema allows a value.
func (j *judge) allows(schema map[string]any, v any) bool {
	for key, rule := range schema {
		if !j.rule(schema, key, rule, v) {
			return false
		}
	}
	return true
}

func (j *judge) rule(schema map[string]any, key string, rule, v any) bool {
	switch key {
	case "$schema", "title", "description", "default", "examples", "$defs", "properties":
		return key != "properties" || j.properties(rule.(map[string]any), v)
	case "$ref":
		return j.allows(j.defs[strings.TrimPrefix(rule.(string), "#/$defs/")].(map[string]any), v)
	case "type":
		return isType(rule.(string), v)
	case "const":
		return rule == v
	case "enum":
		return slices.Contains(rule.([]any), v)
	case "pattern":
		s, ok := v.(string)
		return !ok || regexp.MustCompile(rule.(string)).MatchString(s)
	case "not":
		return !j.allows(rule.(map[string]any), v)
	case "anyOf":
		return slices.ContainsFunc(rule.([]any), func(r any) bool { return j.allows(r.(map[string]any), v) })
	case "minimum", "maximum":
		x, ok := v.(float64)
		return !ok || (key == "minimum" && x >= rule.(float64)) || (key == "maximum" && x <= rule.(float64))
	}
	if list, ok := v.([]any); ok {
		switch key {
		case "minItems":
			return len(list) >= int(rule.(float64))
		case "maxItems":
			return len(list) <= int(rule.(float64))
		case "items":
			return !slices.ContainsFunc(list, func(x any) bool { return !j.allows(rule.(map[string]any), x) })
		}
	}
	object, ok := v.(map[string]any)
	if !ok {
		return true
	}
	names := slices.Collect(maps.Keys(object))
	switch key {
	case "required":
		return !slices.ContainsFunc(rule.([]any), func(k any) bool { _, there := object[k.(string)]; return !there })
	case "additionalProperties":
		return !slices.ContainsFunc(names, func(k string) bool { _, known := schema["properties"].(map[string]any)[k]; return !known })
	case "propertyNames":
		return !slices.ContainsFunc(names, func(k string) bool { return !j.allows(rule.(map[string]any), k) })
	}
	return true // of another type
}

func (j *judge) properties(rules map[string]any, v any) bool {
	object, _ := v.(map[string]any)
	for k, x := range object {
		if r, ok := rules[k]; ok && !j.allows(r.(map[string]any), x) {
			return false
		}
	}
	return true
}

func isType(name string, v any) bool {
	switch x := v.(type) {
	case float64:
		return name == "number" || name == "integer" && x == math.Trunc(x)
	case string:
		return name == "string"
	case bool:
		return name == "boolean"
	case []any:
		return name == "array"
	case map[string]any:
		return name == "object"
	}
	return false
}

// TestSchemaAgreesWithReader changes one value of good metadata at a time. What the
// schema does not allow the reader refuses, or leaves the transmission out; what it
// allows of one field the reader takes, unless the fields do not go together.
func TestSchemaAgreesWithReader(t *testing.T) {
	text, err := json.Marshal(schema())
	if err != nil {
		t.Fatal(err)
	}
	var rules map[string]any
	if err := json.Unmarshal(text, &rules); err != nil {
		t.Fatal(err)
	}
	j := &judge{rules["$defs"].(map[string]any)}
	meta, _, _ := record(t, CI16, 2)
	counts := map[string]int{}
	for _, path := range leaves(t, meta) {
		for _, v := range []string{"", "null", "true", `"x"`, `"A"`, "-1", "0", "1", "2", "3", "4", "31", "32", "1023", "65535", "65536", "1.5", "[]", "{}", "[0]", "[0,1]", "[1,70000]", `{"a":1}`} {
			changed := edit(t, meta, path, v)
			var top any
			if err := json.Unmarshal(changed, &top); err != nil {
				t.Fatal(err)
			}
			allowed := j.allows(rules, top)
			m, err := ParseMeta(changed)
			taken := err == nil && !slices.ContainsFunc(m.Transmissions, func(x Transmission) bool { return x.Unsupported != nil })
			counts[fmt.Sprint(allowed, taken)]++
			if taken && !allowed {
				t.Errorf("%s = %s: the reader takes it, the schema does not", path, v)
			}
			if !taken && allowed && inRange(path, err) {
				t.Errorf("%s = %s: the schema allows it, and the reader says %v", path, v, err)
			}
		}
	}
	t.Log(counts)
	if counts["false false"] < 500 || counts["true true"] < 20 {
		t.Errorf("schema and reader: %v", counts)
	}
}

// inRange reports whether an error says that the value at a path is not one that its
// field takes by itself.
func inRange(path string, err error) bool {
	if err == nil {
		return false
	}
	key := path[strings.LastIndex(path, "/")+1:]
	for _, n := range namespaces() {
		for _, s := range n.fields {
			if s.key == key && strings.Contains(err.Error(), key+": got") && strings.Contains(err.Error(), "want "+s.want()) {
				return !strings.Contains(err.Error(), "nothing")
			}
		}
	}
	return false
}

// leaves returns the paths of all values of metadata in the namespaces that are read.
func leaves(t *testing.T, meta []byte) []string {
	t.Helper()
	var top map[string]any
	if err := json.Unmarshal(meta, &top); err != nil {
		t.Fatal(err)
	}
	var paths []string
	var visit func(path string, v any)
	visit = func(path string, v any) {
		if o, ok := v.(map[string]any); ok {
			for k, x := range o {
				if k != "core:version" && k != "core:label" && k != "core:frequency" {
					paths = append(paths, path+k)
					visit(path+k+"/", x)
				}
			}
		}
	}
	visit("global/", top["global"])
	visit("annotations/1/", top["annotations"].([]any)[1])
	return paths
}
