// SPDX-License-Identifier: Apache-2.0

package ldpc

import "github.com/neuroran/neuroran/internal/simd/llr"

// rulesFor returns the message rules and how received LLRs are scaled.
func rulesFor(c Config) (core, outer llr.Rule, factor, limit int) {
	core, outer = normalised(0.70), normalised(0.74)
	return core, outer, 3 << 13, 45
}

// normalised returns the rule of min-sum with normalisation alpha.
func normalised(alpha float64) (rule llr.Rule) {
	for m := range rule {
		rule[m] = uint8(alpha*float64(m) + 0.5)
	}
	return rule
}
