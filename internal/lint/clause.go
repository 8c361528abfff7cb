// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"go/ast"
	"regexp"
	"strings"
)

// source matches what a doc names as the place where something is defined: a clause of
// a specification or a document, or a publication by name and year.
var source = regexp.MustCompile(`T[SR] \d\d\.\d{3}|RFC \d+|\bSigMF\b|\b\p{Lu}[\p{L}-]+(?:,| \d+[A-Z]?,|,? “?"?\p{Lu}[^.;]*,)? (?:19|20)\d\d\b`)

// Clauses returns the exported types of a package whose docs name no source: neither
// the doc of the type nor that of a field or method of an interface says where the
// quantity, the algorithm or the format is defined. Programs, internal packages,
// conformance suites (package NAMEtest) and errors need none, and another name for a type
// has the source of that type.
func Clauses(p *Package) []Issue {
	if p.IsMain() || p.isInternal() || strings.HasSuffix(p.Path, "test") {
		return nil
	}
	var issues []Issue
	for _, f := range p.Files {
		if f.isTest() {
			continue
		}
		for _, decl := range f.AST.Decls {
			d, ok := decl.(*ast.GenDecl)
			if !ok {
				continue
			}
			for _, spec := range d.Specs {
				t, ok := spec.(*ast.TypeSpec)
				if ok && t.Name.IsExported() && !t.Assign.IsValid() && !isError(t) && !source.MatchString(typeDoc(d, t)) {
					issues = append(issues, f.issue(t.Pos(), "type %s names neither clause nor paper", t.Name.Name))
				}
			}
		}
	}
	return issues
}

// isError reports whether a type is that of an error, which no document defines.
func isError(t *ast.TypeSpec) bool { return strings.HasSuffix(t.Name.Name, "Error") }

// typeDoc returns all that is said about a type where it is declared, in one line.
func typeDoc(d *ast.GenDecl, t *ast.TypeSpec) string {
	groups := []*ast.CommentGroup{t.Doc, t.Comment}
	if d.Lparen == 0 {
		groups = append(groups, d.Doc)
	}
	ast.Inspect(t.Type, func(n ast.Node) bool {
		if field, ok := n.(*ast.Field); ok {
			groups = append(groups, field.Doc, field.Comment)
		}
		return true
	})
	var text strings.Builder
	for _, g := range groups {
		text.WriteString(g.Text() + " ")
	}
	return strings.Join(strings.Fields(text.String()), " ")
}
