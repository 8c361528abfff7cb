// SPDX-License-Identifier: Apache-2.0

package neuroran_test

import (
	"go/version"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/neuroran/neuroran/internal/testvec"
)

// TestDirectRequirements pins what users of the root module inherit. What
// needs more is a nested module.
func TestDirectRequirements(t *testing.T) {
	want := []string{
		"github.com/apache/arrow/go/v15",
		"github.com/cespare/xxhash/v2",
		"github.com/google/go-cmp",
		"github.com/yalue/onnxruntime_go",
		"golang.org/x/sys",
		"google.golang.org/protobuf",
	}
	text, err := os.ReadFile(filepath.Join(testvec.Root(), "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, directRequirements(string(text))); diff != "" {
		t.Errorf("direct requirements: %s", diff)
	}
	if strings.Contains(string(text), "replace ") {
		t.Error("the root module replaces a requirement, which its users would not")
	}
}

// directRequirements returns the paths that a go.mod requires directly, sorted.
func directRequirements(mod string) []string {
	var paths []string
	inBlock := false
	for line := range strings.Lines(mod) {
		line = strings.TrimSpace(line)
		rest, single := strings.CutPrefix(line, "require ")
		switch {
		case line == "require (":
			inBlock = true
			continue
		case line == ")":
			inBlock = false
		case single:
			line = rest
		case !inBlock:
			continue
		}
		if name, _, ok := strings.Cut(line, " "); ok && !strings.Contains(line, "// indirect") {
			paths = append(paths, name)
		}
	}
	slices.Sort(paths)
	return paths
}

// TestWorkspace holds the language version of the workspace at or above that of each
// module in it: otherwise no command works in a checkout that does not turn it off.
func TestWorkspace(t *testing.T) {
	language := func(file string) string {
		for line := range strings.Lines(readText(t, file)) {
			if v, ok := strings.CutPrefix(line, "go "); ok {
				return "go" + strings.TrimSpace(v)
			}
		}
		t.Errorf("%s has no line go", file)
		return ""
	}
	whole := language("go.work")
	for _, module := range nestedModules(t) {
		if v := language(filepath.Join(module, "go.mod")); version.Compare(v, whole) > 0 {
			t.Errorf("%s is of %s, go.work of %s: go work use", module, v, whole)
		}
	}
}

// TestTopLevel pins the folders and files of the root.
func TestTopLevel(t *testing.T) {
	folders := []string{"accel", "docs", "examples", "internal", "mac", "phy", "placement", "ran", "sfaas", "tensor"}
	files := []string{
		"CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "Makefile", "README.md",
		"deps_test.go", "doc.go", "example_test.go", "go.mod", "go.sum", "go.work", "go.work.sum", "module_test.go", "pkgdoc_test.go", "readme_test.go",
	}
	entries, err := os.ReadDir(testvec.Root())
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		allowed := files
		if e.IsDir() {
			allowed = folders
		}
		if !strings.HasPrefix(e.Name(), ".") && !slices.Contains(allowed, e.Name()) {
			t.Errorf("%s does not belong at the top level", e.Name())
		}
	}
	for _, name := range files {
		if _, err := os.Stat(filepath.Join(testvec.Root(), name)); err != nil && name != "go.work.sum" {
			t.Errorf("%s is missing", name)
		}
	}
}
