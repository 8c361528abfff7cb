// SPDX-License-Identifier: Apache-2.0

package neuroran_test

import (
	"os"
	"os/exec"
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
	code := regexp.MustCompile("(?s)```go\npackage main\n\n(import .*?\n\\)\n)\nfunc main\\(\\) {\n(.*?)}\n```\n\n```\n(.*?)```").FindStringSubmatch(readme)
	test := regexp.MustCompile("(?s)func Example\\(\\) {\n(.*?)\t// Output:\n(.*?)}").FindStringSubmatch(example)
	if code == nil || test == nil {
		t.Fatal("no program in README.md or no example")
	}
	if code[2] != test[1] || !strings.Contains(example, code[1]) {
		t.Errorf("README.md has the program\n%s%s\nand the example is\n%s", code[1], code[2], test[1])
	}
	want := strings.ReplaceAll(test[2], "\t// ", "")
	if code[3] != want {
		t.Errorf("README.md says that it prints\n%s\nand it prints\n%s", code[3], want)
	}
	if got := runOutside(t, "package main\n\n"+code[1]+"\nfunc main() {\n"+code[2]+"}\n"); got != want {
		t.Errorf("outside, the program prints\n%s", got)
	}
	if n := strings.Count(readme, "\n"); n >= 200 {
		t.Errorf("README.md has %d lines, want fewer than 200", n)
	}
}

// runOutside runs a program as a module of its own, which requires this one.
func runOutside(t *testing.T, program string) string {
	t.Helper()
	if testing.Short() {
		t.Skip("links a program")
	}
	dir := t.TempDir()
	mod := "module example.com/outside\n\ngo 1.26\n\nrequire github.com/neuroran/neuroran v0.0.0\n\nreplace github.com/neuroran/neuroran => " + testvec.Root() + "\n"
	for name, text := range map[string]string{"main.go": program, "go.mod": mod, "go.sum": readText(t, "go.sum")} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("go", "run", "-mod=mod", ".")
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "GOWORK=off", "GOFLAGS=")
	var out, errs strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%s", err, errs.String())
	}
	return out.String()
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
