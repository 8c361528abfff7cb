// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// tally counts outcomes.
type tally map[string]int

func (t tally) add(outcome string) {
	t["all"]++
	t[outcome]++
}

func (t tally) row() string {
	parts := make([]string, 0, 8)
	for _, o := range []string{"all", passed, refused, untyped, wrong, late, crashed, hung} {
		parts = append(parts, fmt.Sprint(t[o]))
	}
	return strings.Join(parts, " | ")
}

const head = "all | passed | refused | untyped | wrong | late | crash | hang"

// writeTables prints the counted cases by version of the operator set, and by the
// operator of the cases that have one only.
func writeTables(w io.Writer, device string, cases []testCase, results []result) {
	total, byOpset, byOperator := tally{}, map[int64]tally{}, map[string]tally{}
	for i, c := range cases {
		if !c.counted() {
			continue
		}
		total.add(results[i].Outcome)
		if byOpset[c.Opset] == nil {
			byOpset[c.Opset] = tally{}
		}
		byOpset[c.Opset].add(results[i].Outcome)
		if len(c.Operators) == 1 {
			if byOperator[c.Operators[0]] == nil {
				byOperator[c.Operators[0]] = tally{}
			}
			byOperator[c.Operators[0]].add(results[i].Outcome)
		}
	}
	fmt.Fprintf(w, "%s | %s\nfloat32, integers, bool | %s\n\nopset | %s\n", device, head, total.row(), head)
	for _, v := range slices.Sorted(maps.Keys(byOpset)) {
		fmt.Fprintf(w, "%d | %s\n", v, byOpset[v].row())
	}
	fmt.Fprintf(w, "\noperator | %s\n", head)
	for _, op := range slices.Sorted(maps.Keys(byOperator)) {
		fmt.Fprintf(w, "%s | %s\n", op, byOperator[op].row())
	}
}

// writeMissing prints what refused cases say they need, most frequent first.
func writeMissing(w io.Writer, cases []testCase, results []result) {
	need := map[string]int{}
	for i, c := range cases {
		if c.counted() && results[i].Outcome != passed {
			need[strings.Join(c.Operators, "+")]++
		}
	}
	ops := slices.SortedFunc(maps.Keys(need), func(a, b string) int { return need[b]*1000 - need[a]*1000 + strings.Compare(a, b) })
	fmt.Fprintln(w, "\nnot passed | cases")
	for _, op := range ops {
		fmt.Fprintf(w, "%s | %d\n", op, need[op])
	}
}
