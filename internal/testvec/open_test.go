// SPDX-License-Identifier: Apache-2.0

package testvec

import (
	"strings"
	"testing"
)

// TestDefects checks that the list of open defects has one number and one text per
// line, each number once, and that a number that is not listed is not open.
func TestDefects(t *testing.T) {
	seen := map[string]bool{}
	for line := range strings.Lines(openDefects) {
		id, text, ok := strings.Cut(strings.TrimSpace(line), " ")
		if id == "" && !ok {
			continue
		}
		if what, open := defect(id); !open || seen[id] || what != strings.TrimSpace(text) || what == "" {
			t.Errorf("%q: open %v, listed before %v, text %q", line, open, seen[id], what)
		}
		seen[id] = true
	}
	if _, open := defect("D0"); open {
		t.Error("a defect that is not listed is open")
	}
}
