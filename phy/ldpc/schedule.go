// SPDX-License-Identifier: Apache-2.0

package ldpc

// coreOrder starts with the one core row of both base graphs that holds a
// single punctured column, so that it can tell something about it at once.
var coreOrder = [numCore]int{1, 0, 2, 3}

// rowAt returns the row that comes i-th in an iteration over the first rows rows.
// The rows behind the core come first, from the last to the first: the punctured
// columns, which all rows need, learn most from short rows. Against ascending
// order this is worth 0.15 dB at rate 1/3 with 10 iterations and 0.3 dB at rate
// 1/2 with 5.
func rowAt(i, rows int) int {
	if outer := rows - numCore; i >= outer {
		return coreOrder[i-outer]
	}
	return rows - 1 - i
}
