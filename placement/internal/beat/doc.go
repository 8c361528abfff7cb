// SPDX-License-Identifier: Apache-2.0

// Package beat lets processes hear from each other every few milliseconds that they run.
//
// A [Pulse] is one thread with one UDP socket. Every period it sends a [Beat] to those whom
// it is told to assure, and it watches others: whoever is silent for so many periods is
// reported, once, until something is heard again. The thread runs before all others
// where the kernel allows it (SCHED_FIFO), so that a busy machine does not make a process
// look dead.
//
//	owner  ── beat ──>  standby       every period
//	owner  ── beat ──>  standby
//	owner     ×         standby       stopped, cut off, or dead
//	                    standby       Misses periods later: OnSilent(owner)
//
// What it cannot know. A beat says that a process's thread runs, and nothing about its
// handlers. Silence says that nothing has come: whether the other process, the network or
// this process is at fault is for the caller to find out. Of these the last is known here:
// a thread that has itself not run for a while blames nobody for what it did not hear,
// and reports the gap instead.
//
// A process says more than that it lives in [Notes]: what it has done up to each slot.
package beat
