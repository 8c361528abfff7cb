// SPDX-License-Identifier: Apache-2.0

// Package state is the bytes of the runtime's state: of a unit, and of a snapshot,
// which is the numbers of the sources and many units. What a unit consists of is the
// business of package core: it shows the content of a [core.Image], which is written
// here, and takes it again, piece by piece and checked, from what is read here.
//
// There is one form for all: snapshot.go describes it. It knows functions, edges and
// outlets by name, so that it outlives a graph that has grown. A unit moves between
// two runtimes of one app without it, as the image itself; where the apps differ, it
// goes by way of its bytes, see [Translate].
//
// What an engine keeps is in rows, see record.go, whose values are written as here;
// recover.go reads them.
//
// Bytes may come from anywhere: everything is bounded and checked before a core
// changes, and errors wrap [base.ErrSnapshot], or
// [base.ErrRecords] for those of an engine.
package state
