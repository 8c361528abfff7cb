// SPDX-License-Identifier: Apache-2.0

package neuroran_test

import (
	"fmt"
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
	if got := outside(t, "run", "package main\n\n"+code[1]+"\nfunc main() {\n"+code[2]+"}\n"); got != want {
		t.Errorf("outside, the program prints\n%s", got)
	}
	if n := strings.Count(readme, "\n"); n >= 200 {
		t.Errorf("README.md has %d lines, want fewer than 200", n)
	}
}

// outside runs a go command on a program as a module of its own, which requires this
// one, and returns what it prints.
func outside(t *testing.T, command, program string) string {
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
	cmd := exec.Command("go", command, "-mod=mod", ".")
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

// TestFrontDoor checks that the doc of the root package names every package and every
// program that is not internal, those of nested modules too.
func TestFrontDoor(t *testing.T) {
	named := map[string]bool{}
	for _, name := range regexp.MustCompile(`[a-z]+(?:/[a-z0-9]+)*`).FindAllString(readText(t, "doc.go"), -1) {
		named[name] = true
	}
	packages, err := lint.Load(testvec.Root())
	if err != nil {
		t.Fatal(err)
	}
	for _, module := range nestedModules(t) {
		packages = append(packages, &lint.Package{Path: module})
	}
	for _, p := range packages {
		if p.Path != "." && !strings.Contains(p.Path, "internal") && !named[p.Path] {
			t.Errorf("doc.go does not name %s", p.Path)
		}
	}
}

// nestedModules returns the folders of the modules that go.work joins to this one.
func nestedModules(t *testing.T) []string {
	t.Helper()
	var modules []string
	for _, m := range regexp.MustCompile(`(?m)^\t(?:use )?\./(\S+)$`).FindAllStringSubmatch(readText(t, "go.work"), -1) {
		modules = append(modules, m[1])
	}
	if len(modules) == 0 {
		t.Fatal("go.work joins nothing")
	}
	return modules
}

// TestPrograms compiles and vets every program that a document shows, as a module of its own.
func TestPrograms(t *testing.T) {
	program := regexp.MustCompile("(?s)\n```go\n(package main\n.*?)\n```\n")
	found := 0
	for _, name := range documents(t) {
		for _, m := range program.FindAllStringSubmatch(readText(t, name), -1) {
			found++
			t.Run(fmt.Sprintf("%s/%d", name, found), func(t *testing.T) { outside(t, "vet", m[1]+"\n") })
		}
	}
	if found == 0 {
		t.Error("no document has a program")
	}
}

// TestCommands checks that every folder that a command of a document names has a
// package: go run ./FOLDER, go test ./FOLDER, go doc ./FOLDER.
func TestCommands(t *testing.T) {
	command := regexp.MustCompile(`go (?:run|test|doc|build)\b[^` + "`" + `\n]*`)
	folder := regexp.MustCompile(`(?:^|[ '])\./([a-z0-9/]+[a-z0-9])(?:/\.\.\.)?`)
	for _, name := range documents(t) {
		for _, line := range command.FindAllString(readText(t, name), -1) {
			for _, m := range folder.FindAllStringSubmatch(line, -1) {
				if info, err := os.Stat(filepath.Join(testvec.Root(), m[1])); err != nil || !info.IsDir() {
					t.Errorf("%s: %q names ./%s, which is no folder", name, line, m[1])
				}
			}
		}
	}
}

// documents returns the documents of the root and of docs, as paths below the root.
func documents(t *testing.T) []string {
	t.Helper()
	var names []string
	for _, dir := range []string{".", "docs"} {
		found, err := filepath.Glob(filepath.Join(testvec.Root(), dir, "*.md"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range found {
			names = append(names, filepath.Join(dir, filepath.Base(name)))
		}
	}
	return names
}

// TestLinks follows the links between the documents.
func TestLinks(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)#]+?)(#[^)]*)?\)`)
	for _, name := range documents(t) {
		text := readText(t, name)
		for _, m := range link.FindAllStringSubmatch(text, -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			if _, err := os.Stat(filepath.Join(testvec.Root(), filepath.Dir(name), m[1])); err != nil {
				t.Errorf("%s links to %s, which is not there", name, m[1])
			}
		}
	}
}
