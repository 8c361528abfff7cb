// SPDX-License-Identifier: Apache-2.0

// Package memory describes the memory of Go types: what the walk over a type by
// reflection finds, once, for all who read and write values without it. The codec of
// the runtime and that of Arrow files are built from one description.
package memory
