// SPDX-License-Identifier: Apache-2.0

// Package live is the production shell: it drives the cores of one [Runtime]
// in real time, a goroutine for each, brings their messages to each
// other, to runtimes of the process that are linked, and to host code, replaces
// workers whose handlers do not return, and keeps the clocks.
//
// It imports core and what is below; package sfaas wraps it for programs. A
// worker alone steps its core. Everything else reaches a core through the
// worker's inbox, as an event or as a function to run between two steps.
//
// Who may do what:
//
//	worker      steps its core; everything of the core is touched between its steps, by it alone
//	thread      takes a turn of each of its workers after the other, and sleeps when none has work
//	host code   pushes into inboxes, asks workers to run a function between two steps
//	watchdog    reads atomic words of lanes, and nothing else of a worker
//	transport   calls Receive, which reads bytes and posts events
//
// Locks are held for a few instructions. Of the two of a connection, sending and reading,
// neither is asked for by who holds the other: what has to be answered while a frame is
// read is answered by another goroutine.
package live
