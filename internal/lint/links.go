// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"go/ast"
	"path"
	"regexp"
	"strconv"
	"strings"
)

// docLink matches a link of a doc comment to an exported symbol, with or without
// package, star and member. The shape of a tensor, such as [K] or [Rx, Symbol], is
// none: its names are shorter or several.
var docLink = regexp.MustCompile(`\[\*?((?:[a-z]\w*\.)?)([A-Z]\w\w+)(\.[A-Z]\w*)?\]`)

// Links returns the links in doc comments that lead nowhere: to a symbol that its
// package of this module does not have. Links to other modules are not followed.
func Links(packages []*Package) []Issue {
	known := map[string]symbols{}
	for _, p := range packages {
		known[p.Path] = p.symbols()
	}
	var issues []Issue
	for _, p := range packages {
		for _, f := range p.Files {
			if !f.isTest() {
				issues = append(issues, f.links(p.Path, known)...)
			}
		}
	}
	return issues
}

// links checks the links of one file of the package at the given path.
func (f *File) links(self string, known map[string]symbols) []Issue {
	imports := f.importNames()
	var issues []Issue
	for _, doc := range f.docs() {
		for _, m := range docLink.FindAllStringSubmatch(prose(doc), -1) {
			target := self
			if m[1] != "" {
				below, ok := imports[strings.TrimSuffix(m[1], ".")]
				if !ok {
					continue // a package that is not of this module, or not imported
				}
				target = below
			}
			if have, ok := known[target]; ok && !have.has(m[2], strings.TrimPrefix(m[3], ".")) {
				issues = append(issues, f.issue(doc.Pos(), "link to %s%s%s, which does not exist", m[1], m[2], m[3]))
			}
		}
	}
	return issues
}

// docs returns the doc comments of the package and its declarations.
func (f *File) docs() []*ast.CommentGroup {
	groups := []*ast.CommentGroup{f.AST.Doc}
	for _, decl := range f.AST.Decls {
		switch d := decl.(type) {
		case *ast.FuncDecl:
			groups = append(groups, d.Doc)
		case *ast.GenDecl:
			groups = append(groups, d.Doc)
			for _, spec := range d.Specs {
				if t, ok := spec.(*ast.TypeSpec); ok {
					groups = append(groups, t.Doc)
				}
			}
		}
	}
	return groups
}

// prose returns a doc comment without its indented code.
func prose(doc *ast.CommentGroup) string {
	var text strings.Builder
	for line := range strings.Lines(doc.Text()) {
		if !strings.HasPrefix(line, "\t") {
			text.WriteString(line)
		}
	}
	return text.String()
}

// importNames returns the packages of the module that the file imports, by the
// name that they have in it.
func (f *File) importNames() map[string]string {
	names := map[string]string{}
	for _, spec := range f.AST.Imports {
		full, err := strconv.Unquote(spec.Path.Value)
		below, ok := strings.CutPrefix(full, Module+"/")
		if err != nil || !ok {
			continue
		}
		name := path.Base(below)
		if spec.Name != nil {
			name = spec.Name.Name
		}
		names[name] = below
	}
	return names
}

// symbols are the names that a package declares outside its tests, each with its
// methods and fields; nil stands for a type of which not all are known.
type symbols map[string]map[string]bool

func (s symbols) has(name, member string) bool {
	members, ok := s[name]
	return ok && (member == "" || members == nil || members[member])
}

func (p *Package) symbols() symbols {
	s := symbols{}
	for _, f := range p.Files {
		if f.isTest() {
			continue
		}
		for _, decl := range f.AST.Decls {
			if d, ok := decl.(*ast.GenDecl); ok {
				s.declare(d)
			}
		}
	}
	for _, f := range p.Files {
		for _, decl := range f.AST.Decls {
			d, ok := decl.(*ast.FuncDecl)
			switch {
			case !ok || f.isTest():
			case d.Recv == nil:
				s[d.Name.Name] = map[string]bool{}
			default:
				if members := s[receiver(d)]; members != nil {
					members[d.Name.Name] = true
				}
			}
		}
	}
	return s
}

// declare adds the names of a declaration.
func (s symbols) declare(d *ast.GenDecl) {
	for _, spec := range d.Specs {
		switch x := spec.(type) {
		case *ast.ValueSpec:
			for _, name := range x.Names {
				s[name.Name] = map[string]bool{}
			}
		case *ast.TypeSpec:
			s[x.Name.Name] = members(x)
		}
	}
}

// members returns the fields or methods that a type declares, or nil where it has
// some of another type: it embeds one, or is another name for one.
func members(t *ast.TypeSpec) map[string]bool {
	var list *ast.FieldList
	switch x := t.Type.(type) {
	case *ast.StructType:
		list = x.Fields
	case *ast.InterfaceType:
		list = x.Methods
	default:
		if t.Assign.IsValid() {
			return nil
		}
		return map[string]bool{}
	}
	names := map[string]bool{}
	for _, field := range list.List {
		if len(field.Names) == 0 {
			return nil
		}
		for _, name := range field.Names {
			names[name.Name] = true
		}
	}
	return names
}
