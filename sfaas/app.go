// SPDX-License-Identifier: Apache-2.0

package sfaas

import (
	"sort"

	"github.com/neuroran/neuroran/sfaas/internal/plan"
)

// App is a graph that has been built. It is immutable and shared by any number
// of runtimes.
type App struct{ plan *plan.App }

// Plan returns the form in which the shells of this module run the graph.
// Programs have no use for it.
func (a *App) Plan() *plan.App { return a.plan }

// Name returns the name of the graph.
func (a *App) Name() string { return a.plan.Name }

// Digest returns the hash of all functions and edges. Runtimes exchange
// messages only if theirs are equal.
func (a *App) Digest() Digest { return a.plan.Digest }

// Functions returns the names of the functions in the order in which they were
// applied.
func (a *App) Functions() []string {
	var names []string
	for _, n := range a.plan.Nodes {
		if !n.Sink {
			names = append(names, n.Fn.Name)
		}
	}
	return names
}

// Stateful returns the names of the functions that own cells, sorted.
func (a *App) Stateful() []string {
	var names []string
	for _, n := range a.plan.Nodes {
		if len(n.Fn.Cells) > 0 {
			names = append(names, n.Fn.Name)
		}
	}
	sort.Strings(names)
	return names
}

// EdgeInfo describes one edge of an app.
type EdgeInfo struct {
	ID        EdgeID    // identifier on messages
	From      string    // source or function, or "to NAME" for messages sent by reference
	To        string    // function or sink
	Port      string    // port of a function, "" for its inputs
	Guarantee Guarantee // what the edge promises
}

// Edges returns all edges in the order of their identifiers.
func (a *App) Edges() []EdgeInfo {
	var out []EdgeInfo
	for _, c := range a.plan.Edges {
		e := EdgeInfo{ID: c.ID, From: c.From.Name, To: c.Node.Fn.Name, Guarantee: c.Config.Guarantee}
		if c.Port != nil {
			e.Port = c.Port.Name
		}
		out = append(out, e)
	}
	return out
}
