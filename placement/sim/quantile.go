// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"math"
	"slices"
)

// quantile returns the smallest value that a share of all values is not above; 0 of none.
func quantile(values []float64, share float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	i := int(math.Ceil(share*float64(len(sorted)))) - 1
	return sorted[min(max(i, 0), len(sorted)-1)]
}
