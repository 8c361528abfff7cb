// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestUnusedDevice names a device for a receiver that runs in Go: it is refused, or
// at least not printed as what the receiver ran on. It is B8.
func TestUnusedDevice(t *testing.T) {
	for _, args := range [][]string{{}, {"-json"}} {
		code, out, errs := invoke(t, append(args, "-receiver", "lmmse", "-device", "ort/cpu", "-slots", "1")...)
		if code == 0 && strings.Contains(out, "ort/cpu") {
			t.Errorf("%v: lmmse runs in Go, and the output names ort/cpu as its device (%s)", args, errs)
		}
	}
}

// TestConstellationTitles plots a recording: no panel has a title without text. It is
// B9.
func TestConstellationTitles(t *testing.T) {
	folder := t.TempDir()
	if code, _, errs := invoke(t, "-plot", folder, "-slots", "2"); code != 0 {
		t.Fatal(errs)
	}
	svg, err := os.ReadFile(filepath.Join(folder, "constellation.svg"))
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(svg), "<title></title>"); n != 0 {
		t.Errorf("%d panels have a title without text", n)
	}
}

// TestErrorInTheDefaultGrant breaks the grant that annotations inherit: the error
// blames the global one, and says which sum goes too far. It is B7.
func TestErrorInTheDefaultGrant(t *testing.T) {
	for _, c := range []struct {
		field string
		value int
		want  string
	}{{"num_layers", 9, "num_layers"}, {"prb_start", 20, "prb_start"}} {
		var m map[string]any
		if err := json.Unmarshal(shippedMeta, &m); err != nil {
			t.Fatal(err)
		}
		m["global"].(map[string]any)["nr:pusch"].(map[string]any)[c.field] = c.value
		text, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		code, _, errs := invoke(t, "-recording", write(t, text, shippedData))
		if code == 0 || strings.Contains(errs, "annotation 0") || !strings.Contains(errs, c.want) {
			t.Errorf("%s = %d in the global grant: exit %d, %q; want it blamed on the global grant, with %s", c.field, c.value, code, errs, c.want)
		}
	}
}
