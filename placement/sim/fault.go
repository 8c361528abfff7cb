// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/neuroran/neuroran/placement/plan"
)

// Faulty returns a policy that fails in half of its calls, twenty of them in a row: it
// answers "nan", "garbage" (numbers at random) or "nothing" (an error), and what it wraps
// otherwise.
func Faulty(policy plan.Policy, fault string) (plan.Policy, error) {
	switch fault {
	case "nan", "garbage", "nothing":
		return &faulty{Policy: policy, fault: fault, random: rand.New(rand.NewPCG(1, 1))}, nil
	}
	return nil, fmt.Errorf("sim: fault: got %q, want nan, garbage or nothing", fault)
}

// faultyCalls is how many calls in a row fail, and how many do not.
const faultyCalls = 20

// faulty is for one goroutine at a time.
type faulty struct {
	plan.Policy
	fault  string
	random *rand.Rand
	calls  int
}

var errSilent = errors.New("sim: the policy has answered nothing")

func (f *faulty) Score(s *plan.State, candidates []plan.Candidate, scores []float64) error {
	f.calls++
	switch {
	case f.calls/faultyCalls%2 == 0:
		return f.Policy.Score(s, candidates, scores)
	case f.fault == "nothing":
		return errSilent
	}
	for i := range scores {
		scores[i] = math.NaN()
		if f.fault == "garbage" {
			scores[i] = f.random.NormFloat64() * 1e9
		}
	}
	return nil
}
