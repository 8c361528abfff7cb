// SPDX-License-Identifier: Apache-2.0

package backend

import (
	"fmt"
	"strings"
)

// MissingError says what a device lacks on this host, and what would mend it.
type MissingError struct {
	Device  string    // the device
	Missing []Missing // everything that was found to be missing
}

// Missing is one thing that a device lacks.
type Missing struct {
	What string // the thing, such as "libcublas.so.13"
	Why  string // what the loader or the system says, "" for nothing more
	Mend string // what would mend it, such as "pip install nvidia-cublas"; "" if unknown
}

// Error implements error.
func (e *MissingError) Error() string {
	parts := make([]string, len(e.Missing))
	for i, m := range e.Missing {
		parts[i] = m.What
		if m.Why != "" {
			parts[i] += ": " + m.Why
		}
		if m.Mend != "" {
			parts[i] += " (" + m.Mend + ")"
		}
	}
	return "lacks " + strings.Join(parts, "; ")
}

// OptionError says that a device cannot do what an option asks for.
type OptionError struct {
	Device string // the device
	Option string // name of the field of accel.Options
	Got    any    // its value
	Want   string // what the device can do
}

// Error implements error.
func (e *OptionError) Error() string {
	return fmt.Sprintf("option %s is %v, want %s", e.Option, e.Got, e.Want)
}

// PortError says that an input or output of a model cannot be bound to memory:
// it is no tensor, or one of elements that no buffer holds.
type PortError struct {
	Port   string // name of the input or output
	Output bool   // whether it is an output
	Kind   string // what it is: see onnx.ValueInfo.Kind
	Node   string // node that computes the output, "" for an input
	OpType string // operator of that node
}

// Error implements error.
func (e *PortError) Error() string {
	if !e.Output {
		return fmt.Sprintf("accel: input %q is a %s, which no buffer holds", e.Port, e.Kind)
	}
	return fmt.Sprintf("accel: output %q of node %q (%s) is a %s, which no buffer holds", e.Port, e.Node, e.OpType, e.Kind)
}
