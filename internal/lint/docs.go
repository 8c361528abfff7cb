// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"go/ast"
	"go/token"
	"slices"
	"strings"
)

// Docs returns what a reader of a package's documentation would miss: a
// package comment, an example whose output is checked, and a doc for every
// exported symbol, method and struct field. Programs, internal packages and
// packages that only group others need no example; a field whose type has a
// name of its own is explained by that type.
func Docs(p *Package) []Issue {
	var issues []Issue
	comment, example := false, p.IsMain() || p.isInternal() || !p.exports()
	for _, f := range p.Files {
		if f.isTest() {
			example = example || hasExample(f)
			continue
		}
		comment = comment || f.AST.Doc != nil
		for _, decl := range f.AST.Decls {
			issues = append(issues, f.docDecl(decl)...)
		}
	}
	if !comment {
		issues = append(issues, Issue{p.Path, "no package comment"})
	}
	if !example {
		issues = append(issues, Issue{p.Path, "no example with // Output:"})
	}
	return issues
}

// isInternal reports whether only this module can import the package.
func (p *Package) isInternal() bool {
	return slices.Contains(strings.Split(p.Path, "/"), "internal")
}

// exports reports whether the package declares anything outside its tests. The
// root package only groups others and has an example all the same.
func (p *Package) exports() bool {
	for _, f := range p.Files {
		if !f.isTest() && len(f.AST.Decls) > 0 {
			return true
		}
	}
	return p.Path == "."
}

func hasExample(f *File) bool {
	for _, decl := range f.AST.Decls {
		fn, ok := decl.(*ast.FuncDecl)
		if !ok || !strings.HasPrefix(fn.Name.Name, "Example") {
			continue
		}
		for _, group := range f.AST.Comments {
			if group.Pos() > fn.Pos() && group.End() < fn.End() && strings.Contains(strings.ToLower(group.Text()), "output:") {
				return true
			}
		}
	}
	return false
}

func (f *File) docDecl(decl ast.Decl) []Issue {
	switch d := decl.(type) {
	case *ast.FuncDecl:
		if d.Name.IsExported() && d.Doc == nil && (d.Recv == nil || exportedReceiver(d)) {
			return []Issue{f.issue(d.Pos(), "func %s has no doc", d.Name.Name)}
		}
	case *ast.GenDecl:
		return f.docSpecs(d)
	}
	return nil
}

// docSpecs checks a group: a doc of the group serves its constants and
// variables; a type needs its own.
func (f *File) docSpecs(d *ast.GenDecl) []Issue {
	var issues []Issue
	for _, spec := range d.Specs {
		switch s := spec.(type) {
		case *ast.TypeSpec:
			if !s.Name.IsExported() {
				continue
			}
			if s.Doc == nil && (d.Doc == nil || d.Lparen != token.NoPos) {
				issues = append(issues, f.issue(s.Pos(), "type %s has no doc", s.Name.Name))
			}
			issues = append(issues, f.docFields(s)...)
		case *ast.ValueSpec:
			if d.Doc != nil || s.Doc != nil || s.Comment != nil {
				continue
			}
			for _, name := range s.Names {
				if name.IsExported() {
					issues = append(issues, f.issue(name.Pos(), "%s %s has no doc", d.Tok, name.Name))
				}
			}
		}
	}
	return issues
}

// docFields checks struct fields and interface methods. A comment may serve a
// block of fields that follow it without a blank line.
func (f *File) docFields(s *ast.TypeSpec) []Issue {
	var list *ast.FieldList
	switch t := s.Type.(type) {
	case *ast.StructType:
		list = t.Fields
	case *ast.InterfaceType:
		list = t.Methods
	default:
		return nil
	}
	var issues []Issue
	last, covered := 0, false
	for _, field := range list.List {
		line := f.Fset.Position(field.Pos()).Line
		covered = field.Doc != nil || covered && line == last+1
		last = f.Fset.Position(field.End()).Line
		for _, name := range field.Names {
			if name.IsExported() && !covered && field.Comment == nil && !isNamed(field.Type) {
				issues = append(issues, f.issue(name.Pos(), "%s.%s has no doc", s.Name.Name, name.Name))
			}
		}
	}
	return issues
}

// isNamed reports whether a field's type is one that has a doc of its own, or a
// pointer to or slice of one.
func isNamed(t ast.Expr) bool {
	switch x := t.(type) {
	case *ast.StarExpr:
		return isNamed(x.X)
	case *ast.ArrayType:
		return isNamed(x.Elt)
	case *ast.IndexExpr:
		return isNamed(x.X)
	case *ast.SelectorExpr:
		return true
	case *ast.Ident:
		return x.IsExported() || x.Name == "error"
	}
	return false
}

// exportedReceiver reports whether a method belongs to an exported type.
func exportedReceiver(fn *ast.FuncDecl) bool { return ast.IsExported(receiver(fn)) }

// receiver returns the name of the type that a method belongs to.
func receiver(fn *ast.FuncDecl) string {
	t := fn.Recv.List[0].Type
	for {
		switch x := t.(type) {
		case *ast.StarExpr:
			t = x.X
		case *ast.IndexExpr:
			t = x.X
		case *ast.IndexListExpr:
			t = x.X
		case *ast.Ident:
			return x.Name
		default:
			return ""
		}
	}
}
