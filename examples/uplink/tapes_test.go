// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// hashes returns the hash and the outcome of each transmission of a run.
func hashes(t *testing.T, args ...string) []string {
	t.Helper()
	code, out, errs := invoke(t, append([]string{"-json"}, args...)...)
	if code != 0 {
		t.Fatalf("%v: exit %d, %s", args, code, errs)
	}
	var all []string
	for s := bufio.NewScanner(strings.NewReader(out)); s.Scan(); {
		var l line
		if err := json.Unmarshal(s.Bytes(), &l); err != nil {
			t.Fatal(err)
		}
		if l.Outcome != "" {
			all = append(all, l.Outcome+" "+l.TBSHA256)
		}
	}
	return all
}

// TestRecordAndReplay records edges and replays each: the hashes are those of the run.
func TestRecordAndReplay(t *testing.T) {
	dir := t.TempDir()
	edges := []string{"slots", "grid", "channel", "llrs", "softbits"}
	var args []string
	for _, x := range edges {
		args = append(args, "-record", x+"="+filepath.Join(dir, x+".arrow"))
	}
	want := hashes(t, args...)
	if len(want) != 30 || !strings.HasPrefix(want[0], "passed ") {
		t.Fatalf("%d outcomes: %v", len(want), want)
	}
	for _, x := range edges {
		if diff := cmp.Diff(want, hashes(t, "-replay", x+"="+filepath.Join(dir, x+".arrow"))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", x, diff)
		}
	}
	refuse(t, []string{"-replay", "llrs=" + filepath.Join(dir, "grid.arrow")}, "replay llrs")
}
