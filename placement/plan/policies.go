// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"fmt"
	"math"
	"strings"

	"github.com/cespare/xxhash/v2"
)

// policyFunc is a policy that scores one candidate at a time.
type policyFunc struct {
	name  string
	score func(s *State, c *Candidate) float64
}

func (p policyFunc) Name() string { return p.name }

func (p policyFunc) Score(s *State, candidates []Candidate, scores []float64) error {
	for i := range candidates {
		scores[i] = p.score(s, &candidates[i])
	}
	return nil
}

// Rendezvous orders nodes by a hash of their names and the unit's (Thaler and
// Ravishankar, Using name-based mappings to increase hit rates, 1998). It needs to know
// nothing but names, and spreads units over all nodes.
func Rendezvous() Policy {
	var key []byte
	return policyFunc{"rendezvous", func(s *State, c *Candidate) float64 {
		key = append(append(append(key[:0], s.view.Units[c.Unit].ID...), 0), s.view.Nodes[c.Place.Node].ID...)
		return float64(xxhash.Sum64(key)>>11) + float64(c.Place.Mode)/8
	}}
}

// FirstFit orders nodes by their numbers.
func FirstFit() Policy {
	return policyFunc{"first-fit", func(_ *State, c *Candidate) float64 {
		return float64(c.Place.Node) + float64(c.Place.Mode)/16
	}}
}

// BestFit orders places by the watts that they take more.
func BestFit() Policy {
	return policyFunc{"best-fit", func(_ *State, c *Candidate) float64 { return c.Watts }}
}

// Amortised orders places by watts, with idle power paid by use: a unit pays the share of
// a node's idle power that it uses of the node, whether the node is awake or not. So what
// wakes a node is not punished for those who come after.
func Amortised() Policy {
	return policyFunc{"amortised", func(s *State, c *Candidate) float64 { return s.amortised(c.Unit, c.Place, c.Watts) }}
}

// LeastAllocated orders nodes by what is free, most first, as the score of that name of the
// Kubernetes scheduler does with equal weights of processors and memory.
func LeastAllocated() Policy {
	return policyFunc{"least-allocated", func(s *State, c *Candidate) float64 { return allocated(s, c) }}
}

// MostAllocated orders nodes by what is used, most first, as the score of that name of the
// Kubernetes scheduler does with equal weights of processors and memory.
func MostAllocated() Policy {
	return policyFunc{"most-allocated", func(s *State, c *Candidate) float64 { return -allocated(s, c) }}
}

// allocated is the mean share of processors and memory that would be used.
func allocated(s *State, c *Candidate) float64 {
	n, l := &s.view.Nodes[c.Place.Node], &s.load[c.Place.Node]
	one := s.view.own(int32(c.Unit), c.Place.Node, c.Place.Mode)
	cpu := (l.CPU + one.CPU) / (s.view.Limits.CPU * n.Cores)
	memory := (l.Memory + one.Memory) / math.Max(n.Memory, 1)
	return (cpu+memory)/2 + float64(c.Place.Mode)*1e-6
}

// Policies returns the policies that need nothing but the view, by name in the order of the
// tables of docs/placement.md.
func Policies() []Policy {
	return []Policy{Rendezvous(), FirstFit(), BestFit(), Amortised(), LeastAllocated(), MostAllocated()}
}

// ParsePolicy returns the policy of a name, or an error that lists the names there are. The
// policy "learned" is a [Learned], which the caller closes.
func ParsePolicy(name string) (Policy, error) {
	var names []string
	for _, p := range Policies() {
		if p.Name() == name {
			return p, nil
		}
		names = append(names, p.Name())
	}
	if name == "learned" {
		return DefaultLearned()
	}
	return nil, fmt.Errorf("plan: policy: got %q, want one of %s, learned", name, strings.Join(names, ", "))
}
