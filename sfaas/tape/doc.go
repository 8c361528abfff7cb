// SPDX-License-Identifier: Apache-2.0

// Package tape records what travels on an edge of a graph into an Arrow IPC file, and
// plays such a file into a source.
//
//	rec, err := tape.NewRecorder[Symbols](file)
//	rt, err := sfaas.NewRuntime(app, sfaas.WithOutput(sink, rec.Add))
//	...
//	err = errors.Join(rt.Close(), rec.Close())
//
// Each message is a row: the levels of its key, its slot, and the message. See package
// tensor/ipc for how they look in a file and how Python reads them.
package tape
