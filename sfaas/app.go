// SPDX-License-Identifier: Apache-2.0

package sfaas

import (
	"sort"

	"github.com/neuroran/neuroran/sfaas/internal/base"
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

// PartInfo describes one part of an app.
type PartInfo struct {
	Name      string   // name of its first function
	Functions []string // functions and sinks, in the order in which they were applied
	Soft      bool     // it may be lost and rebuilt: see [App.Parts]
	Buckets   int      // its roots are put into so many buckets, 0 if each is a unit
	Digest    Digest   // of its functions and the edges between them
	Bare      Digest   // the same without the cells of its functions: a kept unit moves between builds that agree in it
}

// Parts returns the parts of the graph in the order of their first functions. A
// part is soft if all its cells are Volatile and no edge, reference, call,
// delayed message or topic that touches it promises more than AtMostOnce; it is
// kept otherwise.
func (a *App) Parts() []PartInfo {
	var out []PartInfo
	for _, p := range a.plan.Parts {
		info := PartInfo{Name: p.Name, Soft: !p.Kept, Buckets: p.Buckets, Digest: p.Digest, Bare: p.Bare}
		for _, n := range p.Nodes {
			info.Functions = append(info.Functions, n.Fn.Name)
		}
		out = append(out, info)
	}
	return out
}

// Unit returns the unit to which the instance of a function, or of a sink,
// under a key belongs. It returns a [*WiringError] if the graph has no function
// of that name.
func (a *App) Unit(function string, key Key) (Unit, error) {
	n := a.plan.ByName[function]
	if n == nil {
		return Unit{}, a.unknown(function)
	}
	return Unit{Part: n.Part.Name, Root: n.Part.Root(key)}, nil
}

// FunctionInfo describes one function of an app.
type FunctionInfo struct {
	Name     string         // of the function
	Part     string         // to which it belongs
	Stateful bool           // it owns cells
	Config   FunctionConfig // as it was defined
	Digest   Digest         // of its inputs, output, ports, cells and parameters
}

// Function returns what the app knows of a function. It returns a [*WiringError]
// if the graph has none of that name.
func (a *App) Function(name string) (FunctionInfo, error) {
	n := a.plan.ByName[name]
	if n == nil || n.Sink {
		return FunctionInfo{}, a.unknown(name)
	}
	return FunctionInfo{Name: name, Part: n.Part.Name, Stateful: len(n.Fn.Cells) > 0, Config: n.Fn.Config, Digest: n.Fn.Digest()}, nil
}

func (a *App) unknown(function string) error {
	return &WiringError{Graph: a.plan.Name, Port: function, Reason: "no such function"}
}

// EdgeInfo describes one edge of an app.
type EdgeInfo struct {
	ID        base.EdgeID // identifier on messages
	From      string      // source or function, or "to NAME" for messages sent by reference
	To        string      // function or sink
	Port      string      // port of a function, "" for its inputs
	Guarantee Guarantee   // what the edge promises
	Cut       string      // name of its cut, "" for none
	Digest    Digest      // of its ends, its promise and what its messages carry: two versions of a part can meet at it if they agree
}

// Edges returns all edges in the order of their identifiers.
func (a *App) Edges() []EdgeInfo {
	var out []EdgeInfo
	for _, c := range a.plan.Edges {
		e := EdgeInfo{ID: c.ID, From: c.From.Name, To: c.Node.Fn.Name, Guarantee: c.Config.Guarantee, Cut: c.Cut, Digest: c.Digest()}
		if c.Port != nil {
			e.Port = c.Port.Name
		}
		out = append(out, e)
	}
	return out
}
