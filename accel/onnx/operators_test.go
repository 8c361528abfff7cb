// SPDX-License-Identifier: Apache-2.0

package onnx

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/neuroran/neuroran/internal/testvec"
)

// TestOperatorList holds the list of operators in docs/devices.md to the table.
func TestOperatorList(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(testvec.Root(), "docs", "devices.md"))
	if err != nil {
		t.Fatal(err)
	}
	section := regexp.MustCompile(`(?s)\n## Operators of .ref.\n.*?\n\n((?:[A-Z]\w+[ \n.]*)+)\n\n## `).FindSubmatch(text)
	if section == nil {
		t.Fatal("docs/devices.md has no list of operators")
	}
	var got []string
	for _, name := range regexp.MustCompile(`\w+`).FindAll(section[1], -1) {
		got = append(got, string(name))
	}
	want := slices.Sorted(maps.Keys(operators))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("docs/devices.md lists other operators than there are: -want +got\n%s", diff)
	}
}
