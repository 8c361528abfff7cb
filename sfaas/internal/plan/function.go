// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"reflect"
	"slices"

	"github.com/neuroran/neuroran/sfaas/internal/base"
)

// Function is a stateful function without its type parameters. It is immutable
// once a graph with it has been built.
type Function struct {
	// Run calls the handler. The machine passes its *core.Invocation, which
	// only it and the roof know. What an invocation needs stands first: it
	// shares few lines of the cache.
	Run    func(invocation any) error
	Config base.FunctionConfig // what the program says about the function
	Cells  []*CellDecl         // state
	Ports  []*Port             // ways in beside the inputs
	Name   string              // function type, the first half of an address

	Ins     []reflect.Type // payloads of the inputs
	NewIn   func() any     // payload for messages sent by reference
	NewPair func() any     // what the handler of a function gets that joins
	Out     reflect.Type   // payload of the output
	NewOut  func() any     // payload for the output
	Each    bool           // emits any number of outputs, under keys of its choice
	Topic   bool           // is the function behind a topic
	Retired []string       // cells that it had once
	Flaws   []string       // what is wrong with its declaration

	Resources []*ResourceDecl // what is opened for it
	Refs      []*Reference    // functions that it sends to
}

// Stateful reports whether invocations of one key depend on each other.
func (f *Function) Stateful() bool {
	return len(f.Cells) > 0 || len(f.Ports) > 0
}

// Sealed reports whether the function has Sealed cells.
func (f *Function) Sealed() bool {
	for _, c := range f.Cells {
		if c.Class == base.Sealed {
			return true
		}
	}
	return false
}

// Has reports whether the function declares a cell.
func (f *Function) Has(d *CellDecl) bool { return slices.Contains(f.Cells, d) }

// Window returns Config.Window with its default.
func (f *Function) Window() base.Slot {
	if f.Config.Window > 0 {
		return base.Slot(f.Config.Window)
	}
	return base.DefaultWindow
}

// Reference names a function that another one sends to; the graph is checked
// for it when it is built.
type Reference struct {
	Name   string          // of the function
	In     reflect.Type    // what it must take
	Out    reflect.Type    // what it must return; nil: it is not called
	Topic  *TopicDecl      // topic that the function serves, nil for others
	Config base.EdgeConfig // how its messages travel
}

// Same reports whether two references lead to the same edge, and replies to calls by
// them to the same port.
func (r *Reference) Same(o *Reference) bool {
	return r == o || (r.Name == o.Name && r.In == o.In && r.Out == o.Out && r.Config == o.Config)
}

// TopicDecl is one declaration of a topic.
type TopicDecl struct {
	Name   string          // of the topic
	Fn     *Function       // keeps its subscribers and passes messages on
	Config base.EdgeConfig // how its messages travel
	Ref    *Reference      // to Fn, for who publishes
}

// ResourceDecl is one declaration of a resource.
type ResourceDecl struct {
	Name   string              // for errors
	Shared bool                // one for a runtime, not one for each worker
	Open   func() (any, error) // returns a pointer to the resource
	Close  func(any) error     // takes that pointer
}
