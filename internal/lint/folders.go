// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"path"
	"slices"
	"strings"
)

// Folders returns the circles of folders. A package in one folder that imports one in
// another lets the first folder stand on the second; in a folder that a reader opens,
// what lies in it must stand in some order, or "which is the lower one?" has no answer.
// So on each level, from the root on, no folder may stand on one that stands on it.
//
// A folder that is a package itself and has further ones below counts twice: as the
// package, whose files lie in it, and as each folder below. A folder named internal is
// seen through: it hides its packages from other modules, and puts them on no floor.
func Folders(packages []*Package) []Issue {
	levels := map[string]map[string][]string{} // folder → what lies in it → what that stands on
	for _, p := range packages {
		from := seen(p.Path)
		for _, to := range p.Imports() {
			dir, a, b := fork(from, seen(to))
			if levels[dir] == nil {
				levels[dir] = map[string][]string{}
			}
			if a != b && !slices.Contains(levels[dir][a], b) {
				levels[dir][a] = append(levels[dir][a], b)
			}
		}
	}
	var issues []Issue
	for dir, below := range levels {
		for name := range below {
			if way := circle(below, name); way != nil {
				issues = append(issues, Issue{dir, "a circle of folders: " + strings.Join(way, " on ")})
			}
		}
	}
	slices.SortFunc(issues, func(a, b Issue) int { return strings.Compare(a.String(), b.String()) })
	return issues
}

// seen returns the folders of a path without those named internal.
func seen(pkg string) []string {
	return slices.DeleteFunc(strings.Split(pkg, "/"), func(s string) bool { return s == "internal" })
}

// fork returns the folder in which the ways to two packages part, and what either way
// goes to there: "." is the package of the folder itself.
func fork(a, b []string) (dir, to, from string) {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	at := func(way []string) string {
		if n < len(way) {
			return way[n]
		}
		return "."
	}
	return path.Join("./", path.Join(a[:n]...)), at(a), at(b)
}

// circle returns the shortest way from a name back to itself, or nil. Of the names
// on a circle only the first in order gets it.
func circle(below map[string][]string, name string) []string {
	ways := [][]string{{name}}
	visited := map[string]bool{}
	for len(ways) > 0 {
		way := ways[0]
		ways = ways[1:]
		for _, next := range below[way[len(way)-1]] {
			switch {
			case next == name:
				return append(slices.Clone(way), name)
			case !visited[next] && next > name:
				visited[next] = true
				ways = append(ways, append(slices.Clone(way), next))
			}
		}
	}
	return nil
}
