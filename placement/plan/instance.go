// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// InstanceVersion is the version of the format that this package reads and writes.
const InstanceVersion = 1

// An Instance is a placement problem as a file: what a [View] holds, with names and units
// of measure that another program can read. docs/placement.md has the rules by which an
// assignment is checked.
type Instance struct {
	Version int     `json:"version"` // InstanceVersion
	Name    string  `json:"name"`    // what the instance is called in tables
	SlotUS  float64 `json:"slot_us"` // length of a slot in microseconds

	Hop    Hop      `json:"hop"`
	Limits Limits   `json:"limits"`
	Move   MoveCost `json:"move"`
	Nodes  []Node   `json:"nodes"`
	Units  []Unit   `json:"units"`
	Links  []Link   `json:"links"`

	// Watts below which no assignment can be, and those of the best one known, where an
	// exact solver has found them; 0 where none was asked.
	BoundW float64 `json:"bound_w,omitempty"`
	BestW  float64 `json:"best_w,omitempty"`
}

// Hop is what it takes to send a message from one node to another, or from a radio unit
// to a node. Between two nodes of a zone it takes the same time wherever they are: which
// nodes are a zone is chosen so. From a radio unit to a node the way counts too.
type Hop struct {
	CPUMicros          float64 `json:"cpu_us"`            // processor time per message and end
	CPUMicrosPerKB     float64 `json:"cpu_us_per_kb"`     // and per 1000 bytes
	LatencyMicros      float64 `json:"latency_us"`        // time on the way per message
	LatencyMicrosPerKB float64 `json:"latency_us_per_kb"` // and per 1000 bytes
	MicrosPerKM        float64 `json:"us_per_km"`         // from a radio unit, and per kilometre of straight line
	NanojoulesPerBit   float64 `json:"nj_per_bit"`        // where the sites of both ends differ
}

// Limits say how full a node may be.
type Limits struct {
	CPU          float64 `json:"cpu"`         // largest share of the cores that may be busy
	Accelerator  float64 `json:"accelerator"` // largest share of an accelerator that may be busy
	MarginMicros float64 `json:"margin_us"`   // time that is left before every deadline
}

// MoveCost is what it takes to move a unit.
type MoveCost struct {
	Joules   float64 `json:"joules"`    // per move: letters, opening, caches
	FedSlots float64 `json:"fed_slots"` // slots for which old and new owner both work
	Horizon  float64 `json:"horizon_s"` // seconds within which a move must have paid
}

// Node is one node: what it has, and what it takes.
type Node struct {
	ID     string  `json:"id"`        // name, unique
	Zone   int     `json:"zone"`      // only units of the same zone may be here
	X      float64 `json:"x_km"`      // where its site is; nodes of one site have the same
	Y      float64 `json:"y_km"`      // coordinates
	Cores  float64 `json:"cores"`     // processors that units may use
	Speed  float64 `json:"speed"`     // of a core; work takes its time divided by this
	Memory float64 `json:"memory_mb"` // bytes, in millions

	SleepW     float64 `json:"sleep_w"`     // watts without units
	IdleW      float64 `json:"idle_w"`      // watts with units that do nothing
	MaxW       float64 `json:"max_w"`       // watts with all cores busy
	WakeJoules float64 `json:"wake_joules"` // to wake up, beside what it takes from then on

	Accelerator *Accelerator `json:"accelerator,omitempty"` // nil for a node without
}

// Accelerator is the accelerator of a node, or several equal ones taken as one.
type Accelerator struct {
	Kind   string  `json:"kind"`      // what modes of units name
	IdleW  float64 `json:"idle_w"`    // watts, beyond those of the node, when a unit uses it
	MaxW   float64 `json:"max_w"`     // watts when it is always busy
	Memory float64 `json:"memory_mb"` // bytes, in millions
}

// Unit is one unit: what it needs.
type Unit struct {
	ID   string  `json:"id"`   // name, unique
	Kind string  `json:"kind"` // what it is, for people
	Zone int     `json:"zone"` // of the nodes that it may be on
	X    float64 `json:"x_km"` // where its input comes from, east, if IngressKB is not 0
	Y    float64 `json:"y_km"` // and north

	IngressKB    float64 `json:"ingress_kb"`  // size of the input of one activation, in 1000 bytes
	EgressMicros float64 `json:"egress_us"`   // from the end of its work to who waits for it
	PerSecond    float64 `json:"per_s"`       // activations per second
	Slotted      bool    `json:"slotted"`     // begins with each slot, together with all others
	Deadline     float64 `json:"deadline_us"` // from the input's departure to the output's arrival
	Memory       float64 `json:"memory_mb"`   // bytes, in millions

	// How it can work, on processors alone or with an accelerator; one at least.
	Modes []Mode `json:"modes"`
	// Units that must not be on the same node.
	Apart []string `json:"apart,omitempty"`
	// Factor by which the work of each step of a day is multiplied; none for 1 throughout.
	Day []float64 `json:"day,omitempty"`
}

// CPU is the kind of a mode that needs no accelerator.
const CPU = "cpu"

// Mode is one way in which a unit can work. Times are those of a core of speed 1.
type Mode struct {
	Kind              string  `json:"kind"`                            // CPU or the kind of an accelerator
	WorkMicros        float64 `json:"work_us"`                         // mean processor time per activation
	QuantileMicros    float64 `json:"quantile_us"`                     // the same at the quantile of the SLA
	ChainMicros       float64 `json:"chain_us"`                        // its longest chain: what no further core makes shorter
	AcceleratorMicros float64 `json:"accelerator_us,omitempty"`        // of the accelerator per activation
	AcceleratorMemory float64 `json:"accelerator_memory_mb,omitempty"` // bytes, in millions
}

// Link says that one unit sends messages to another. Between two nodes each is a [Hop].
type Link struct {
	From      string  `json:"from"`  // name of the unit that sends
	To        string  `json:"to"`    // name of the unit that receives
	KB        float64 `json:"kb"`    // size of a message, in 1000 bytes
	PerSecond float64 `json:"per_s"` // messages per second
}

// ReadInstance reads an instance, and returns an error that names the first field that is
// unknown, missing or out of its range.
func ReadInstance(r io.Reader) (*Instance, error) {
	d := json.NewDecoder(r)
	d.DisallowUnknownFields()
	in := new(Instance)
	if err := d.Decode(in); err != nil {
		return nil, fmt.Errorf("plan: instance: %w", err)
	}
	if err := in.Validate(); err != nil {
		return nil, err
	}
	return in, nil
}

// Write writes the instance: a line per node, unit and link.
func (in *Instance) Write(w io.Writer) error {
	var out []byte
	put := func(v any) error {
		text, err := json.Marshal(v)
		out = append(out, text...)
		return err
	}
	head := *in
	head.Nodes, head.Units, head.Links = nil, nil, nil
	if err := put(head); err != nil {
		return fmt.Errorf("plan: instance %q: %w", in.Name, err)
	}
	// The three lists are null in the head; each null gives way to its lines.
	text := string(out)
	out = out[:0]
	for _, list := range []struct {
		name string
		n    int
		at   func(int) any
	}{
		{"nodes", len(in.Nodes), func(i int) any { return in.Nodes[i] }},
		{"units", len(in.Units), func(i int) any { return in.Units[i] }},
		{"links", len(in.Links), func(i int) any { return in.Links[i] }},
	} {
		before, after, _ := strings.Cut(text, `"`+list.name+`":null`)
		out = append(out, before...)
		out = append(out, "\n\""+list.name+"\":["...)
		for i := range list.n {
			if i > 0 {
				out = append(out, ',')
			}
			out = append(out, '\n')
			if err := put(list.at(i)); err != nil {
				return fmt.Errorf("plan: instance %q: %w", in.Name, err)
			}
		}
		out = append(out, ']')
		text = after
	}
	out = append(append(out, text...), '\n')
	_, err := w.Write(out)
	return err
}
