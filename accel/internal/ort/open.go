// SPDX-License-Identifier: Apache-2.0

//go:build cgo

package ort

import (
	"context"
	"errors"
	"fmt"

	ort "github.com/yalue/onnxruntime_go"

	"github.com/neuroran/neuroran/accel/backend"
	"github.com/neuroran/neuroran/accel/onnx"
	"github.com/neuroran/neuroran/internal/simd/denormal"
)

// bindable returns the model in the form that the wrapper can bind, and the names
// of its ports; see [onnx.Bindable]. A model with a node that breaks the rules of
// its operator is refused: the library ends the process over some of them.
func bindable(m backend.Model) (data []byte, inputs, outputs []string, err error) {
	values, err := onnx.InferKnown(m.Graph, nil)
	if err != nil {
		return nil, nil, nil, err
	}
	graph, inputs, outputs := onnx.Bindable(m.Graph, values)
	if graph == m.Graph {
		return m.Data, inputs, outputs, nil
	}
	return onnx.Encode(nil, graph), inputs, outputs, nil
}

// open compiles a model for the device.
func (t target) open(ctx context.Context, m backend.Model, c backend.Config) (backend.Session, error) {
	if _, err := load(t, c); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	// Creating a session may also set how the calling thread treats denormal
	// numbers, which belongs to Go too.
	var s backend.Session
	var err error
	keepSignals(func() {
		mode := denormal.Flush()
		s, err = t.create(m, c)
		denormal.Restore(mode)
	})
	return s, err
}

// create compiles a model, and where OpenVINO cannot with the subgraphs that it generates code
// for, without them: on processors with AMX for float16 it has none for attention in bfloat16.
func (t target) create(m backend.Model, c backend.Config) (backend.Session, error) {
	s, err := t.compile(m, c)
	if err != nil && t.provider == "openvino" && t.index == "CPU" && c.Precision == backend.BFloat16 {
		t.plain = true
		if s, again := t.compile(m, c); again == nil {
			return s, nil
		}
	}
	return s, err
}

func (t target) compile(m backend.Model, c backend.Config) (backend.Session, error) {
	opts, err := t.options(c)
	if err != nil {
		return nil, fmt.Errorf("accel: ort: options: %w", err)
	}
	data, inputs, outputs, err := bindable(m)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("accel: ort: %w", err), opts.Destroy())
	}
	s, err := ort.NewDynamicAdvancedSessionWithONNXData(data, inputs, outputs, opts)
	if err != nil {
		err = refusal(m.Graph.Graph, err)
	}
	if err = errors.Join(err, opts.Destroy()); err != nil {
		return nil, fmt.Errorf("accel: ort: %w", err)
	}
	return &session{s: s, inputs: inputs, outputs: outputs, copies: t.ownMemory(), data: data}, nil
}
