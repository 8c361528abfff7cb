// SPDX-License-Identifier: Apache-2.0

package neural

import (
	"context"
	"math"
	"math/rand/v2"

	"github.com/neuroran/neuroran/accel"
	"github.com/neuroran/neuroran/tensor"
)

// Progress is what a training run reports now and then.
//
// The targets are exact LLRs, as in O. Shental and J. Hoydis, 2019.
type Progress struct {
	Step  int     // steps done
	Steps int     // steps of the recipe
	Loss  float64 // mean weighted squared error of the last step's batch
}

// Train trains a network by the recipe: forward, backward and Adam in Go over
// batches of fresh symbols, between two least-squares fits of the output layer,
// which is linear. It calls progress, where given, about a hundred
// times. It runs on the calling goroutine and is deterministic.
//
// It returns the error of [Recipe.Validate], or the context's when ctx ends.
func Train(ctx context.Context, r Recipe, progress func(Progress)) (*LLRNet, error) {
	if err := r.Validate(); err != nil {
		return nil, err
	}
	t := newTrainer(r)
	t.start()
	return t.train(ctx, progress)
}

// train takes the steps of the recipe from the present parameters.
func (t *trainer) train(ctx context.Context, progress func(Progress)) (*LLRNet, error) {
	r := t.recipe
	every := max(1, r.Steps/100)
	for step := range r.Steps {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		t.data.draw(t.x, t.want, t.weight)
		loss := t.gradient()
		phase := float64(step) / float64(r.Steps)
		t.adam(step+1, r.Rate*(1e-3+(1-1e-3)*(1+math.Cos(math.Pi*phase))/2))
		if progress != nil && (step+1)%every == 0 {
			progress(Progress{Step: step + 1, Steps: r.Steps, Loss: loss})
		}
	}
	t.fitOutput()
	return t.network(), nil
}

// Train trains a network by the recipe and returns it as a model, with the
// recipe in its metadata. It begins at the weights of from, which it fine-tunes,
// and puts the hash of from into the metadata; with a nil from it begins afresh. With it a Recipe is a Trainer of package
// accel/neural. See the function [Train] for the rest.
//
// It returns an [*accel.SignatureError] when from has other ports than those of
// the modulation, the error of [FromModel] when it is no LLRnet, or a
// [*tensor.ShapeError] when it has another number of hidden units than the
// recipe.
func (r Recipe) Train(ctx context.Context, from *accel.Model, progress func(step, steps int, loss float64)) (*accel.Model, error) {
	if err := r.Validate(); err != nil {
		return nil, err
	}
	t := newTrainer(r)
	if from == nil {
		t.start()
	} else if err := t.resume(from); err != nil {
		return nil, err
	}
	net, err := t.train(ctx, func(p Progress) {
		if progress != nil {
			progress(p.Step, p.Steps, p.Loss)
		}
	})
	if err != nil {
		return nil, err
	}
	parent := ""
	if from != nil {
		parent = from.SHA256()
	}
	return net.model(r, parent)
}

// trainer holds a network in training. All parameters lie in one vector, so
// that the optimizer is one loop: W1 [2, hidden], B1, W2 [hidden, bits], B2.
type trainer struct {
	recipe          Recipe
	data            *source
	hidden, bits    int
	theta           []float64 // parameters
	grad            []float64
	m, v            []float64 // moments of Adam
	x, want, weight []float64 // batch: [n, 2], [n, bits], [n]
	act, err        []float64 // of one symbol
}

func newTrainer(r Recipe) *trainer {
	hidden, bits := r.Hidden, r.Modulation.BitsPerSymbol()
	n := 3*hidden + hidden*bits + bits
	vector := func(n int) []float64 { return make([]float64, n) }
	return &trainer{
		recipe: r, data: newSource(r, 0), hidden: hidden, bits: bits,
		theta: vector(n), grad: vector(n), m: vector(n), v: vector(n),
		x: vector(2 * r.Batch), want: vector(bits * r.Batch), weight: vector(r.Batch),
		act: vector(hidden), err: vector(bits),
	}
}

// resume sets the parameters to those of a model.
func (t *trainer) resume(from *accel.Model) error {
	if err := from.Expect(Signature(t.recipe.Modulation)); err != nil {
		return err
	}
	net, err := FromModel(from)
	if err != nil {
		return err
	}
	if net.Hidden != t.hidden || net.Bits != t.bits {
		return &tensor.ShapeError{Op: "neural: train from " + from.Name() + ": hidden units and bits",
			Want: []int{t.hidden, t.bits}, Got: []int{net.Hidden, net.Bits}}
	}
	w1, b1, w2, b2 := t.split(t.theta)
	for _, p := range []struct {
		dst []float64
		src []float32
	}{{w1, net.W1}, {b1, net.B1}, {w2, net.W2}, {b2, net.B2}} {
		for i, v := range p.src {
			p.dst[i] = float64(v)
		}
	}
	return nil
}

// start sets the parameters. The units share out the two axes and, on each, the
// two directions away from the origin. A pair begins to act at the origin, so
// that the axis has a linear term; the others at points that are spread evenly,
// with a little jitter, up to the outermost point where max-log can have a
// corner. As all face outwards, few act on a weak symbol and no large terms
// cancel, which keeps float32 exact to the last digits on every device. The
// output weights are fitted to them.
func (t *trainer) start() {
	rng := rand.New(rand.NewPCG(t.recipe.Seed, 1))
	w1, b1, _, _ := t.split(t.theta)
	levels := float64(int(1) << (t.bits / 2))
	reach := (levels - 2) * math.Sqrt(1.5/(levels*levels-1))
	for j := range t.hidden {
		axis, sign, i := j%2, float64(1-j/2%2*2), j/4
		knot := 0.0
		if i > 0 {
			step := reach / float64(max(1, (t.hidden+3-j%4)/4-1))
			knot = step * (float64(i) + 0.05*rng.NormFloat64())
		}
		w1[axis*t.hidden+j] = sign
		b1[j] = -knot
	}
	t.fitOutput()
}

// split returns the four parameters in a vector.
func (t *trainer) split(v []float64) (w1, b1, w2, b2 []float64) {
	h, b := t.hidden, t.bits
	return v[:2*h], v[2*h : 3*h], v[3*h : 3*h+h*b], v[3*h+h*b:]
}

// gradient computes the gradient of the batch and returns its loss.
func (t *trainer) gradient() float64 {
	clear(t.grad)
	total := 0.0
	for _, w := range t.weight {
		total += w
	}
	loss := 0.0
	for i, w := range t.weight {
		loss += t.symbol(t.x[2*i], t.x[2*i+1], t.want[i*t.bits:(i+1)*t.bits], w/total)
	}
	return loss
}

// symbol adds the gradient of one symbol of weight w and returns its loss.
func (t *trainer) symbol(re, im float64, want []float64, w float64) float64 {
	w1, b1, w2, b2 := t.split(t.theta)
	g1, gb1, g2, gb2 := t.split(t.grad)
	h, bits := t.hidden, t.bits
	out := t.err
	copy(out, b2)
	for j := range h {
		a := re*w1[j] + im*w1[h+j] + b1[j]
		t.act[j] = a
		if a <= 0 {
			continue
		}
		row := w2[j*bits : (j+1)*bits]
		for k, v := range row {
			out[k] += a * v
		}
	}
	loss := 0.0
	for k := range out {
		e := out[k] - want[k]
		loss += w * e * e
		out[k] = 2 * w * e
		gb2[k] += out[k]
	}
	for j, a := range t.act {
		if a <= 0 {
			continue
		}
		row, grow, back := w2[j*bits:(j+1)*bits], g2[j*bits:(j+1)*bits], 0.0
		for k, e := range out {
			grow[k] += a * e
			back += row[k] * e
		}
		g1[j] += re * back
		g1[h+j] += im * back
		gb1[j] += back
	}
	return loss
}

// adam takes one step: D. Kingma and J. Ba, "Adam: A Method for Stochastic
// Optimization", ICLR 2015, algorithm 1.
func (t *trainer) adam(step int, rate float64) {
	const beta1, beta2, eps = 0.9, 0.999, 1e-10
	c1, c2 := 1-math.Pow(beta1, float64(step)), 1-math.Pow(beta2, float64(step))
	for i, g := range t.grad {
		t.m[i] = beta1*t.m[i] + (1-beta1)*g
		t.v[i] = beta2*t.v[i] + (1-beta2)*g*g
		t.theta[i] -= rate * (t.m[i] / c1) / (math.Sqrt(t.v[i]/c2) + eps)
	}
}

// network returns the parameters as they are now.
func (t *trainer) network() *LLRNet {
	narrow := func(v []float64) []float32 {
		out := make([]float32, len(v))
		for i, x := range v {
			out[i] = float32(x)
		}
		return out
	}
	w1, b1, w2, b2 := t.split(t.theta)
	return &LLRNet{Hidden: t.hidden, Bits: t.bits, W1: narrow(w1), B1: narrow(b1), W2: narrow(w2), B2: narrow(b2)}
}
