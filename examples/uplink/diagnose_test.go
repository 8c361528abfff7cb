// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
)

// diagnosed returns what -diagnose finds in a recording, and the words of the table.
func diagnosed(t *testing.T, name string, args ...string) (findings []finding, table string) {
	t.Helper()
	code, out, errs := invoke(t, append([]string{"-recording", name, "-diagnose", "-json"}, args...)...)
	if code != 0 {
		t.Fatalf("exit %d, %s", code, errs)
	}
	lines := strings.Split(strings.TrimSpace(out), "\n")
	var s summary
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &s); err != nil {
		t.Fatal(err)
	}
	_, table, _ = invoke(t, append([]string{"-recording", name}, args...)...)
	return s.Findings, table
}

// TestDiagnose says why nothing passes, and with -diagnose which field is wrong.
func TestDiagnose(t *testing.T) {
	meta := bytes.ReplaceAll(shippedMeta, []byte(`"type_a_position": 2`), []byte(`"type_a_position": 3`))
	found, table := diagnosed(t, write(t, meta, shippedData))
	if len(found) == 0 || found[0].Changes["nr:pusch.dmrs.type_a_position"] != "2" {
		t.Errorf("got %+v", found)
	}
	if !strings.Contains(table, "why:\n") || !strings.Contains(table, "pilots fit in symbols 11, but not in 3") || !strings.Contains(table, "-diagnose tries") {
		t.Errorf("got\n%s", table)
	}
	found, table = diagnosed(t, write(t, shippedMeta, shippedData))
	if len(found) != 0 || strings.Contains(table, "why:") {
		t.Errorf("nothing is wrong: %+v\n%s", found, table)
	}
}

// TestDiagnoseOtherRate finds the format of samples at another rate than the carrier's.
func TestDiagnoseOtherRate(t *testing.T) {
	f := foreign{rate: 1.25}
	name := f.write(t, "testdata/uplink.sigmf-meta")
	meta, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	meta = bytes.Replace(meta, []byte("cf32_le"), []byte("ci16_le"), 1)
	if err := os.WriteFile(name, meta, 0o644); err != nil {
		t.Fatal(err)
	}
	found, _ := diagnosed(t, name)
	if !slices.ContainsFunc(found, func(x finding) bool { return x.Changes["core:datatype"] == "cf32_le" }) {
		t.Errorf("got %+v", found)
	}
}
