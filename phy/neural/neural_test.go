// SPDX-License-Identifier: Apache-2.0

package neural_test

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/neuroran/neuroran/accel"
	"github.com/neuroran/neuroran/phy/neural"
	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/tensor"
)

var modulations = []nr.Modulation{nr.QPSK, nr.QAM16, nr.QAM64, nr.QAM256}

// shipped returns a shipped network with its recipe.
func shipped(t *testing.T, m nr.Modulation) (*neural.LLRNet, neural.Recipe) {
	t.Helper()
	model, err := neural.Models().Load(neural.Name(m), "")
	if err != nil {
		t.Fatal(err)
	}
	net, err := neural.FromModel(model)
	if err != nil {
		t.Fatal(err)
	}
	var r neural.Recipe
	if err := json.Unmarshal([]byte(model.Graph().Metadata["recipe"]), &r); err != nil {
		t.Fatal(err)
	}
	return net, r
}

// TestShippedWeights holds the shipped networks to their recipes and to -30 dB
// over the MCS range of the modulation, on symbols that no training drew.
func TestShippedWeights(t *testing.T) {
	for _, m := range modulations {
		t.Run(m.String(), func(t *testing.T) {
			net, r := shipped(t, m)
			want, err := neural.DefaultRecipe(m)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(want, r); d != "" {
				t.Errorf("the weights are of another recipe: -recipe +weights\n%s", d)
			}
			low, high := neural.MCSRange(m)
			rep := neural.Evaluate(net, r, low, high, 5000)
			t.Logf("NMSE %.1f dB over %.0f…%.0f dB, per bit %.1f; worst %.1f dB at %.1f dB; %d symbols",
				rep.NMSEdB, low, high, rep.PerBitdB, rep.WorstdB, rep.WorstSNR, rep.Symbols)
			if !(rep.NMSEdB <= -30) {
				t.Errorf("NMSE %.1f dB, want at most -30 dB", rep.NMSEdB)
			}
		})
	}
}

// TestTrain trains a small network twice: the same weights, and better than it
// began.
func TestTrain(t *testing.T) {
	r, err := neural.DefaultRecipe(nr.QAM16)
	if err != nil {
		t.Fatal(err)
	}
	r.Steps, r.Batch, r.Hidden = 60, 256, 8
	var sums []string
	for range 2 {
		m, err := r.Train(context.Background(), nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		sums = append(sums, m.SHA256())
		net, err := neural.FromModel(m)
		if err != nil {
			t.Fatal(err)
		}
		if rep := neural.Evaluate(net, r, 5, 12, 2000); !(rep.NMSEdB < -20) {
			t.Errorf("NMSE %.1f dB after a short training", rep.NMSEdB)
		}
	}
	if sums[0] != sums[1] {
		t.Errorf("one recipe gives %s and %s", sums[0], sums[1])
	}
	r.Seed++
	m, err := r.Train(context.Background(), nil, nil)
	if err != nil || m.SHA256() == sums[0] {
		t.Errorf("another seed gives the same weights (%v)", err)
	}
}

// TestFineTune trains on from a trained network, whose hidden layer a tiny step
// leaves as it was, where a fresh start has another; a network of another size
// is refused.
func TestFineTune(t *testing.T) {
	ctx := context.Background()
	r, err := neural.DefaultRecipe(nr.QAM16)
	if err != nil {
		t.Fatal(err)
	}
	r.Steps, r.Batch, r.Hidden = 300, 256, 8
	from, err := r.Train(ctx, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	short := r
	short.Steps, short.Rate, short.Seed = 1, 1e-9, 9
	hidden := func(m *accel.Model, err error) []float32 { // what a step that small leaves as it was
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		net, err := neural.FromModel(m)
		if err != nil {
			t.Fatal(err)
		}
		return append(net.W1, net.B1...)
	}
	trained, fresh := hidden(from, nil), hidden(short.Train(ctx, nil, nil))
	for i, v := range hidden(short.Train(ctx, from, nil)) {
		if math.Abs(float64(v-trained[i])) > 1e-6 {
			t.Errorf("hidden weight %d: got %g, want %g of the network it began with", i, v, trained[i])
		}
	}
	if slices.Equal(trained, fresh) {
		t.Error("a fresh start has the trained weights")
	}
	if m, err := short.Train(ctx, from, nil); err != nil || m.Graph().Metadata["parent"] != from.SHA256() {
		t.Errorf("the metadata do not name the parent (%v)", err)
	}
	var shape *tensor.ShapeError
	short.Hidden = 12
	if _, err := short.Train(ctx, from, nil); !errors.As(err, &shape) {
		t.Errorf("another size: got %v, want a *tensor.ShapeError", err)
	}
	var sig *accel.SignatureError
	short.Modulation = nr.QPSK
	if _, err := short.Train(ctx, from, nil); !errors.As(err, &sig) {
		t.Errorf("another modulation: got %v, want an *accel.SignatureError", err)
	}
}

func TestTrainEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	r, err := neural.DefaultRecipe(nr.QPSK)
	if err != nil {
		t.Fatal(err)
	}
	r.Batch = 16
	last := 0
	_, err = r.Train(ctx, nil, func(step, steps int, loss float64) {
		if last = step; step >= steps/10 {
			cancel()
		}
		if math.IsNaN(loss) {
			t.Errorf("step %d: the loss is not a number", step)
		}
	})
	if !errors.Is(err, context.Canceled) || last >= r.Steps {
		t.Errorf("got %v after %d steps, want context.Canceled", err, last)
	}
}

func TestRecipeRefuses(t *testing.T) {
	var unsupported *nr.UnsupportedError
	if _, err := neural.DefaultRecipe(nr.Pi2BPSK); !errors.As(err, &unsupported) {
		t.Errorf("π/2-BPSK: got %v, want a *nr.UnsupportedError", err)
	}
	for name, edit := range map[string]func(r *neural.Recipe){
		"recipe.hidden":   func(r *neural.Recipe) { r.Hidden = 1 },
		"recipe.steps":    func(r *neural.Recipe) { r.Steps = 0 },
		"recipe.batch":    func(r *neural.Recipe) { r.Batch = 0 },
		"recipe.rate":     func(r *neural.Recipe) { r.Rate = math.NaN() },
		"recipe.snr":      func(r *neural.Recipe) { r.LowSNRdB = r.HighSNRdB },
		"recipe.emphasis": func(r *neural.Recipe) { r.Emphasis = 3 },
		"modulation":      func(r *neural.Recipe) { r.Modulation = 3 },
	} {
		r, err := neural.DefaultRecipe(nr.QAM64)
		if err != nil {
			t.Fatal(err)
		}
		edit(&r)
		var field *nr.FieldError
		if _, err := neural.Train(context.Background(), r, nil); !errors.As(err, &field) || field.Field != name {
			t.Errorf("got %v, want a *nr.FieldError of %s", err, name)
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	model, err := neural.Models().Load(neural.Name(nr.QAM16), "")
	if err != nil {
		t.Fatal(err)
	}
	var sig *accel.SignatureError
	_, err = neural.Open(context.Background(), neural.Config{Models: map[nr.Modulation]*accel.Model{nr.QAM64: model}})
	if !errors.As(err, &sig) {
		t.Errorf("16QAM for 64QAM: got %v, want a *SignatureError", err)
	}
	_, err = neural.Open(context.Background(), neural.Config{Models: map[nr.Modulation]*accel.Model{nr.Pi2BPSK: model}})
	if !errors.Is(err, nr.ErrUnsupported) {
		t.Errorf("π/2-BPSK: got %v, want ErrUnsupported", err)
	}
	var open *accel.OpenError
	if _, err = neural.Open(context.Background(), neural.Config{Devices: []accel.Device{"ort/cuda:0"}}); !errors.As(err, &open) {
		t.Errorf("no device: got %v, want an *OpenError", err)
	}
}
