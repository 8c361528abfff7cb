// SPDX-License-Identifier: Apache-2.0

package ldpc

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/neuroran/neuroran/internal/simd/llr"
)

// TestMessageRule draws checks of Gaussian LLRs and counts, by smallest magnitude
// among the others of an edge, how often the product of their signs is right: the
// message must be the LLR of that share.
func TestMessageRule(t *testing.T) {
	const seed, checks = 13, 400_000
	for _, tc := range []struct {
		degree int
		mean   float64
	}{{3, 2.5}, {7, 3}, {19, 6.5}} {
		rng := rand.New(rand.NewPCG(seed, uint64(tc.degree)))
		var count, right [llr.RuleSize]float64
		for range checks {
			smallest, sign := math.Inf(1), 1.0
			for range tc.degree - 1 {
				x := tc.mean + math.Sqrt(2*tc.mean)*rng.NormFloat64()
				smallest, sign = min(smallest, math.Abs(x)), math.Copysign(sign, sign*x)
			}
			if m := int(smallest*stepsAnLLR + 0.5); m < llr.RuleSize {
				count[m]++
				right[m] += (1 + sign) / 2
			}
		}
		rule := messageRule(tc.degree, tc.mean)
		for m := 1; m < llr.RuleSize-1; m++ {
			if count[m] < 5000 {
				continue
			}
			want := 2*right[m]/count[m] - 1 // tanh of half the LLR
			got := math.Tanh(float64(rule[m]) / stepsAnLLR / 2)
			// Half a step of the message is 1/12 of an LLR, 1/24 of the tanh.
			if math.Abs(got-want) > 1.0/24+4/math.Sqrt(count[m]) {
				t.Errorf("seed %d, degree %d, mean %v: at %d the message has mean sign %.3f, want %.3f", seed, tc.degree, tc.mean, m, got, want)
			}
		}
	}
}

// TestRuleSets checks what all rules have in common: messages never exceed the
// smallest magnitude, grow with it, and a channel bit cannot outvote the
// strongest.
func TestRuleSets(t *testing.T) {
	for _, bg := range []BaseGraph{BG1, BG2} {
		for rows := numCore; rows <= bg.Rows(); rows++ {
			set := &ruleSets()[bg-1][rows]
			for done := range 2 * earlyIterations {
				rules := set.at(done)
				for r := range rows {
					rule := rules[r]
					for m := 1; m < llr.RuleSize; m++ {
						if rule[m] < rule[m-1] || int(rule[m]) > m {
							t.Fatalf("BG%d, %d rows, row %d, iteration %d: message %d at %d, %d before", bg, rows, r, done, rule[m], m, rule[m-1])
						}
					}
					if rule[llr.RuleSize-1] <= loadLimit {
						t.Fatalf("BG%d, %d rows, row %d: strongest message %d, LLRs up to %d", bg, rows, r, rule[llr.RuleSize-1], loadLimit)
					}
				}
			}
		}
	}
}
