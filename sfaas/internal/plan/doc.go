// SPDX-License-Identifier: Apache-2.0

// Package plan holds a graph that has been built, in the form that the machine
// runs: functions without type parameters, the nodes, outlets and edges of the
// graph, declarations of cells and resources, and the digests and names by
// which two graphs are compared.
//
// It imports base and layout. Package sfaas makes all of it while a program
// declares functions and builds a graph; from [App] on nothing changes any
// more, and any number of cores share it. The handlers and the content of cells
// are the roof's: the plan knows them as functions and as a [CellStore].
package plan
