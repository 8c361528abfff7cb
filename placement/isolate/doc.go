// SPDX-License-Identifier: Apache-2.0

// Package isolate keeps what runs on a node apart from its neighbours: the ladder of
// isolation, of which each rung takes more and protects from more.
//
//  1. A handler with a budget: the runtime counts it late, skips it, and replaces its
//     worker when it blocks. It shares threads, memory and fate with its neighbours.
//  2. A runtime of its own on real-time threads ([sfaas.WithThreads]): it does not wait
//     for processors. It shares memory and fate.
//  3. A [Sandbox]: a process with a lease. Its memory is limited, what it may see of the
//     machine is what it was given, and when it dies nobody else does. Best effort
//     ([Config.Idle]) runs only when no one else wants to.
//
// The first two are of the runtime and need nothing from here. The third is started by a
// [Launcher], which a program makes with its first statement:
//
//	func main() {
//		launcher := isolate.Init(isolate.Entries{"analyse": analyse})
//		...
//		box, err := launcher.Start(ctx, isolate.Config{Entry: "analyse", Lease: lease, Idle: true})
//		err = node.Accept("unix", box.Link())
//	}
//
// The sandbox is the same program, started again: there Init never returns but calls the
// entry, with one end of a socket pair over which runtimes are linked by sfaas/peer.
// Before that it has given up
//
//   - other processes, their signals and their memory: user, pid and IPC namespaces;
//   - networks, also Unix sockets: a network namespace without interfaces, and no system
//     call that makes a socket;
//   - files, but for those of [Config]: Landlock;
//   - all system calls that a Go program at work does not need, execve among them: seccomp.
//
// What a host lacks of this is not an error: it is a [resource.Lack] of the [Launcher],
// of the sandbox, and, by [Launcher.Discover], of the node's inventory and so of every
// lease. [Config.Require] makes it one.
//
// A sandbox has no real-time threads: it has no capability for them. What has a slot is on
// the second rung, and who must not be trusted with that is beside it, best effort.
//
// Nothing here has a quota of processor time: its shortest period is 1 ms, two slots of
// 0.5 ms, and who has used it up loses both. Neighbours are kept from a slot by its
// priority, and by their idleness.
//
// The package is for Linux, with control groups of version 1 or 2.
package isolate
