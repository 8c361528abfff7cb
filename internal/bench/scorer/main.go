// SPDX-License-Identifier: Apache-2.0

// Command scorer learns the weights of the linear scorer of package placement/plan by
// cross-entropy search, and writes them as an ONNX model:
//
//	go run ./internal/bench/scorer -o placement/plan/scorer.onnx     # about a minute
//
// A set of weights is judged by the energy of one pass over each training instance, beside
// that of the amortised policy: sixteen instances of 10 to 30 nodes, at low and high load,
// of seeds that no table uses. It begins with the weights that are the amortised policy.
package main

import (
	"cmp"
	"flag"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"slices"

	"github.com/neuroran/neuroran/accel/onnx"
	"github.com/neuroran/neuroran/placement/plan"
	"github.com/neuroran/neuroran/placement/sim"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

func run(args []string, out, errs io.Writer) int {
	flags := flag.NewFlagSet("scorer", flag.ContinueOnError)
	flags.SetOutput(errs)
	path := flags.String("o", "", "file to write the model to")
	iterations := flags.Int("iterations", 40, "iterations of the search")
	population := flags.Int("population", 40, "sets of weights per iteration")
	if err := flags.Parse(args); err != nil {
		return 2
	}
	weights, err := learn(*iterations, *population, out)
	if err == nil && *path != "" {
		var model *onnx.Model
		if model, err = plan.LinearScorer(weights); err == nil {
			err = onnx.Save(*path, model)
		}
	}
	if err != nil {
		fmt.Fprintln(errs, err)
		return 2
	}
	return 0
}

// linear is the scorer in Go, which a search calls a million times.
type linear struct{ weights []float32 }

func (p linear) Name() string { return "linear" }

func (p linear) Score(s *plan.State, candidates []plan.Candidate, scores []float64) error {
	var f [plan.NumFeatures]float32
	for i := range candidates {
		plan.Features(s, &candidates[i], f[:])
		scores[i] = 0
		for k, w := range p.weights {
			scores[i] += float64(w * f[k])
		}
	}
	return nil
}

// task is a training instance with what the amortised policy reaches on it.
type task struct {
	state     *plan.State
	view      *plan.View
	amortised float64
}

func tasks() (all []task, err error) {
	for seed := range uint64(8) {
		for _, load := range []float64{0.2, 0.6} {
			nodes := 10 + 5*int(seed%5)
			in, err := sim.Generate(sim.Recipe{Nodes: nodes, Units: 2 * nodes, Load: load, Seed: 1000 + seed, Hop: 1})
			if err != nil {
				return nil, err
			}
			v, err := plan.NewView(in)
			if err != nil {
				return nil, err
			}
			t := task{state: plan.NewState(v), view: v}
			t.amortised = t.grade(plan.Amortised())
			all = append(all, t)
		}
	}
	return all, nil
}

// grade returns the energy of one pass, a tenth more for each unit that finds no place.
func (t *task) grade(p plan.Policy) float64 {
	t.state.Reset(t.view)
	unplaced := (&plan.Choice{Policy: p}).PlaceAll(t.state)
	return t.state.Energy() * (1 + 0.1*float64(unplaced))
}

// learn returns the best weights of the last iteration's distribution.
func learn(iterations, population int, out io.Writer) ([]float32, error) {
	all, err := tasks()
	if err != nil {
		return nil, err
	}
	random := rand.New(rand.NewPCG(1, 2))
	var mean, spread [plan.NumFeatures]float64
	mean[1] = 1 // the amortised policy
	for k := range spread {
		spread[k] = 0.3
	}
	judge := func(w []float32) float64 {
		sum := 0.0
		for i := range all {
			sum += math.Log(all[i].grade(linear{w}) / all[i].amortised)
		}
		return sum / float64(len(all))
	}
	best, least := weightsOf(mean[:]), 0.0
	for iteration := range iterations {
		type trial struct {
			w     []float32
			grade float64
		}
		var trials []trial
		for range population {
			w := make([]float64, plan.NumFeatures)
			for k := range w {
				w[k] = mean[k] + spread[k]*random.NormFloat64()
			}
			t := trial{w: weightsOf(w)}
			t.grade = judge(t.w)
			trials = append(trials, t)
		}
		slices.SortFunc(trials, func(a, b trial) int { return cmp.Compare(a.grade, b.grade) })
		if trials[0].grade < least {
			best, least = trials[0].w, trials[0].grade
		}
		elite := trials[:max(population/5, 1)]
		for k := range mean {
			var sum, squares float64
			for _, t := range elite {
				sum += float64(t.w[k])
				squares += float64(t.w[k]) * float64(t.w[k])
			}
			n := float64(len(elite))
			m := sum / n
			mean[k] = 0.3*mean[k] + 0.7*m
			spread[k] = 0.3*spread[k] + 0.7*math.Sqrt(max(squares/n-m*m, 0)) + 0.01
		}
		fmt.Fprintf(out, "%d: best so far %+.1f %% of the amortised policy\n", iteration+1, 100*(math.Exp(least)-1))
	}
	fmt.Fprintln(out, "weights", best)
	return best, nil
}

func weightsOf(w []float64) []float32 {
	out := make([]float32, len(w))
	for k := range w {
		out[k] = float32(w[k])
	}
	return out
}
