// SPDX-License-Identifier: Apache-2.0

package ldpc

import "github.com/neuroran/neuroran/internal/simd/llr"

// rulesFor returns the message rules and the load factor of a code.
func rulesFor(c Config) (core, outer llr.Rule, factor int) {
	core, outer = normalised(0.72), normalised(0.72)
	return core, outer, 3 << 13
}

// normalised returns the rule of min-sum with normalisation alpha.
func normalised(alpha float64) (rule llr.Rule) {
	for m := range rule {
		rule[m] = uint8(alpha*float64(m) + 0.5)
	}
	return rule
}
