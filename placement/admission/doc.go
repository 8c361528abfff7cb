// SPDX-License-Identifier: Apache-2.0

// Package admission says whether the slot work of units fits on a set of workers, by
// response time and not by utilization.
//
// The slots of all cells begin together. So the work of a whole set of workers comes at once
// and queues, however idle the set is for the rest of the slot: two cells of a quarter of a
// millisecond each use one core to 50 % at slots of a millisecond, and the second still ends
// after half a slot. What [Set.Admit] therefore compares with the deadline is when the last
// unit is done:
//
//	finish = ingress + (Σ work − chain) / cores + chain + egress ≤ deadline − margin
//
// Work is the quantile of a unit's processor time per slot that its SLA names; the chain is
// the part of it that is a single path of stages, which no second core makes any shorter. The
// bound is Graham's for a list of tasks with precedence on equal processors (R. L. Graham,
// Bounds on multiprocessing timing anomalies, 1969). It holds for any order in which the
// workers take stages, as long as none is idle while a stage that it may run is ready. Units
// whose response is longer than a slot, or whose slots differ in length, meet work of
// neighbouring slots too: see [Set.Responses].
//
// While a unit moves and both owners are fed, its slots cost both of them: it stands in
// both sets until the move has ended.
//
// # Where work comes from
//
// A [Predictor] predicts what a slot takes from what is known of it beforehand, and learns from
// what it took. A [Model] adds how far predictions are off: the quantiles of measured over
// predicted, from the recent past, and how well those have held. A [Fit] is that alone.
//
// # What is left goes to the schedulers
//
// [Set.Budgets] shares among units what the set can do in time. A cell that is handed its
// budget, and whose scheduler keeps to it, turns what would be a late slot into fewer resource
// blocks.
//
// Everything here is a plain computation on values: no clock, goroutine or I/O.
package admission
