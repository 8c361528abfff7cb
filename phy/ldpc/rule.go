// SPDX-License-Identifier: Apache-2.0

package ldpc

import "github.com/neuroran/neuroran/internal/simd/llr"

// Received LLRs come in units of 1/8. They are scaled to units of 1/6, where
// sums have head-room, and clipped at 7.5, below the strongest message: a parity
// bit that hangs on a single check must not outvote it.
const (
	loadFactor = 3 << 13 // 3/4, Q15
	loadLimit  = 45
)

// ruleTop stands for the magnitudes from RuleSize−1 up to saturation, which share
// the last entry of a rule.
const ruleTop = 80

// normalisation says how much min-sum overrates the message of a check: the
// smallest magnitude times core (the four core rows) or outer (the rows behind
// them) has the size of belief propagation's message.
type normalisation struct {
	rows        int // rows of the base graph in use
	core, outer float64
}

// normalisations holds the best factors, by base graph, found by simulation over
// AWGN at a block error rate near 1e-2 with 20 iterations; docs/accuracy-ldpc.md
// has the figures. Between two entries they are interpolated. High rates, with
// few rows, want large factors, low rates small ones.
var normalisations = [2][]normalisation{
	{{4, 0.79, 0.78}, {8, 0.73, 0.78}, {13, 0.65, 0.75}, {23, 0.66, 0.71}, {33, 0.65, 0.64}, {46, 0.65, 0.60}},
	{{4, 0.79, 0.78}, {7, 0.76, 0.78}, {12, 0.73, 0.73}, {22, 0.70, 0.68}, {42, 0.68, 0.61}},
}

// rulesFor returns the message rules of the core rows and of the others.
func rulesFor(c Config) (core, outer llr.Rule) {
	points, rows := normalisations[c.BaseGraph-1], c.rows()
	i := 1
	for points[i].rows < rows {
		i++
	}
	lo, hi := points[i-1], points[i]
	t := float64(rows-lo.rows) / float64(hi.rows-lo.rows)
	return normalised(lo.core + t*(hi.core-lo.core)), normalised(lo.outer + t*(hi.outer-lo.outer))
}

// normalised returns the rule of min-sum with normalisation alpha.
func normalised(alpha float64) (rule llr.Rule) {
	for m := range rule {
		rule[m] = uint8(alpha*float64(m) + 0.5)
	}
	rule[llr.RuleSize-1] = uint8(alpha*ruleTop + 0.5)
	return rule
}
