// SPDX-License-Identifier: Apache-2.0

//go:build linux

package isolate

import (
	"context"
	"fmt"
	"maps"
	"net"
	"slices"
	"strings"

	"github.com/neuroran/neuroran/placement/resource"
	"github.com/neuroran/neuroran/sfaas"
)

// Entry is what a sandbox runs. The link is one end of a socket pair, of which
// [Sandbox.Link] is the other, and args are those of [Config]. When ctx ends, because the
// sandbox is closed or its parent has died, there is a second to return. An error goes to
// the parent as text, see [ExitError].
type Entry func(ctx context.Context, link net.Conn, args []string) error

// Entries are the entries of a program by name. A sandbox has those of its parent, since
// it is the same program.
type Entries map[string]Entry

// Config describes one sandbox.
type Config struct {
	// Entry names what runs: one of the entries given to [Init].
	Entry string
	// Args are passed to the entry.
	Args []string
	// Lease is what the sandbox holds: its memory is its limit, enforced, with all that
	// the kernel keeps for it; 0 is none. Accelerators are made visible by their IDs
	// (CUDA_VISIBLE_DEVICES). Processor time is a weight against other sandboxes.
	Lease resource.Lease
	// Accelerators are those of the node's inventory, in which Lease.On counts.
	Accelerators []resource.Accelerator
	// Idle makes it best effort: it runs only when nobody outside of such sandboxes wants
	// a processor.
	Idle bool
	// Read and Write are files and folders that it may read, and read and write. Nothing
	// else can be opened.
	Read, Write []string
	// Processes is how many threads it may have; 0 means 256.
	Processes int64
	// Require lists what must be there. Without it the sandbox starts with what the host
	// has, and says what it lacks.
	Require []resource.Capability
}

// RequireError says what a host lacks of [Config.Require].
type RequireError struct {
	Lacks []resource.Lack // each with the reason
}

// Error implements error.
func (e *RequireError) Error() string {
	words := make([]string, len(e.Lacks))
	for i, l := range e.Lacks {
		words[i] = l.String()
	}
	return "isolate: the host lacks what is required: " + strings.Join(words, "; ")
}

// validate returns a [*sfaas.OptionError] for the first field that cannot be.
func (c *Config) validate(entries Entries) error {
	bad := func(field string, got any, want string) error {
		return &sfaas.OptionError{Option: "isolate.Config." + field, Got: fmt.Sprint(got), Want: want}
	}
	if _, ok := entries[c.Entry]; !ok {
		names := slices.DeleteFunc(slices.Sorted(maps.Keys(entries)), func(name string) bool { return name == probeEntry })
		return bad("Entry", fmt.Sprintf("%q", c.Entry), fmt.Sprintf("one of %q", names))
	}
	need := &c.Lease.Need
	if err := need.Validate(); err != nil {
		return fmt.Errorf("isolate: Lease: %w", err)
	}
	if need.Memory > 0 && need.Memory < minMemory {
		return bad("Lease.Need.Memory", need.Memory, fmt.Sprintf("0, or at least %d, which the program takes to start", minMemory))
	}
	if c.Processes < 0 {
		return bad("Processes", c.Processes, "0 or more")
	}
	for _, on := range c.Lease.On {
		if on < 0 || on >= len(c.Accelerators) {
			return bad("Lease.On", on, fmt.Sprintf("one of %d Accelerators", len(c.Accelerators)))
		}
	}
	return nil
}

// minMemory is the least limit of memory in bytes: below it a Go program with the
// runtime linked in does not start.
const minMemory = 16 << 20

// processes is the limit of threads.
func (c *Config) processes() int64 {
	if c.Processes == 0 {
		return 256
	}
	return c.Processes
}

// environment returns all that the process sees of it. The collector is told to work
// harder before the limit of memory ends the process.
func (c *Config) environment() []string {
	env := []string{childEnv + "=1"}
	if m := c.Lease.Need.Memory; m > 0 {
		env = append(env, fmt.Sprintf("GOMEMLIMIT=%d", m-m/8))
	}
	if len(c.Lease.On) > 0 {
		var ids []string
		for _, on := range c.Lease.On {
			ids = append(ids, c.Accelerators[on].ID)
		}
		slices.Sort(ids)
		env = append(env, "CUDA_VISIBLE_DEVICES="+strings.Join(slices.Compact(ids), ","))
	}
	return env
}
