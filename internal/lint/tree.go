// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
)

// Module is the path of the root module.
const Module = "github.com/neuroran/neuroran"

// Package is the source of one folder, in all build configurations at once.
type Package struct {
	Path  string  // path below the module, "." for the root
	Files []*File // tests too
}

// File is one parsed Go file.
type File struct {
	Name string         // path below the root, with slashes
	Text string         // contents
	AST  *ast.File      // syntax with comments
	Fset *token.FileSet // positions of the syntax
}

// Issue is one finding.
type Issue struct {
	Pos  string // file:line, or a folder
	Text string // what is wrong
}

// String returns the finding as compilers print theirs.
func (i Issue) String() string { return i.Pos + ": " + i.Text }

// Load parses all packages of the module below root. Nested modules, testdata
// and folders that the go command ignores are left out.
func Load(root string) ([]*Package, error) {
	var packages []*Package
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return err
		}
		if name != root && skipped(name) {
			return filepath.SkipDir
		}
		p, err := loadDir(root, name)
		if p != nil {
			packages = append(packages, p)
		}
		return err
	})
	return packages, err
}

func skipped(dir string) bool {
	base := filepath.Base(dir)
	if base == "testdata" || strings.HasPrefix(base, "_") || strings.HasPrefix(base, ".") {
		return true
	}
	_, err := os.Stat(filepath.Join(dir, "go.mod"))
	return err == nil
}

// loadDir returns the package in one folder, or nil if it has no Go files.
func loadDir(root, dir string) (*Package, error) {
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil || len(names) == 0 {
		return nil, err
	}
	rel, err := filepath.Rel(root, dir)
	if err != nil {
		return nil, err
	}
	p := &Package{Path: filepath.ToSlash(rel)}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		f, err := Parse(path.Join(p.Path, filepath.Base(name)), string(text))
		if err != nil {
			return nil, err
		}
		p.Files = append(p.Files, f)
	}
	return p, nil
}

// Parse returns a file with the given name and contents.
func Parse(name, text string) (*File, error) {
	fset := token.NewFileSet()
	syntax, err := parser.ParseFile(fset, name, text, parser.ParseComments)
	if err != nil {
		return nil, err
	}
	return &File{Name: name, Text: text, AST: syntax, Fset: fset}, nil
}

// Imports returns the packages of the module that the package imports outside
// its tests, as paths below the module.
func (p *Package) Imports() []string {
	seen := map[string]bool{}
	var imports []string
	for _, f := range p.Files {
		if f.isTest() {
			continue
		}
		for _, spec := range f.AST.Imports {
			name, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				continue
			}
			if below, ok := strings.CutPrefix(name, Module+"/"); ok && !seen[below] {
				seen[below] = true
				imports = append(imports, below)
			}
		}
	}
	return imports
}

// IsMain reports whether the package is a program.
func (p *Package) IsMain() bool {
	for _, f := range p.Files {
		if !f.isTest() {
			return f.AST.Name.Name == "main"
		}
	}
	return false
}

func (f *File) isTest() bool { return strings.HasSuffix(f.Name, "_test.go") }

func (f *File) issue(pos token.Pos, format string, args ...any) Issue {
	return Issue{Pos: fmt.Sprintf("%s:%d", f.Name, f.Fset.Position(pos).Line), Text: fmt.Sprintf(format, args...)}
}
