// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestBadArguments lists arguments that end the program with 2 and one line that
// names the argument.
func TestBadArguments(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"unknown flag":    {[]string{"-colour"}, "-colour"},
		"no value":        {[]string{"-slots"}, "-slots"},
		"no number":       {[]string{"-slots", "some"}, "-slots"},
		"no slots":        {[]string{"-slots", "0"}, "-slots"},
		"negative slots":  {[]string{"-slots", "-3"}, "-slots"},
		"receiver":        {[]string{"-receiver", "magic"}, "-receiver"},
		"device":          {[]string{"-device", "abacus"}, "-device"},
		"more":            {[]string{"-json", "more"}, "more"},
		"empty recording": {[]string{"-recording", ""}, "-recording"},
		"missing file":    {[]string{"-recording", "no/such.sigmf-meta"}, "no/such.sigmf-meta"},
		"other name":      {[]string{"-recording", file}, "name"},
		"empty schedule":  {[]string{"-schedule", ""}, "-schedule"},
		"no schedule":     {[]string{"-schedule", "no/such.csv"}, "no/such.csv"},
		"no log":          {[]string{"-schedule", "main.go"}, "log header"},
		"search":          {[]string{"-search", "-1ms"}, "-search"},
		"long search":     {[]string{"-search", "51ms"}, "capture.search"},
		"record":          {[]string{"-record", "llrs"}, "-record"},
		"record edge":     {[]string{"-record", "llr=x.arrow"}, "llrs"},
		"record folder":   {[]string{"-record", "llrs=" + filepath.Join(file, "x.arrow")}, "-record llrs"},
		"replay edge":     {[]string{"-replay", "grand=x.arrow"}, "edge"},
		"replay twice":    {[]string{"-replay", "llrs=x.arrow", "-replay", "bits=x.arrow"}, "-replay"},
		"replay nothing":  {[]string{"-replay", "llrs=no/such.arrow"}, "no/such.arrow"},
		"plot":            {[]string{"-plot", filepath.Join(file, "below")}, "-plot"},
	} {
		t.Run(name, func(t *testing.T) { refuse(t, c.args, c.want) })
	}
}

// refuse checks that the program exits with 2 and one line that contains want.
func refuse(t *testing.T, args []string, want string) {
	t.Helper()
	code, _, errs := invoke(t, args...)
	if code != 2 || strings.Count(errs, "\n") != 1 || !strings.HasSuffix(errs, "\n") || !strings.Contains(errs, want) {
		t.Errorf("exit %d, %q; want 2 and one line with %q", code, errs, want)
	}
}

// TestBadRecordings changes one thing of the shipped recording: the program
// exits with 2 and names the field.
func TestBadRecordings(t *testing.T) {
	type object = map[string]any
	global := func(m object) object { return m["global"].(object) }
	carrier := func(m object) object { return global(m)["nr:carrier"].(object) }
	pusch := func(m object) object { return global(m)["nr:pusch"].(object) }
	dmrs := func(m object) object { return pusch(m)["dmrs"].(object) }
	annotation := func(m object, i int) object { return m["annotations"].([]any)[i].(object) }
	for name, c := range map[string]struct {
		change func(m object)
		want   string
	}{
		"datatype":            {func(m object) { global(m)["core:datatype"] = "cu8" }, "core:datatype"},
		"channels":            {func(m object) { global(m)["core:num_channels"] = 0 }, "core:num_channels"},
		"hash":                {func(m object) { global(m)["core:sha512"] = strings.Repeat("0", 128) }, "core:sha512"},
		"sample rate":         {func(m object) { global(m)["core:sample_rate"] = 1e6 }, "core:sample_rate"},
		"fft size":            {func(m object) { carrier(m)["fft_size"] = 500 }, "fft_size"},
		"spacing":             {func(m object) { carrier(m)["subcarrier_spacing_khz"] = 20 }, "subcarrier_spacing_khz"},
		"prefix":              {func(m object) { carrier(m)["cyclic_prefix"] = "extended" }, "not supported: cyclic_prefix"},
		"transform precoding": {func(m object) { pusch(m)["transform_precoding"] = true }, "not supported: transform_precoding"},
		"mcs table":           {func(m object) { pusch(m)["mcs_table"] = 4 }, "mcs_table"},
		"mcs index":           {func(m object) { pusch(m)["mcs_index"] = 32 }, "mcs_index"},
		"mapping A from 1":    {func(m object) { pusch(m)["symbol_allocation"] = []int{1, 13} }, "symbol_allocation"},
		"prbs":                {func(m object) { pusch(m)["prb_size"] = 25 }, "prb_size"},
		"additional position": {func(m object) { d := dmrs(m); d["additional_position"], d["type_a_position"] = 3, 3 }, "dmrs.additional_position"},
		"port outside groups": {func(m object) { d := dmrs(m); d["dmrs_port_set"], d["num_cdm_groups_without_data"] = []int{2}, 1 }, "dmrs.dmrs_port_set"},
		"unknown field":       {func(m object) { pusch(m)["colour"] = 1 }, "colour"},
		"missing field":       {func(m object) { delete(pusch(m), "n_id") }, "n_id"},
		"too long":            {func(m object) { annotation(m, 29)["core:sample_start"] = 1 << 30 }, "core:sample_count"},
		"no annotations":      {func(m object) { m["annotations"] = []any{} }, "annotations"},
		"one port for two":    {func(m object) { delete(annotation(m, 2)["nr:pusch"].(object), "dmrs") }, "dmrs.dmrs_port_set"},
	} {
		t.Run(name, func(t *testing.T) {
			var m object
			if err := json.Unmarshal(shippedMeta, &m); err != nil {
				t.Fatal(err)
			}
			c.change(m)
			text, err := json.Marshal(m)
			if err != nil {
				t.Fatal(err)
			}
			refuse(t, []string{"-recording", write(t, text, shippedData)}, c.want)
		})
	}
}

// write writes a recording to a folder of its own and returns its name.
func write(t *testing.T, meta, data []byte) string {
	t.Helper()
	base := filepath.Join(t.TempDir(), "r")
	for name, content := range map[string][]byte{base + ".sigmf-meta": meta, base + ".sigmf-data": data} {
		if content == nil {
			continue
		}
		if err := os.WriteFile(name, content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return base + ".sigmf-meta"
}

// TestBadData takes samples away.
func TestBadData(t *testing.T) {
	refuse(t, []string{"-recording", write(t, shippedMeta, nil)}, "data file")
	refuse(t, []string{"-recording", write(t, shippedMeta, shippedData[:len(shippedData)/2])}, "core:sample_count")
	refuse(t, []string{"-recording", write(t, shippedMeta, shippedData[:0])}, "core:sample_count")
	noHash := regexp.MustCompile(`"core:sha512": "[0-9a-f]*",`).ReplaceAll(shippedMeta, nil)
	refuse(t, []string{"-recording", write(t, noHash, append(bytes.Clone(shippedData), 0))}, "core:num_channels")
	refuse(t, []string{"-recording", write(t, []byte("{"), shippedData)}, "metadata")
	refuse(t, []string{"-recording", write(t, []byte("null"), shippedData)}, "metadata")

	folder := write(t, shippedMeta, nil)
	if err := os.Mkdir(strings.TrimSuffix(folder, "meta")+"data", 0o755); err != nil {
		t.Fatal(err)
	}
	refuse(t, []string{"-recording", folder}, "not a regular file")
}
