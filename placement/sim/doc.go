// SPDX-License-Identifier: Apache-2.0

// Package sim runs the placement of units in a simulated network.
package sim
