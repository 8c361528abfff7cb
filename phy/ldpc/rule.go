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

// earlyIterations is how many iterations at first work with lower reliabilities.
const earlyIterations = 3

// reliability says how good the other edges of a check are taken to be: the mean
// of their LLRs, for the four core rows and for the rows behind them. The higher
// it is, the closer is a message to the smallest magnitude.
type reliability struct{ core, outer float64 }

// reliabilities holds the best means, by base graph and number of rows in use,
// for the first iterations and for the later ones, where LLRs have grown. They
// were found by simulation over AWGN with 6, 10 and 20 iterations, where one
// block in five to fifty fails; docs/accuracy-ldpc.md has the figures. Between
// two entries they are interpolated. One mean serves all lifting sizes.
var reliabilities = [2][]struct {
	rows        int
	early, late reliability
}{{
	{4, reliability{9.5, 6.0}, reliability{9.5, 6.0}},
	{6, reliability{6.9, 5.0}, reliability{7.8, 6.2}},
	{9, reliability{5.2, 4.5}, reliability{7.0, 6.5}},
	{13, reliability{4.9, 4.1}, reliability{6.5, 6.0}},
	{23, reliability{5.2, 3.2}, reliability{7.0, 4.5}},
	{33, reliability{4.7, 2.5}, reliability{6.4, 3.5}},
	{46, reliability{4.7, 2.1}, reliability{6.5, 2.9}},
}, {
	{4, reliability{7.8, 6.0}, reliability{7.8, 6.0}},
	{7, reliability{4.2, 4.1}, reliability{5.0, 5.2}},
	{12, reliability{3.4, 2.5}, reliability{4.5, 3.7}},
	{22, reliability{3.6, 1.6}, reliability{4.8, 2.8}},
	{32, reliability{3.3, 1.5}, reliability{4.3, 2.5}},
	{42, reliability{3.5, 1.25}, reliability{4.7, 2.0}},
}}

// reliabilityOf interpolates between the entries of a base graph.
func reliabilityOf(bg BaseGraph, rows int) (early, late reliability) {
	points := reliabilities[bg-1]
	i := 1
	for points[i].rows < rows {
		i++
	}
	lo, hi := points[i-1], points[i]
	t := float64(rows-lo.rows) / float64(hi.rows-lo.rows)
	return lo.early.towards(hi.early, t), lo.late.towards(hi.late, t)
}

// towards returns the reliability at t of the way from r to to.
func (r reliability) towards(to reliability, t float64) reliability {
	return reliability{r.core + t*(to.core-r.core), r.outer + t*(to.outer-r.outer)}
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

// ruleSet holds the rule of every row in use, for early and late iterations.
type ruleSet struct{ early, late rowRules }

// rowRules holds the rules of rows, which share them.
type rowRules [46]*llr.Rule

// at returns the rules for an iteration after done others.
func (s *ruleSet) at(done int) *rowRules {
	if done < earlyIterations {
		return &s.early
	}
	return &s.late
}

// ruleSets holds the rules by base graph and number of rows, made once: a
// decoder asks for them when it is made, so that Configure only looks up.
var ruleSets = sync.OnceValue(func() *[2][47]ruleSet {
	var sets [2][47]ruleSet
	for _, bg := range []BaseGraph{BG1, BG2} {
		var g graph
		g.fill(bg, MaxZ)
		for rows := numCore; rows <= bg.Rows(); rows++ {
			early, late := reliabilityOf(bg, rows)
			sets[bg-1][rows] = ruleSet{newRowRules(&g, rows, early), newRowRules(&g, rows, late)}
		}
	}
	return &sets
})

func newRowRules(g *graph, rows int, rel reliability) (rules rowRules) {
	var core, outer [maxDegree + 1]*llr.Rule
	for r := range rows {
		made, mean := &outer, rel.outer
		if r < numCore {
			made, mean = &core, rel.core
		}
		cols, _ := g.row(r)
		degree := len(cols)
		if made[degree] == nil {
			rule := messageRule(degree, mean)
			made[degree] = &rule
		}
		rules[r] = made[degree]
	}
	return rules
}
