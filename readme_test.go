// SPDX-License-Identifier: Apache-2.0

package neuroran_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/neuroran/neuroran/internal/lint"
	"github.com/neuroran/neuroran/internal/testvec"
)

func readText(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(testvec.Root(), name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestREADMEProgram holds the program of the README, and what it prints, to the
// example that runs as a test.
func TestREADMEProgram(t *testing.T) {
	readme, example := readText(t, "README.md"), readText(t, "example_test.go")
	code := regexp.MustCompile("(?s)```go\nfunc main\\(\\) {\n(.*?)}\n```\n\n```\n(.*?)```").FindStringSubmatch(readme)
	test := regexp.MustCompile("(?s)func Example\\(\\) {\n(.*?)\t// Output:\n(.*?)}").FindStringSubmatch(example)
	if code == nil || test == nil {
		t.Fatal("no program in README.md or no example")
	}
	if code[1] != test[1] {
		t.Errorf("README.md has the program\n%s\nand the example is\n%s", code[1], test[1])
	}
	if want := strings.ReplaceAll(test[2], "\t// ", ""); code[2] != want {
		t.Errorf("README.md says that it prints\n%s\nand it prints\n%s", code[2], want)
	}
	if n := strings.Count(readme, "\n"); n >= 200 {
		t.Errorf("README.md has %d lines, want fewer than 200", n)
	}
}

// TestREADMEMap checks that the map names every package that a user may import,
// or the folder above it.
func TestREADMEMap(t *testing.T) {
	readme := readText(t, "README.md")
	packages, err := lint.Load(testvec.Root())
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range packages {
		if p.Path == "." || p.Path == "ran" || p.IsMain() || strings.Contains(p.Path, "internal") {
			continue
		}
		above, _, nested := strings.Cut(strings.TrimPrefix(p.Path, "phy/"), "/")
		if !strings.Contains(readme, "`"+p.Path+"`") && !(nested && strings.Contains(readme, "`phy/"+above+"`")) {
			t.Errorf("README.md does not name %s", p.Path)
		}
	}
}

// TestLinks follows the links between the documents.
func TestLinks(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)#]+?)(#[^)]*)?\)`)
	documents, err := filepath.Glob(filepath.Join(testvec.Root(), "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	below, err := filepath.Glob(filepath.Join(testvec.Root(), "docs", "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range append(documents, below...) {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range link.FindAllStringSubmatch(string(text), -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			if _, err := os.Stat(filepath.Join(filepath.Dir(name), m[1])); err != nil {
				t.Errorf("%s links to %s, which is not there", filepath.Base(name), m[1])
			}
		}
	}
}
