// SPDX-License-Identifier: Apache-2.0

// Package ledger is what a node lends to units: the vector of its resources, by a
// [resource.Table], and the time of its workers within a slot, by an [admission.Set]. The
// nodes of package placement and those of its simulator have the same one, so what is shown
// of the one holds for the other.
//
// What a unit takes is a [Demand]. A unit that comes is admitted if its demand fits beside
// the demands of all that hold a lease ([Ledger.Reserve]). What is here already is a fact,
// whatever there is room for: its demand grows as it is measured ([Ledger.Charge]), and it
// may be here before it has a lease ([Ledger.Accept]). If that comes to be more than there
// is, nothing is admitted any more, and the unit with the least work without which all
// others fit has to go ([Ledger.Extend]); it holds its room until it has gone.
//
// Like the packages that it stands on it reads no clock: time is an argument.
package ledger
