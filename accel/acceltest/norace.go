// SPDX-License-Identifier: Apache-2.0

//go:build !race

package acceltest

// raceEnabled says that the race detector runs, which allocates.
const raceEnabled = false
