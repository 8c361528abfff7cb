// SPDX-License-Identifier: Apache-2.0

//go:build !race

package testvec

// Race says whether the race detector is compiled in, which allocates.
const Race = false
