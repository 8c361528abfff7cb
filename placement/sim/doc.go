// SPDX-License-Identifier: Apache-2.0

// Package sim generates placement instances, and runs the placement of units on them in a
// simulated network.
package sim
