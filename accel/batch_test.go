// SPDX-License-Identifier: Apache-2.0

package accel_test

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/neuroran/neuroran/accel"
	"github.com/neuroran/neuroran/accel/onnx"
	"github.com/neuroran/neuroran/tensor"
)

// TestBatchBinding runs batches of every length through one pair of buffers and
// compares with bindings of exactly that length.
func TestBatchBinding(t *testing.T) {
	const most = 40
	eachDevice(t, func(t *testing.T, d accel.Device) {
		s := open(t, mlp(t, 8, 4), d)
		x := filled(3, most, 2)
		y := make([]float32, most*4)
		b, err := s.BindBatch(most, []accel.Buffer{accel.Of(&x)}, []accel.Buffer{accel.From(y, most, 4)})
		if err != nil {
			t.Fatal(err)
		}
		for n := range most + 1 {
			clear(y)
			if err := b.Run(n); err != nil {
				t.Fatal(err)
			}
			want := make([]float32, n*4)
			if err := s.Run([]accel.Buffer{accel.From(x.Data()[:2*n], n, 2)}, []accel.Buffer{accel.From(want, n, 4)}); err != nil {
				t.Fatal(err)
			}
			for i, w := range want {
				if y[i] != w {
					t.Fatalf("batch %d, element %d: got %g, want %g", n, i, y[i], w)
				}
			}
			for _, v := range y[4*n:] {
				if v != 0 {
					t.Fatalf("batch %d: rows behind it are written", n)
				}
			}
		}
		var shape *tensor.ShapeError
		if err := b.Run(most + 1); !errors.As(err, &shape) {
			t.Errorf("got %v, want a *ShapeError", err)
		}
		if n := testing.AllocsPerRun(20, func() { _ = b.Run(most); _ = b.Run(most - 1) }); n > 1 { // the race detector may count its own
			t.Errorf("%g allocations for batches that are ready", n)
		}
		if err := errors.Join(b.Close(), b.Close()); err != nil {
			t.Error(err)
		}
		if err := b.Run(1); !errors.Is(err, accel.ErrClosed) {
			t.Errorf("got %v, want ErrClosed", err)
		}
		if _, err := s.BindBatch(most, []accel.Buffer{accel.Of(&x)}, []accel.Buffer{accel.From(y[:4], 1, 4)}); !errors.As(err, &shape) {
			t.Errorf("got %v, want a *ShapeError", err)
		}
	})
}

// TestRunMeetsClose closes sessions under runs: each run ends with ErrClosed.
func TestRunMeetsClose(t *testing.T) {
	m := mlp(t, 64, 8)
	for range 50 {
		s, err := accel.Open(context.Background(), m, accel.Ref)
		if err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for range 4 {
			x, y := filled(1, 64, 2), make([]float32, 64*8)
			b, err := s.Bind([]accel.Buffer{accel.Of(&x)}, []accel.Buffer{accel.From(y, 64, 8)})
			if err != nil {
				t.Fatal(err)
			}
			wg.Go(func() {
				var err error
				for err == nil {
					err = b.Run()
				}
				if !errors.Is(err, accel.ErrClosed) {
					t.Errorf("got %v, want ErrClosed", err)
				}
			})
		}
		time.Sleep(200 * time.Microsecond)
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		wg.Wait()
	}
}

// TestHostileConstants opens models of a few hundred bytes whose constants would
// take gigabytes: the reference refuses them before it has touched as much, and
// ends when its context does.
func TestHostileConstants(t *testing.T) {
	big := graph{opset: 13, inputs: []onnx.ValueInfo{value("x", onnx.Float32, 1)}, outputs: []onnx.ValueInfo{undeclared("y", onnx.Float32)}}
	for i, name := range []string{"a", "b", "c", "d", "e", "f", "g", "h"} {
		big.consts = append(big.consts, i64s("n"+name, []int64{int64(1<<26 + i)}, 1))
		big.nodes = append(big.nodes, node("ConstantOfShape", "n"+name, name), node("ReduceSum", name, "s"+name, onnx.Int("keepdims", 0)))
	}
	big.nodes = append(big.nodes, node("Sum", "x sa sb sc sd se sf sg sh", "y"))
	m, err := accel.NewModel(big.file())
	if err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	var want *onnx.NodeError
	if _, err := accel.Open(context.Background(), m, accel.Ref); !errors.As(err, &want) {
		t.Errorf("got %v, want a *NodeError", err)
	}
	runtime.ReadMemStats(&after)
	if taken := after.TotalAlloc - before.TotalAlloc; taken > 1200<<20 {
		t.Errorf("%d MB were allocated", taken>>20)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	if _, err := accel.Open(ctx, m, accel.Ref); !errors.Is(err, context.DeadlineExceeded) && !errors.As(err, &want) {
		t.Errorf("got %v, want the error of the context", err)
	}
}
