// SPDX-License-Identifier: Apache-2.0

// Package live is the production shell: it drives the cores of one [Runtime]
// in real time, a goroutine for each, brings their messages to each
// other, to runtimes of the process that are linked, and to host code, replaces
// workers whose handlers do not return, and keeps the clocks.
//
// It imports core and what is below; package sfaas wraps it for programs. A
// worker alone steps its core. Everything else reaches a core through the
// worker's inbox, as an event or as a function to run between two steps.
package live
