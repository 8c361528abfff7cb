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
