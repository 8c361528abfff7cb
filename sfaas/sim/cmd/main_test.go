// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

// TestJSON runs two seeds twice: one object with the fields that are promised, and
// the same history.
func TestJSON(t *testing.T) {
	var history [2]any
	for i := range history {
		var out, errs bytes.Buffer
		code := run([]string{"-seeds", "2", "-seed", "3", "-virtual", "200ms", "-json"}, &out, &errs)
		if code > 1 || errs.Len() > 0 {
			t.Fatalf("exit %d, %s", code, errs.String())
		}
		var got map[string]any
		if err := json.Unmarshal(out.Bytes(), &got); err != nil {
			t.Fatal(err)
		}
		for _, field := range strings.Fields("seeds violations first_bad_seed virtual_s wall_s messages moves crashes claims history") {
			if _, ok := got[field]; !ok {
				t.Errorf("no field %s in %s", field, out.String())
			}
		}
		if got["seeds"] != 2.0 || got["messages"] == 0.0 {
			t.Errorf("got %s", out.String())
		}
		history[i] = got["history"]
	}
	if history[0] != history[1] {
		t.Errorf("histories %v and %v of the same seeds", history[0], history[1])
	}
}

// TestWrongCalls calls the command with what it does not know.
func TestWrongCalls(t *testing.T) {
	for _, args := range [][]string{
		{"-plant", "no such bug", "-seeds", "1"}, {"-seeds", "many"}, {"-what"},
		{"-seeds", "1", "17"}, {"-seeds", "0"}, {"-seeds", "2", "-seed", "18446744073709551615"}, {"-seeds", "1", "-virtual", "-1s"},
		{"-seeds", "1", "-json", "-trace"}, {"-seeds", "1", "-disks", "-forgets"},
	} {
		var out, errs bytes.Buffer
		if code := run(args, &out, &errs); code != 2 || errs.Len() == 0 {
			t.Errorf("%v: exit %d, %q; want 2 and a reason", args, code, errs.String())
		}
	}
}
