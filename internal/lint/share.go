// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"fmt"
	"go/ast"
	"go/scanner"
	"go/token"
	"strings"
)

// Share counts what explains and what computes. Its quotient says how much a reader is
// told about code that is hard.
type Share struct {
	Comment int // lines that hold a comment and nothing else
	Code    int // lines that hold code, with or without a comment behind it
}

// Add adds a count.
func (s *Share) Add(o Share) { s.Comment, s.Code = s.Comment+o.Comment, s.Code+o.Code }

// Ratio returns the lines of comment per line of code.
func (s Share) Ratio() float64 { return float64(s.Comment) / float64(max(s.Code, 1)) }

// String returns the counts and their quotient.
func (s Share) String() string {
	return fmt.Sprintf("%d comment, %d code, %.3f", s.Comment, s.Code, s.Ratio())
}

// CommentShare counts the lines of a package, or of those packages that the folder
// holds. Tests and generated files do not count, nor do the licence, directives and
// lines without a word.
func CommentShare(packages []*Package, folder string) Share {
	var sum Share
	for _, p := range packages {
		if p.Path != folder && !strings.HasPrefix(p.Path, folder+"/") {
			continue
		}
		for _, f := range p.Files {
			if !f.isTest() && !ast.IsGenerated(f.AST) {
				sum.Add(f.share())
			}
		}
	}
	return sum
}

// share counts the lines of one file.
func (f *File) share() Share {
	code, comment := map[int]bool{}, map[int]bool{}
	var s scanner.Scanner
	file := token.NewFileSet().AddFile(f.Name, -1, len(f.Text))
	s.Init(file, []byte(f.Text), nil, scanner.ScanComments)
	for {
		pos, tok, text := s.Scan()
		switch line := file.Line(pos); {
		case tok == token.EOF:
			for line := range code {
				delete(comment, line)
			}
			return Share{Comment: len(comment), Code: len(code)}
		case tok == token.SEMICOLON && text == "\n":
		case tok != token.COMMENT:
			for i := range 1 + strings.Count(text, "\n") {
				code[line+i] = true
			}
		default:
			for i, words := range strings.Split(text, "\n") {
				if explains(words) {
					comment[line+i] = true
				}
			}
		}
	}
}

// explains reports whether a line of a comment has words for a reader.
func explains(line string) bool {
	text, ordinary := strings.CutPrefix(line, "//")
	if ordinary && (strings.HasPrefix(text, "go:") || strings.HasPrefix(text, "neuroran:") || strings.HasPrefix(text, " SPDX-")) {
		return false
	}
	return strings.Trim(text, " \t/*") != ""
}
