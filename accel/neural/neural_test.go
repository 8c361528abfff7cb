// SPDX-License-Identifier: Apache-2.0

package neural_test

import (
	"context"
	"errors"
	"path/filepath"
	"sync"
	"testing"

	"github.com/neuroran/neuroran/accel"
	"github.com/neuroran/neuroran/accel/acceltest"
	"github.com/neuroran/neuroran/accel/neural"
	"github.com/neuroran/neuroran/accel/onnx"
	"github.com/neuroran/neuroran/tensor"
)

// scale returns a network that multiplies rows of two features by a factor.
func scale(tb testing.TB, factor float32) *accel.Model { return must(tb)(acceltest.Scale(factor, 2)) }

// wide returns a network of other ports.
func wide(tb testing.TB) *accel.Model { return must(tb)(acceltest.Scale(1, 3)) }

// must returns a model, or ends the test.
func must(tb testing.TB) func(*accel.Model, error) *accel.Model {
	return func(m *accel.Model, err error) *accel.Model {
		tb.Helper()
		if err != nil {
			tb.Fatal(err)
		}
		return m
	}
}

// trainer returns the same model whatever it starts from.
type trainer struct {
	model *accel.Model
	err   error
}

func (t trainer) Train(_ context.Context, _ *accel.Model, progress func(int, int, float64)) (*accel.Model, error) {
	if progress != nil {
		progress(1, 1, 0)
	}
	return t.model, t.err
}

func TestInstance(t *testing.T) {
	ctx := context.Background()
	inst := neural.Create(scale(t, 2))
	x, y := tensor.New[float32]([]int{1, 2}), tensor.New[float32]([]int{1, 2})
	in, out := []accel.Buffer{accel.Of(&x)}, []accel.Buffer{accel.Of(&y)}
	if _, err := inst.Bind(in, out); !errors.Is(err, neural.ErrNotInstantiated) {
		t.Errorf("Bind before Instantiate: got %v", err)
	}
	if err := inst.Instantiate(ctx, accel.Options{}, "ort/cuda:0", "ref"); err != nil || inst.Device() != accel.Ref {
		t.Fatalf("got %v on %q", err, inst.Device())
	}
	run, err := inst.Bind(in, out)
	if err != nil {
		t.Fatal(err)
	}
	expect := func(want float32) {
		t.Helper()
		copy(x.Data(), []float32{1, 3})
		if err := run.Run(); err != nil {
			t.Fatal(err)
		}
		if got := y.Data(); got[0] != want || got[1] != 3*want {
			t.Errorf("got %v, want factor %g", got, want)
		}
	}
	expect(2)
	steps := 0
	if err := inst.Train(ctx, trainer{model: scale(t, 5)}, func(step, _ int, _ float64) { steps = step }); err != nil || steps != 1 {
		t.Fatalf("got %v after %d steps", err, steps)
	}
	expect(5)
	var sig *accel.SignatureError
	if err := inst.Train(ctx, trainer{model: wide(t)}, nil); !errors.As(err, &sig) {
		t.Errorf("other ports: got %v, want a *SignatureError", err)
	}
	if err := inst.Train(ctx, trainer{err: context.Canceled}, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the trainer's error", err)
	}
	expect(5)
	if err := inst.Rollback(ctx); err != nil {
		t.Fatal(err)
	}
	expect(2)
	if err := inst.Rollback(ctx); !errors.Is(err, neural.ErrNoPrevious) {
		t.Errorf("second Rollback: got %v, want ErrNoPrevious", err)
	}
	path := filepath.Join(t.TempDir(), "scale.onnx")
	if err := inst.Save(path); err != nil {
		t.Fatal(err)
	}
	if m, err := accel.LoadModel(path); err != nil || m.SHA256() != scale(t, 2).SHA256() {
		t.Errorf("saved another model: %v", err)
	}
	if n := testing.AllocsPerRun(20, func() { expect(2) }); n != 0 && !raceEnabled {
		t.Errorf("allocations a run: got %v, want 0", n)
	}
	if err := errors.Join(inst.Close(), inst.Close()); err != nil {
		t.Fatal(err)
	}
	if err := run.Run(); !errors.Is(err, neural.ErrNotInstantiated) {
		t.Errorf("Run after Close: got %v", err)
	}
	if err := neural.Create(scale(t, 1)).Rollback(ctx); !errors.Is(err, neural.ErrNoPrevious) {
		t.Errorf("got %v, want ErrNoPrevious", err)
	}
}

// TestTrainWhileRunning replaces the weights many times under running bindings;
// each run must see one of them, whole.
func TestTrainWhileRunning(t *testing.T) {
	ctx := context.Background()
	models := []*accel.Model{scale(t, 1), scale(t, 2)}
	inst := neural.Create(models[0])
	if err := inst.Instantiate(ctx, accel.Options{}); err != nil {
		t.Fatal(err)
	}
	defer inst.Close()
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for range 3 {
		x, y := tensor.New[float32]([]int{4, 2}), tensor.New[float32]([]int{4, 2})
		for i := range x.Data() {
			x.Data()[i] = 1
		}
		run, err := inst.Bind([]accel.Buffer{accel.Of(&x)}, []accel.Buffer{accel.Of(&y)})
		if err != nil {
			t.Fatal(err)
		}
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if err := run.Run(); err != nil {
					t.Error(err)
					return
				}
				for _, v := range y.Data() {
					if v != y.Data()[0] || (v != 1 && v != 2) {
						t.Errorf("got %v", y.Data())
						return
					}
				}
			}
		})
	}
	for i := range 100 {
		if err := inst.Replace(ctx, models[(i+1)%2]); err != nil {
			t.Error(err)
		}
	}
	close(stop)
	wg.Wait()
}

// TestReplaceDoesNotHoldUpRuns replaces the model by one that takes long to
// open, many times a run's length: while it is being opened, runs go on.
func TestReplaceDoesNotHoldUpRuns(t *testing.T) {
	ctx := context.Background()
	deep := func(factor float32) *accel.Model {
		b := onnx.NewBuilder("deep")
		x := b.Input("x", onnx.Float32, -1, 2)
		w := b.Float32s("w", []float32{factor, 0, 0, factor}, 2, 2)
		for range 3000 { // nodes that cost opening much and, where folded or not, running little
			x = b.Relu(x)
		}
		b.Output("y", b.MatMul(x, w))
		graph, err := b.Model()
		if err != nil {
			t.Fatal(err)
		}
		return must(t)(accel.BuildModel(graph))
	}
	inst := neural.Create(scale(t, 1))
	if err := inst.Instantiate(ctx, accel.Options{}); err != nil {
		t.Fatal(err)
	}
	defer inst.Close()
	x, y := tensor.New[float32]([]int{1, 2}), tensor.New[float32]([]int{1, 2})
	x.Data()[0], x.Data()[1] = 1, 1
	run, err := inst.Bind([]accel.Buffer{accel.Of(&x)}, []accel.Buffer{accel.Of(&y)})
	if err != nil {
		t.Fatal(err)
	}
	model := deep(2)
	done := make(chan error)
	go func() { done <- inst.Replace(ctx, model) }()
	for runs := 0; ; runs++ {
		if err := run.Run(); err != nil {
			t.Fatal(err)
		}
		if y.Data()[0] == 1 {
			continue
		}
		if runs < 100 { // an opening takes some thousand runs
			t.Errorf("%d runs of the old model while the new one was opened", runs)
		}
		break
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

// TestNoModel gives an instance no model in every way there is.
func TestNoModel(t *testing.T) {
	ctx := context.Background()
	inst, empty := neural.Create(scale(t, 2)), neural.Create(nil)
	path := filepath.Join(t.TempDir(), "none.onnx")
	for name, err := range map[string]error{
		"train":       inst.Train(ctx, trainer{}, nil),
		"replace":     inst.Replace(ctx, nil),
		"instantiate": empty.Instantiate(ctx, accel.Options{}),
		"into empty":  empty.Replace(ctx, scale(t, 1)),
		"save":        empty.Save(path),
	} {
		if !errors.Is(err, neural.ErrNoModel) {
			t.Errorf("%s: got %v, want ErrNoModel", name, err)
		}
	}
	if inst.Model().SHA256() != scale(t, 2).SHA256() {
		t.Error("the model in service changed")
	}
}
