// SPDX-License-Identifier: Apache-2.0

package plan

// Place is where a unit is, and how it works there.
type Place struct {
	Node int32 // number of the node in the view, -1 for nowhere
	Mode int8  // number of the unit's mode
}

// Nowhere is the place of a unit that has none.
var Nowhere = Place{Node: -1}

// Line names a line of what a node offers, and of what is demanded of a placement.
type Line string

// Lines. A place that a unit cannot have fails one of them.
const (
	LineZone              Line = "zone"               // the node is of another zone, or gone
	LineKind              Line = "kind"               // the node lacks the accelerator
	LineApart             Line = "apart"              // a unit is there that must not be
	LineCPU               Line = "cpu"                // processor seconds per second
	LineMemory            Line = "memory"             // bytes, in millions
	LineDeadline          Line = "deadline"           // microseconds of response time
	LineAccelerator       Line = "accelerator"        // share of the accelerator
	LineAcceleratorMemory Line = "accelerator memory" // bytes, in millions
)

// Refusal says which line of which node a unit fails, what it would be and what it may be.
// A zero Refusal is none.
type Refusal struct {
	Line Line
	Node int32   // whose line it is
	Got  float64 // what it would be
	Want float64 // what it may be at most
}

// OK reports whether nothing was refused.
func (r Refusal) OK() bool { return r.Line == "" }
