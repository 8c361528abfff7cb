// SPDX-License-Identifier: Apache-2.0

package ort

import (
	"regexp"
	"strings"

	"github.com/neuroran/neuroran/accel/onnx"
)

// refusals are the forms in which ONNX Runtime names an operator that it refuses,
// as (domain and) operator and node.
var refusals = []*regexp.Regexp{
	regexp.MustCompile(`implementation for (?P<op>\w+)\(-?\d+\) node with name '(?P<node>[^']*)'`),
	regexp.MustCompile(`find kernel for (?P<op>\w+)\(-?\d+\) \(node:'(?P<node>[^']*)'`),
	regexp.MustCompile(`Fatal error: (?P<domain>[\w.]+):(?P<op>\w+)\(-?\d+\) is not a registered`),
	regexp.MustCompile(`Node ?\((?P<node>[^)]*)\) Op \((?P<op>\w+)\)`),
	regexp.MustCompile(`operator \((?P<op>\w+)\) in node \((?P<node>[^)]*)\)`),
	regexp.MustCompile(`node with name '(?P<node>[^']*)' and op_type (?P<op>\w+)`),
}

// refusal turns the error of opening a model into an [*onnx.OpError] that names
// operator and node where the text of the library does, or where the graph has
// one operator only. The text stays the reason.
func refusal(g *onnx.Graph, err error) error {
	text := err.Error()
	for _, form := range refusals {
		m := form.FindStringSubmatch(text)
		if m == nil {
			continue
		}
		e := &onnx.OpError{Reason: text}
		for i, name := range form.SubexpNames() {
			switch name {
			case "op":
				e.OpType = m[i]
			case "node":
				e.Node = m[i]
			case "domain":
				e.Domain = strings.TrimPrefix(m[i], "ai.onnx:")
			}
		}
		return named(g, e)
	}
	if only := onlyOperator(g); only != "" {
		return named(g, &onnx.OpError{OpType: only, Reason: text})
	}
	return err
}

// named fills in the first node of the operator, where the library named none.
func named(g *onnx.Graph, e *onnx.OpError) error {
	if e.Node != "" {
		return e
	}
	for i := range g.Nodes {
		if g.Nodes[i].OpType == e.OpType {
			e.Node = g.Nodes[i].Label()
			break
		}
	}
	return e
}

// onlyOperator returns the operator of a graph whose nodes all have the same, or
// the only one that has a text of the library about itself: constants aside.
func onlyOperator(g *onnx.Graph) string {
	only := ""
	for i := range g.Nodes {
		op := g.Nodes[i].OpType
		if op == "Constant" || op == only {
			continue
		}
		if only != "" {
			return ""
		}
		only = op
	}
	return only
}
