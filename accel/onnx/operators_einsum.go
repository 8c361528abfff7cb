// SPDX-License-Identifier: Apache-2.0

package onnx

import (
	"fmt"
	"slices"
	"strings"
)

// Einsum is a resolved sum of products: each operand and the output name their
// axes by small numbers, and axes that the output lacks are summed over.
type Einsum struct {
	Inputs [][]int // axes of each operand, one for each length
	Output []int   // axes of the output
	Lens   []int   // length of each axis; -1 where unknown
}

// ellipsis is the number of the first axis that "..." stands for; letters come
// before it.
const ellipsis = 52

// EinsumOf resolves the equation of an Einsum node for operands of the given
// lengths.
func EinsumOf(n *Node, in [][]int) (Einsum, error) {
	eq := strings.ReplaceAll(n.Str("equation", ""), " ", "")
	left, right, explicit := strings.Cut(eq, "->")
	terms := strings.Split(left, ",")
	if len(terms) != len(in) {
		return Einsum{}, fmt.Errorf("equation %q for %d operands", eq, len(in))
	}
	var e Einsum
	lens, most := map[int]int{}, 0
	for i, term := range terms {
		axes, wild, err := einsumTerm(term, len(in[i]))
		if err != nil {
			return e, fmt.Errorf("equation %q, operand %d of rank %d: %w", eq, i, len(in[i]), err)
		}
		most = max(most, wild)
		for k, a := range axes {
			d, seen := lens[a]
			switch {
			case !seen || d == 1 || d < 0:
				lens[a] = in[i][k]
			case in[i][k] >= 0 && in[i][k] != 1 && in[i][k] != d:
				return e, fmt.Errorf("equation %q: lengths %d and %d of one axis", eq, d, in[i][k])
			}
		}
		e.Inputs = append(e.Inputs, axes)
	}
	if err := e.output(right, explicit, terms, most); err != nil {
		return e, fmt.Errorf("equation %q: %w", eq, err)
	}
	return e, e.number(lens)
}

// einsumTerm returns the axes of one term; "..." are the last axes before a
// common end, so that they broadcast.
func einsumTerm(term string, rank int) (axes []int, wild int, err error) {
	before, after, dots := strings.Cut(term, "...")
	wild = rank - len(before) - len(after)
	if wild < 0 || !dots && wild != 0 {
		return nil, 0, fmt.Errorf("term %q", term)
	}
	for _, r := range before {
		axes = append(axes, letter(r))
	}
	for i := range wild {
		axes = append(axes, ellipsis+wild-1-i) // counted from the end
	}
	for _, r := range after {
		axes = append(axes, letter(r))
	}
	if slices.Contains(axes, -1) {
		return nil, 0, fmt.Errorf("term %q", term)
	}
	return axes, wild, nil
}

func letter(r rune) int {
	switch {
	case r >= 'A' && r <= 'Z':
		return int(r - 'A')
	case r >= 'a' && r <= 'z':
		return 26 + int(r-'a')
	}
	return -1
}

// output sets the axes of the output: those of the right side or, without one,
// the ellipsis and every letter that occurs once, in order.
func (e *Einsum) output(right string, explicit bool, terms []string, wild int) error {
	if explicit {
		rank := strings.Count(right, "") - 1
		if strings.Contains(right, "...") {
			rank += wild - 3
		}
		axes, _, err := einsumTerm(right, rank)
		e.Output = axes
		return err
	}
	for i := range wild {
		e.Output = append(e.Output, ellipsis+wild-1-i)
	}
	all := strings.Join(terms, "")
	for a := range ellipsis {
		r := string(rune('A' + a))
		if a >= 26 {
			r = string(rune('a' + a - 26))
		}
		if strings.Count(all, r) == 1 {
			e.Output = append(e.Output, a)
		}
	}
	return nil
}

// number renames the axes 0, 1, … in the order of the output, then those that
// are summed.
func (e *Einsum) number(lens map[int]int) error {
	names := map[int]int{}
	rename := func(axes []int) {
		for i, a := range axes {
			if _, ok := names[a]; !ok {
				names[a] = len(names)
				e.Lens = append(e.Lens, lens[a])
			}
			axes[i] = names[a]
		}
	}
	for _, a := range e.Output {
		if _, ok := lens[a]; !ok {
			return fmt.Errorf("the output has an axis that no operand has")
		}
	}
	rename(e.Output)
	if len(names) != len(e.Output) {
		return fmt.Errorf("the output repeats an axis")
	}
	for _, axes := range e.Inputs {
		rename(axes)
	}
	return nil
}

func inferEinsum(c *inference) error {
	var in [][]int
	for i, v := range c.in {
		if v.Type != c.in[0].Type {
			return c.failf("input %d is %v, want %v as input 0", i, v.Type, c.in[0].Type)
		}
		in = append(in, v.Dims)
	}
	e, err := EinsumOf(c.node, in)
	if err != nil {
		return c.failf("%v", err)
	}
	return c.add(c.in[0].Type, slices.Clone(e.Lens[:len(e.Output)])...)
}
