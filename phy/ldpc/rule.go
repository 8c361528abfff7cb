// SPDX-License-Identifier: Apache-2.0

package ldpc

import (
	"math"
	"sync"

	"github.com/neuroran/neuroran/internal/simd/llr"
)

// Received LLRs come in units of 1/8. They are scaled to units of 1/6, where
// sums have head-room, and clipped at 7.5, below the strongest message: a parity
// bit that hangs on a single check must not outvote it.
const (
	loadFactor = 3 << 13 // 3/4, Q15
	loadLimit  = 45
	stepsAnLLR = 6
)

const (
	// ruleTop stands for the magnitudes from RuleSize−1 up to saturation, which
	// share the last entry of a rule.
	ruleTop = 80
	// messageTop is the strongest message.
	messageTop = 63
)

// reliability says how good the other edges of a check are taken to be: the mean
// of their LLRs, for the four core rows and for the rows behind them. The higher
// it is, the closer is a message to the smallest magnitude.
type reliability struct {
	rows        int // rows of the base graph in use
	core, outer float64
}

// reliabilities holds the best means, by base graph, found by simulation over
// AWGN with 6, 10 and 20 iterations where a block in ten to fifty fails;
// docs/accuracy-ldpc.md has the figures. Between two entries they are
// interpolated. One mean serves all lifting sizes.
var reliabilities = [2][]reliability{
	{{4, 9.5, 6.0}, {6, 7.8, 5.6}, {9, 7.0, 5.4}, {13, 6.5, 5.0}, {23, 6.5, 3.5}, {33, 6.2, 3.1}, {46, 6.5, 2.5}},
	{{4, 7.8, 6.0}, {7, 5.0, 5.0}, {12, 4.5, 3.1}, {22, 4.8, 2.25}, {32, 4.3, 2.0}, {42, 4.7, 1.7}},
}

// reliabilityOf interpolates between the entries of a base graph.
func reliabilityOf(bg BaseGraph, rows int) reliability {
	points := reliabilities[bg-1]
	i := 1
	for points[i].rows < rows {
		i++
	}
	lo, hi := points[i-1], points[i]
	t := float64(rows-lo.rows) / float64(hi.rows-lo.rows)
	return reliability{rows, lo.core + t*(hi.core-lo.core), lo.outer + t*(hi.outer-lo.outer)}
}

// messageRule returns the message of a row of degree edges for each smallest
// magnitude x among the others of an edge: what the tanh rule gives on average
// when the degree−2 remaining ones are larger than x and their LLRs are Gaussian,
// with the given mean and twice that as variance, as LLRs over AWGN are:
//
//	2·atanh(tanh(x/2)·τ(x)^(degree−2))
//
// with τ(x) the mean sign of those above x. Plain min-sum, whose message is x,
// takes τ for 1; it overrates most where x is small and rows are long. G. Lechner
// and J. Sayir, "Improved sum-min decoding for irregular LDPC codes", 2006.
func messageRule(degree int, mean float64) (rule llr.Rule) {
	for m := range rule {
		x := float64(m)
		if m == llr.RuleSize-1 {
			x = ruleTop
		}
		x /= stepsAnLLR
		y := 2 * math.Atanh(math.Tanh(x/2)*math.Pow(meanSign(x, mean), float64(degree-2)))
		rule[m] = uint8(min(y*stepsAnLLR, messageTop) + 0.5)
	}
	return rule
}

// meanSign returns the mean sign of the LLRs beyond ±x, when LLRs are Gaussian
// with the given mean and twice that as variance.
func meanSign(x, mean float64) float64 {
	right := math.Erfc((x - mean) / (2 * math.Sqrt(mean)))
	wrong := math.Erfc((x + mean) / (2 * math.Sqrt(mean)))
	return (right - wrong) / (right + wrong)
}

// ruleSet holds the rule of every row in use.
type ruleSet [46]*llr.Rule

// ruleSets holds the rules by base graph and number of rows, made once: a
// decoder asks for them when it is made, so that Configure only looks up.
var ruleSets = sync.OnceValue(func() *[2][47]ruleSet {
	var sets [2][47]ruleSet
	for _, bg := range []BaseGraph{BG1, BG2} {
		var g graph
		g.fill(bg, MaxZ)
		for rows := numCore; rows <= bg.Rows(); rows++ {
			sets[bg-1][rows] = newRuleSet(&g, rows)
		}
	}
	return &sets
})

func newRuleSet(g *graph, rows int) (set ruleSet) {
	rel := reliabilityOf(g.bg, rows)
	type kind struct {
		degree int
		mean   float64
	}
	made := map[kind]*llr.Rule{}
	for r := range rows {
		cols, _ := g.row(r)
		k := kind{len(cols), rel.outer}
		if r < numCore {
			k.mean = rel.core
		}
		if made[k] == nil {
			rule := messageRule(k.degree, k.mean)
			made[k] = &rule
		}
		set[r] = made[k]
	}
	return set
}
