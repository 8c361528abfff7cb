// SPDX-License-Identifier: Apache-2.0

package neural

import (
	"context"
	"errors"
	"fmt"

	"github.com/neuroran/neuroran/accel"
	"github.com/neuroran/neuroran/accel/onnx"
	"github.com/neuroran/neuroran/sfaas"
	"github.com/neuroran/neuroran/tensor"
)

// Batch is the message of a [Function]: rows of features in, rows of results
// out.
type Batch struct {
	X tensor.Tensor[float32] `tensor:"batch,feature"` // [batch, feature]
}

// Weights is the control message that gives a key of a [Function] new weights.
type Weights struct {
	Model tensor.Tensor[uint8] `tensor:"byte"` // an ONNX file
}

// Config says which network a [Function] runs, and where.
type Config struct {
	Model   *accel.Model         // network of every key until it gets its own
	Devices []accel.Device       // the first that can is used; none means "ref"
	Options accel.Options        // about the sessions
	Stage   sfaas.FunctionConfig // budget and cost; Params is set by Define
}

// Function is a network as a stateful function. Its weights are a replicated
// cell; a key without weights of its own runs the network of the Config, whose
// hash is in the function's digest. The device is not: a key may move from a
// node with one kind of device to a node with another.
type Function struct {
	Fn      sfaas.Fn[Batch, Batch]    // infers
	Weights sfaas.Controller[Weights] // takes new weights, which hold from their slot on
}

// state is what a key owns: its weights, and their hash to find the session by.
type state struct {
	Sum   [32]byte
	Model tensor.Tensor[uint8] `tensor:"byte"`
}

// params is what tells one function from another.
type params struct {
	Model string // SHA-256 of the network of the Config
}

// Define makes a function of a network with one input and one output, both
// float32 of rank 2: [batch, feature]. It returns an [*accel.SignatureError]
// for another.
//
// The function writes the network's output straight into the outgoing message,
// reads the incoming one in place, and allocates nothing while weights, batch
// and message buffers stay the same. Weights that are no model, or have other
// ports, fault their control message and change nothing.
func Define(name string, cfg Config) (Function, error) {
	sig := cfg.Model.Signature()
	if len(sig.Inputs) != 1 || len(sig.Outputs) != 1 || !matrix(sig.Inputs[0]) || !matrix(sig.Outputs[0]) {
		want := accel.Signature{Inputs: []accel.Port{{Name: "any", Type: onnx.Float32, Dims: []int{-1, -1}}},
			Outputs: []accel.Port{{Name: "any", Type: onnx.Float32, Dims: []int{-1, -1}}}}
		return Function{}, &accel.SignatureError{Model: cfg.Model.Name(), Want: want, Got: sig}
	}
	cfg.Stage.Params = params{cfg.Model.SHA256()}
	cell := sfaas.NewValue[state]("weights", sfaas.Replicated)
	pool := sfaas.NewShared("sessions", func() (*sessions, error) { return openSessions(&cfg) }, (*sessions).close)
	lanes := sfaas.NewScratch("bindings", func() (*bindings, error) { return newBindings(), nil }, (*bindings).close)
	width := sig.Outputs[0].Dims[1]

	f := sfaas.Define(name, func(c *sfaas.Ctx, out *Batch, in *Batch) error {
		out.X.Resize(in.X.Dim(0), width)
		for retry := true; ; retry = false {
			s, err := pool.Get(c).find(cell.View(c))
			if err != nil {
				return err
			}
			err = lanes.Get(c).run(s, &in.X, &out.X)
			if !retry || !errors.Is(err, accel.ErrClosed) {
				return err
			} // else other keys' weights have just displaced the session
		}
	}, cfg.Stage, cell, pool, lanes)

	port := sfaas.OnSetting(f, func(c *sfaas.Ctx, in *Weights) error {
		sum, err := pool.Get(c).add(in.Model.Data())
		if err != nil {
			return err
		}
		cell.Set(c, state{Sum: sum, Model: in.Model})
		return nil
	})
	return Function{f, port}, nil
}

// matrix reports whether a port is [batch, feature] of float32, with a known
// number of features.
func matrix(p accel.Port) bool { return p.Type == onnx.Float32 && len(p.Dims) == 2 && p.Dims[1] > 0 }

// open makes a session of the bytes of a model with the ports of the Config's.
func (c *Config) open(data []byte) (*accel.Session, error) {
	m, err := accel.NewModel(data)
	if err != nil {
		return nil, err
	}
	if err := m.Expect(c.Model.Signature()); err != nil {
		return nil, err
	}
	s, err := c.Options.Open(context.Background(), m, c.Devices...)
	if err != nil {
		return nil, fmt.Errorf("neural: %w", err)
	}
	return s, nil
}
