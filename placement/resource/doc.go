// SPDX-License-Identifier: Apache-2.0

// Package resource says what a node has, and lends it.
//
// [Discover] reads the node through drivers: processors and NUMA nodes, memory, disk,
// network, accelerators, energy, and by what means units can be kept apart. The result
// is an [Inventory], a plain value: a program may lower it, or declare what no driver
// can see with [Declared]. The limits of a container (cgroup v1 and v2) bound it. What
// cannot be read is a [Lack] with the reason, never a guess.
//
// A [Table] lends what an inventory has. A [Lease] is a vector: two cores, 30 % of a
// GPU, 64 MB and 1 Gbit/s are granted together or not at all, by one step that tests
// what is free and takes it. It belongs to a unit under an epoch of its ownership, and
// ends when nobody renews it:
//
//	Grant ──> Reserved ──Commit──> Committed ──Release──> gone
//	              │                    │  ^
//	              └── time to live ────┴──┘ Renew
//
// Reserved leases are the first phase of a proposal that needs several nodes: each
// reserves, and only if all did, each commits.
//
// A joule is measured or modelled, and says so wherever it goes: see [Energy].
//
// The package knows no radio, starts no goroutine, and reads no clock:
// time is an argument, so that a simulator lends as a node does.
package resource
