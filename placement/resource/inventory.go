// SPDX-License-Identifier: Apache-2.0

package resource

import (
	"fmt"
	"slices"
	"strings"
)

// Inventory is what a node has and may lend. It is a plain value: a program may lower
// what [Discover] found, or write one by hand.
type Inventory struct {
	CPUs         []CPU         // processors on which this process may run
	Quota        Milli         // processor time that the container allows; 0 is no limit
	NUMA         []NUMANode    // memory near to processors
	Memory       int64         // bytes, at most what the container allows
	Disk         int64         // bytes that may be lent
	Disks        []Disk        // devices, for information
	Links        []Link        // network interfaces
	Accelerators []Accelerator // GPUs, cards for LDPC, ...
	Power        PowerModel    // of the node without its accelerators
	Isolation    []Capability  // by what means units can be kept apart
	Lacks        []Lack        // what could not be read, and what the node has not
}

// CPU is one logical processor.
type CPU struct {
	ID     int // number in the operating system
	Core   int // physical core, unique within the package
	Socket int // package
	NUMA   int // NUMA node
}

// NUMANode is a part of the memory and the processors that are near to it.
type NUMANode struct {
	ID     int   // number in the operating system
	CPUs   []int // of the processors on which this process may run
	Memory int64 // bytes
}

// Disk is a block device.
type Disk struct {
	Name       string // such as "nvme0n1"
	Bytes      int64  // size
	Rotational bool   // true for what seeks
}

// Link is a network interface.
type Link struct {
	Name          string // such as "eth0"
	BitsPerSecond int64  // 0: not known, and then not lent
	Up            bool   // whether it is connected
}

// Accelerator is a device beside the processors.
type Accelerator struct {
	ID     string     // such as the UUID of a GPU
	Kind   string     // what a need asks for: "gpu", "ldpc", ...
	Model  string     // name of the product
	Memory int64      // bytes of its own memory
	Power  PowerModel // of the device
}

// Capability is a means of keeping units apart.
type Capability string

// Means of isolation that [Discover] looks for. The nested module placement/isolate
// tries each of them.
const (
	RealTime   Capability = "real-time threads"    // SCHED_FIFO beside others
	CgroupV1   Capability = "cgroup v1"            // limits by groups of processes, one tree a resource
	CgroupV2   Capability = "cgroup v2"            // the same, one tree
	IdleClass  Capability = "cpu.idle"             // groups that run only when no other wants to
	Landlock   Capability = "landlock"             // a process gives up files and ports
	Seccomp    Capability = "seccomp"              // a process gives up system calls
	Namespaces Capability = "user namespaces"      // a process sees no other, and no network
	MemoryCap  Capability = "memory limit"         // a group cannot have more memory
	Quotas     Capability = "processor time quota" // a group cannot have more time; nothing for slots
)

// Lack is something that a node has not, or that could not be read, and why.
type Lack struct {
	What string // a capability, or a resource such as "power"
	Why  string // such as "open sys/class/powercap: no such file"
}

// String returns "what: why".
func (l Lack) String() string { return l.What + ": " + l.Why }

// Cores returns the processor time that may be lent: that of all processors, at most
// the quota.
func (v *Inventory) Cores() Milli {
	all := Milli(len(v.CPUs)) * Whole
	if v.Quota > 0 {
		return min(all, v.Quota)
	}
	return all
}

// Total returns all that the node lends, with one need for each accelerator. Net is the
// sum of the links that are up.
func (v *Inventory) Total() Need {
	n := Need{CPU: v.Cores(), Memory: v.Memory, Disk: v.Disk}
	for _, l := range v.Links {
		if l.Up {
			n.Net += l.BitsPerSecond
		}
	}
	for _, a := range v.Accelerators {
		n.Accelerators = append(n.Accelerators, AcceleratorNeed{Kind: a.Kind, Share: Whole, Memory: a.Memory})
	}
	return n
}

// Can reports whether the node has a means of isolation.
func (v *Inventory) Can(c Capability) bool { return slices.Contains(v.Isolation, c) }

// Add notes a means of isolation, and takes back that it lacks.
func (v *Inventory) Add(c Capability) {
	v.found(string(c))
	if !v.Can(c) {
		v.Isolation = append(v.Isolation, c)
	}
}

// Miss notes that something is lacking, once for each what.
func (v *Inventory) Miss(what, format string, args ...any) {
	v.found(what)
	v.Lacks = append(v.Lacks, Lack{what, fmt.Sprintf(format, args...)})
}

// Remove takes a means of isolation back, and notes why.
func (v *Inventory) Remove(c Capability, format string, args ...any) {
	v.Isolation = slices.DeleteFunc(v.Isolation, func(x Capability) bool { return x == c })
	v.Miss(string(c), format, args...)
}

// found takes back that something is lacking.
func (v *Inventory) found(what string) {
	v.Lacks = slices.DeleteFunc(v.Lacks, func(l Lack) bool { return l.What == what })
}

// Validate returns a [*FieldError] for the first thing that no node has.
func (v *Inventory) Validate() error {
	// A total is a need, but its number of accelerators has no limit.
	total := v.Total()
	total.Accelerators = nil
	if err := total.Validate(); err != nil {
		err := err.(*FieldError)
		err.Field = "inventory" + strings.TrimPrefix(err.Field, "need")
		return err
	}
	for i, l := range v.Links {
		if l.BitsPerSecond < 0 {
			return &FieldError{Of: "resource", Field: fmt.Sprintf("inventory.links[%d]", i), Got: LineNet.Format(l.BitsPerSecond), Want: "0 or more"}
		}
	}
	for i, a := range v.Accelerators {
		field := fmt.Sprintf("inventory.accelerators[%d]", i)
		if a.Kind == "" {
			return &FieldError{Of: "resource", Field: field + ".kind", Got: "none", Want: "a kind, such as gpu"}
		}
		if a.Memory < 0 {
			return &FieldError{Of: "resource", Field: field + ".memory", Got: LineMemory.Format(a.Memory), Want: "0 or more"}
		}
		if err := a.Power.Validate(); err != nil {
			return fmt.Errorf("%s: %w", field, err)
		}
	}
	return v.Power.Validate()
}
