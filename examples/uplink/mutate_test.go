// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// mutations are the values that every value of the metadata is replaced with, in
// JSON; "" stands for deleting it.
var mutations = []string{
	"", "null", "true", `"x"`, `"\u0000\n"`, "-1", "0", "1", "3", "65536", "0.5", "1e400",
	"9223372036854775807", "9223372036854775808", "[]", "{}", "[0,1]", "[null]", "[-1,70000]", `{"a":1}`,
}

// consequences are the fields that may be named instead of the one that changed:
// it is right by itself and disagrees with them.
var consequences = map[string][]string{
	"":                            {"metadata"},
	"nr:carrier":                  {"n_cell_id", "nr:carrier.a"},
	"n_size_grid":                 {"fft_size", "prb_size"},
	"fft_size":                    {"core:sample_rate"},
	"subcarrier_spacing_khz":      {"core:sample_rate"},
	"core:num_channels":           {"data file"},
	"core:datatype":               {"data file"},
	"core:sample_start":           {"core:sample_count"},
	"nr:slot_number":              {"core:sample_start", "core:sample_count"},
	"nr:pusch":                    {"n_rnti", "dmrs", "nr:pusch.a"},
	"dmrs":                        {"nr:pusch.a"},
	"n_rnti":                      {"harq_process"},
	"num_layers":                  {"num_antenna_ports", "dmrs_port_set"},
	"mapping_type":                {"dmrs"},
	"config_type":                 {"dmrs"},
	"length":                      {"dmrs", "symbol_allocation"},
	"type_a_position":             {"dmrs"},
	"additional_position":         {"dmrs"},
	"num_cdm_groups_without_data": {"dmrs"},
	"prb_start":                   {"prb_size"},
	"name":                        {"core:extensions"},
	"global":                      {"core:datatype"},
}

// ignored are keys that a reader may leave alone: they are only deleted.
var ignored = []string{"core:version", "core:license", "core:label", "core:frequency", "version"}

// TestMutatedMetadata replaces every value of the metadata of two slots by many
// others, one at a time. The program never panics: it decodes, or exits with 2
// and short lines, one of which names the field.
func TestMutatedMetadata(t *testing.T) {
	m := &mutator{t: t, base: filepath.Join(t.TempDir(), "r")}
	if err := json.Unmarshal(shippedMeta, &m.root); err != nil {
		t.Fatal(err)
	}
	root := m.root.(map[string]any)
	delete(root["global"].(map[string]any), "core:sha512")
	root["annotations"] = root["annotations"].([]any)[:2]
	const frame, slotSamples = 8, 7680 // bytes of four antennas; of the two slots
	if err := os.WriteFile(m.base+".sigmf-data", shippedData[:2*slotSamples*frame], 0o644); err != nil {
		t.Fatal(err)
	}
	m.walk("", m.root, func(v any) { m.root = v })
	t.Logf("%d metadata, %d of them decoded", m.runs, m.decoded)
	if m.runs < 1000 || m.decoded == 0 || m.decoded == m.runs {
		t.Errorf("%d of %d decoded", m.decoded, m.runs)
	}
}

// mutator walks over a JSON document.
type mutator struct {
	t             *testing.T
	base          string // of the recording's file names
	root          any
	runs, decoded int
}

// mark stands in the document where the mutated value goes, which Go's types
// cannot hold.
const mark = "@mutated@"

// walk mutates v, whose nearest key is key, and all that it contains; set
// replaces v in the document.
func (m *mutator) walk(key string, v any, set func(any)) {
	if slices.Contains(ignored, key) {
		return
	}
	set(mark)
	for _, value := range mutations[1:] {
		m.run(key, value)
	}
	set(v)
	switch x := v.(type) {
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(x)) {
			old := x[k]
			delete(x, k)
			m.run(k, mutations[0])
			x[k] = old
			m.walk(k, old, func(v any) { x[k] = v })
		}
	case []any:
		for i := range x {
			m.walk(key, x[i], func(v any) { x[i] = v })
		}
	}
}

// run decodes the document with a value in the place of the mark.
func (m *mutator) run(key, value string) {
	m.t.Helper()
	text, err := json.Marshal(m.root)
	if err != nil {
		m.t.Fatal(err)
	}
	text = bytes.ReplaceAll(text, []byte(`"`+mark+`"`), []byte(value))
	if err := os.WriteFile(m.base+".sigmf-meta", text, 0o644); err != nil {
		m.t.Fatal(err)
	}
	code, _, errs := invoke(m.t, "-recording", m.base+".sigmf-meta", "-receiver", "ls", "-slots", "1", "-json")
	m.runs++
	if code == 0 && errs == "" {
		m.decoded++
		return
	}
	line := strings.ReplaceAll(errs, m.base, "")
	named := strings.Contains(line, key)
	for _, other := range consequences[key] {
		named = named || strings.Contains(line, other)
	}
	if code != 2 || !named {
		m.t.Errorf("%s = %s: exit %d, %q", key, value, code, line)
	}
	for one := range strings.Lines(line) {
		one = strings.TrimSuffix(one, "\n")
		if strings.ContainsFunc(one, func(r rune) bool { return r < ' ' }) || len(one) > 350 {
			m.t.Errorf("%s = %s: line %q", key, value, one)
		}
	}
}
