// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"strings"
	"testing"
)

// TestUnsupported changes one or two transmissions of the shipped recording to what
// this library cannot receive: they are named with the reason, in the table and in
// JSON, and all others pass.
func TestUnsupported(t *testing.T) {
	type object = map[string]any
	for name, c := range map[string]struct {
		change func(grants []object) // of the annotations; 1 and 2 share PRBs
		out    []int                 // lines of what is left out
		why    string
	}{
		"transform precoding": {func(g []object) { g[7]["transform_precoding"] = true }, []int{7}, "transform_precoding"},
		"reserved MCS":        {func(g []object) { g[7]["mcs_index"] = 29 }, []int{7}, "mcs_index"},
		"feature of others":   {func(g []object) { g[7]["uci"] = object{"harq_ack_bits": 2} }, []int{7}, "nr:pusch.uci"},
		"differing group":     {func(g []object) { g[2]["prb_size"] = 12 }, []int{1, 2}, "prb_start and prb_size"},
		"process used twice":  {func(g []object) { g[2]["n_rnti"] = 4602 }, []int{2}, "harq_process"},
	} {
		t.Run(name, func(t *testing.T) {
			var m object
			if err := json.Unmarshal(shippedMeta, &m); err != nil {
				t.Fatal(err)
			}
			var grants []object
			for _, a := range m["annotations"].([]any) {
				grants = append(grants, a.(object)["nr:pusch"].(object))
			}
			c.change(grants)
			text, err := json.Marshal(m)
			if err != nil {
				t.Fatal(err)
			}
			checkLeftOut(t, write(t, text, shippedData), c.out, c.why)
		})
	}
}

// checkLeftOut decodes a recording of 30 transmissions of which those in the lines
// out are left out for the reason why, and all others pass.
func checkLeftOut(t *testing.T, file string, out []int, why string) {
	t.Helper()
	code, text, errs := invoke(t, "-recording", file, "-json")
	lines := strings.Split(strings.TrimSpace(text), "\n")
	if code != 0 || len(lines) != 31 {
		t.Fatalf("exit %d, %s, %d lines", code, errs, len(lines))
	}
	for i, row := range lines[:30] {
		var l line
		if err := json.Unmarshal([]byte(row), &l); err != nil {
			t.Fatal(err)
		}
		left := len(out) > 0 && out[0] == i
		if left {
			out = out[1:]
		}
		if left == l.CRC || left != strings.Contains(l.Reason, why) || left != (l.Outcome == "unsupported") {
			t.Errorf("line %d, want it left out: %t: %s", i, left, row)
		}
	}
	if len(out) > 0 {
		t.Errorf("lines %v are missing", out)
	}
	code, text, errs = invoke(t, "-recording", file)
	if code != 0 || !strings.Contains(text, why) || !strings.Contains(text, "left out:") {
		t.Errorf("exit %d, %s, want a table that names %s:\n%s", code, errs, why, text)
	}
}
