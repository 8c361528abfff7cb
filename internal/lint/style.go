// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"go/ast"
	"strings"
)

// Limits of hand-written files, in lines.
const (
	MaxFileLines     = 600
	MaxFunctionLines = 80
	MaxTestLines     = 100 // of a function in a test, which may tell one story
)

const (
	spdxLine   = "// SPDX-License-Identifier: Apache-2.0\n\n"
	kernelLine = "//neuroran:kernel"
)

// unfinished lists the words that mark work left for later.
var unfinished = []string{"TODO", "FIXME", "XXX"}

// Style returns what is wrong with the form of a file: its first lines, its
// length, the length of its functions, and words that mark unfinished work.
// Generated files may begin as their generator has it, and be long.
func Style(f *File) []Issue {
	var issues []Issue
	if !strings.HasPrefix(f.Text, spdxLine) && !ast.IsGenerated(f.AST) {
		issues = append(issues, Issue{f.Name + ":1", "does not start with the SPDX line and a blank line"})
	}
	for _, group := range f.AST.Comments {
		for _, c := range group.List {
			if word := firstWord(c.Text); word != "" {
				issues = append(issues, f.issue(c.Pos(), "%s in a comment", word))
			}
		}
	}
	if ast.IsGenerated(f.AST) {
		return issues
	}
	if n := strings.Count(f.Text, "\n"); n > MaxFileLines {
		issues = append(issues, f.issue(f.AST.Pos(), "file of %d lines, at most %d", n, MaxFileLines))
	}
	limit := MaxFunctionLines
	if f.isTest() {
		limit = MaxTestLines
	}
	for _, decl := range f.AST.Decls {
		if fn, ok := decl.(*ast.FuncDecl); ok && !isKernel(fn) {
			if n := f.lines(fn); n > limit {
				issues = append(issues, f.issue(fn.Pos(), "func %s of %d lines, at most %d", fn.Name.Name, n, limit))
			}
		}
	}
	return issues
}

// firstWord returns the first mark of unfinished work in a comment.
func firstWord(comment string) string {
	for _, field := range strings.FieldsFunc(comment, func(r rune) bool { return r < 'A' || r > 'Z' }) {
		for _, word := range unfinished {
			if field == word {
				return word
			}
		}
	}
	return ""
}

func isKernel(fn *ast.FuncDecl) bool {
	if fn.Doc == nil {
		return false
	}
	for _, c := range fn.Doc.List {
		if c.Text == kernelLine {
			return true
		}
	}
	return false
}

// lines counts the lines from the func keyword to the closing brace.
func (f *File) lines(fn *ast.FuncDecl) int {
	return f.Fset.Position(fn.End()).Line - f.Fset.Position(fn.Type.Func).Line + 1
}
