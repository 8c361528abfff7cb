// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// Floors is a parsed floor rule: which packages may import which.
type Floors struct {
	patterns []string
	below    map[string][]string // pattern → patterns that it may import
}

// ParseFloors parses a rule. Each statement ends with a semicolon and has the
// form
//
//	a, b < c < d, e;
//
// which lets c import a and b, and d and e import c and whatever c may import.
// A pattern is the path of a package below the module, or a path with "/..."
// for all packages below it and itself. NONE is a floor without packages; what
// stands behind # is a comment.
func ParseFloors(rule string) (*Floors, error) {
	f := &Floors{below: map[string][]string{}}
	var text strings.Builder
	for line := range strings.Lines(rule) {
		code, _, _ := strings.Cut(line, "#")
		text.WriteString(strings.TrimRight(code, "\n") + " ")
	}
	for statement := range strings.SplitSeq(text.String(), ";") {
		if strings.TrimSpace(statement) == "" {
			continue
		}
		var low []string
		for i, part := range strings.Split(statement, "<") {
			high := strings.FieldsFunc(part, func(r rune) bool { return r == ',' || r == ' ' || r == '\t' })
			if len(high) == 0 {
				return nil, fmt.Errorf("floors: empty side in %q", statement)
			}
			for _, h := range high {
				f.add(h)
				if i > 0 {
					f.below[h] = append(f.below[h], low...)
				}
			}
			low = high
		}
	}
	for _, p := range f.patterns {
		if f.reaches(p, p, map[string]bool{}) {
			return nil, fmt.Errorf("floors: %s stands above itself", p)
		}
	}
	return f, nil
}

func (f *Floors) add(pattern string) {
	if pattern != "NONE" && !slices.Contains(f.patterns, pattern) {
		f.patterns = append(f.patterns, pattern)
	}
}

// reaches reports whether from may import to.
func (f *Floors) reaches(from, to string, seen map[string]bool) bool {
	for _, b := range f.below[from] {
		if b == to {
			return true
		}
		if !seen[b] {
			seen[b] = true
			if f.reaches(b, to, seen) {
				return true
			}
		}
	}
	return false
}

// floorOf returns the longest pattern that matches a package, or "".
func (f *Floors) floorOf(pkg string) string {
	best, length := "", -1
	for _, p := range f.patterns {
		prefix, tree := strings.CutSuffix(p, "/...")
		if (pkg == prefix || tree && strings.HasPrefix(pkg, prefix+"/")) && len(prefix) > length {
			best, length = p, len(prefix)
		}
	}
	return best
}

// Check returns every import that the rule does not allow, and every package
// that it does not name. A package may always import a folder above its own.
func (f *Floors) Check(packages []*Package) []Issue {
	var issues []Issue
	for _, p := range packages {
		if p.Path == "." {
			for _, to := range p.Imports() {
				issues = append(issues, Issue{p.Path, "the root imports " + to})
			}
			continue
		}
		from := f.floorOf(p.Path)
		if from == "" {
			issues = append(issues, Issue{p.Path, "is on no floor"})
			continue
		}
		for _, to := range p.Imports() {
			floor := f.floorOf(to)
			if isAbove(to, p.Path) || floor != "" && f.reaches(from, floor, map[string]bool{}) {
				continue
			}
			issues = append(issues, Issue{p.Path, "may not import " + to})
		}
	}
	return issues
}

// isAbove reports whether package a is a folder that contains package b.
func isAbove(a, b string) bool {
	for dir := path.Dir(b); dir != "."; dir = path.Dir(dir) {
		if dir == a {
			return true
		}
	}
	return false
}
