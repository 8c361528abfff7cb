// SPDX-License-Identifier: Apache-2.0

package ldpc

import "github.com/neuroran/neuroran/internal/simd/llr"

// ruleFor returns the message rule and the load factor of a code.
func ruleFor(c Config) (rule llr.Rule, factor int) {
	for m := range rule {
		rule[m] = uint8(float64(m)*0.75 + 0.5)
	}
	return rule, 1 << 14
}
